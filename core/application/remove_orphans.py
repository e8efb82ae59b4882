"""Garbage of a fleet: found in one look, and removed one by one under the lane's lock."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

from returns.result import Failure, Success

from lanekit.core.application.observe import check_ids_unambiguous
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import Outcome, for_lane
from lanekit.core.domain.labels import LABEL_LANE
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.orphans import (
    KeepReason,
    Orphan,
    OrphanReport,
    find_orphans_in,
    reason_to_keep,
)
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.lock import LaneJournal

OrphanRemoval: TypeAlias = Literal["removed"] | KeepReason
"""What became of garbage: it was removed, or why it was left."""

Hold = Callable[[Orphan], Outcome[AbstractContextManager[LaneJournal]]]
"""Hold the lock of the lane that this is garbage of."""


def find_orphans(
    engine: ContainerEngine, fleet: str, lanes: Iterable[Lane]
) -> Outcome[OrphanReport]:
    """What of this fleet's containers may go; nothing is changed."""
    found = engine.list_by_labels({LABEL_LANE: ""})
    return (
        found
        if isinstance(found, Failure)
        else Success(find_orphans_in(fleet, lanes, found.unwrap()))
    )


@dataclass(frozen=True)
class OrphanRemover:
    """Removes garbage. `running`: also what runs; it gets SIGTERM, and SIGKILL after `grace` s."""

    engine: ContainerEngine
    hold: Hold
    running: bool = False
    grace: float = 10.0

    def remove(
        self, fleet: str, lanes: Sequence[Lane], garbage: Iterable[Orphan]
    ) -> Iterator[tuple[Orphan, Outcome[OrphanRemoval]]]:
        """Each with what became of it, as soon as that is known."""
        for one in garbage:
            done = self._one(fleet, lanes, one)
            failed = isinstance(done, Failure)
            yield one, Failure(for_lane(done.failure(), one.lane)) if failed else done

    def _one(self, fleet: str, lanes: Sequence[Lane], one: Orphan) -> Outcome[OrphanRemoval]:
        held = self.hold(one)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as note:
            # Since it was found, an ensure may have taken it into use, or somebody started it.
            now = find_orphans(self.engine, fleet, lanes)
            if isinstance(now, Failure):
                return now
            left = reason_to_keep(one, now.unwrap(), note.read(), running=self.running)
            return Success(left) if left else self._remove(one.container.id)

    def _remove(self, container: str) -> Outcome[OrphanRemoval]:
        sound = check_ids_unambiguous(self.engine, [container])
        if isinstance(sound, Failure):
            return sound
        removed = self.engine.remove(container, self.grace)
        return removed if isinstance(removed, Failure) else Success("removed")
