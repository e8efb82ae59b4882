"""What lanekit remembers of a lane from one run to the next: a few records in a journal.

A record may be lost with the folder that holds the journals. Each says what that costs; see ADR 31
and docs/limits.md. What must outlive that folder lies in podman itself: the names NAME.next and
NAME.prev.

To add a record: a class here, its name in `RECORDS`, and who writes and who forgets it. A lanekit
that does not know a record keeps it as it is.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias, TypeVar, cast

from lanekit.core.domain._dataclass import dataclass


@dataclass(frozen=True)
class Settled:
    """An ensure ended well with this container, and nothing of a replacement was beside it.

    If lost: the next ensure asks podman for more names, and gc keeps NAME.prev.
    """

    container_id: str


@dataclass(frozen=True)
class ChangeStarted:
    """A plan is being executed: a replacement may be unfinished, leftovers may be there.

    If lost: they are found by their names, with one request more.
    """


@dataclass(frozen=True)
class ConfigCopyStarted:
    """A config is being copied into this container, which was there before.

    Nobody can tell by looking whether all of it is there, until the copy has ended well.
    If lost: half a config counts as whole.
    """

    container_id: str


@dataclass(frozen=True)
class StoppedForChange:
    """lanekit is about to stop this running container, or has, to replace or restart it.

    A run that fails starts it again. A `stop` that somebody asked for forgets it.
    If lost: after a kill in that moment, the lane stays down until an ensure succeeds.
    """

    container_id: str
    why: str


Record: TypeAlias = Settled | ChangeStarted | ConfigCopyStarted | StoppedForChange
RECORDS: Mapping[str, type[Record]] = {
    "settled": Settled,
    "change started": ChangeStarted,
    "config copy started": ConfigCopyStarted,
    "stopped for change": StoppedForChange,
}
"""The records by their names in a file."""
_NAMES = {record: name for name, record in RECORDS.items()}
_KIND = "record"
R = TypeVar("R")


@dataclass(frozen=True)
class Journal:
    """The records of one lane.

    `unknown` are records of a newer lanekit, as JSON texts.
    """

    records: tuple[Record, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def settled_id(self) -> str:
        """The container that the last ensure ended well with; empty if that is not known."""
        return next((record.container_id for record in self._all(Settled)), "")

    @property
    def is_changing(self) -> bool:
        """Whether a plan was begun that has not ended well."""
        return bool(self._all(ChangeStarted))

    @property
    def stopped(self) -> tuple[StoppedForChange, ...]:
        """The containers that lanekit stopped and that may have to be started again."""
        return tuple(self._all(StoppedForChange))

    def config_copy_is_incomplete(self, container_id: str) -> bool:
        """Return whether a copy into this container was begun that has not ended well."""
        return ConfigCopyStarted(container_id) in self.records

    def _all(self, kind: type[R]) -> list[R]:
        return [record for record in self.records if isinstance(record, kind)]

    def start_change(self, stops: Iterable[StoppedForChange], copies_into: str) -> "Journal":
        """Return the journal at the start of a plan.

        Args:
            stops: the running containers that the plan stops.
            copies_into: the id of the container, there before, that gets a config; may be empty.
        """
        stops = tuple(stops)
        ids = {record.container_id for record in stops}
        kept = [
            record
            for record in self.records
            if not isinstance(record, Settled | ChangeStarted)
            and not (isinstance(record, StoppedForChange) and record.container_id in ids)
        ]
        copy = ConfigCopyStarted(copies_into)
        copies = [copy] if copies_into and copy not in kept else []
        return replace(self, records=(ChangeStarted(), *kept, *copies, *stops))

    def settle(self, container_id: str, *, copy_is_incomplete: bool = False) -> "Journal":
        """Return the journal after an ensure that ended well with this container.

        `copy_is_incomplete`: a copy into it was interrupted, and was not made again.
        """
        copy = [ConfigCopyStarted(container_id)] if copy_is_incomplete else []
        return replace(self, records=(Settled(container_id), *copy))

    def forget_stopped(self, container_ids: Collection[str]) -> "Journal":
        """Return the journal without the record that these containers were stopped."""
        kept = tuple(
            record
            for record in self.records
            if not (isinstance(record, StoppedForChange) and record.container_id in container_ids)
        )
        return replace(self, records=kept)


EMPTY = Journal()
"""Nothing is known, as before a first ensure and after the loss of a journal."""


def encode(journal: Journal) -> str:
    """Return the journal as JSON, one record a line."""
    known = [
        json.dumps({_KIND: _NAMES[type(record)], **vars(record)}) for record in journal.records
    ]
    return '{"records": [\n' + ",\n".join([*known, *journal.unknown]) + "\n]}\n"


def decode(text: str) -> Journal:
    """Return what the text says; `EMPTY` for one that is damaged."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return EMPTY
    items = cast("dict[str, object]", found).get("records") if isinstance(found, dict) else None
    if not isinstance(items, list):
        return EMPTY
    records: list[Record] = []
    unknown: list[str] = []
    for item in cast("list[object]", items):
        record = _record_of(item)
        if record is None:
            unknown.append(json.dumps(item))
        else:
            records.append(record)
    return Journal(tuple(records), tuple(unknown))


def _record_of(item: object) -> Record | None:
    if not isinstance(item, dict):
        return None
    fields = dict(cast("dict[str, object]", item))
    kind = RECORDS.get(str(fields.pop(_KIND, "")))
    if kind is None or not all(isinstance(value, str) for value in fields.values()):
        return None
    try:
        return kind(**cast("dict[str, str]", fields))
    except TypeError:
        # A newer lanekit says more of it, or another thing.
        return None
