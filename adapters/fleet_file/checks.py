"""Errors of lanes beyond their keys: invalid values, and names that are used twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lanekit.adapters.fleet_file.kinds import as_table
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.validation import validation_errors

if TYPE_CHECKING:
    from lanekit.adapters.fleet_file.toml_lines import KeyPath

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Fault(NamedTuple):
    """An error in the file: the path of its key, and a sentence that says what was found."""

    path: KeyPath
    sentence: str

    @property
    def key(self) -> str:
        """Return e.g. `lane[2].worktree`; lanes count from 0, in the order of the file."""
        return "".join(map(_part, self.path)).removeprefix(".")


def _part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _BARE_KEY.fullmatch(part) else f".{part!r}"


class Table(NamedTuple):
    """A table of the file: what it says, and the values of it that could be used."""

    path: KeyPath
    raw: dict[str, object]
    values: dict[str, object]


def invalid_values(
    profile: Table, common: Profile, tables: list[Table], lanes: list[Lane]
) -> Iterator[Fault]:
    """Yield the invalid values of each lane, at the key of the table that sets them."""
    for key, message in validation_errors(Lane("x", "x", "/x"), common):
        yield Fault(_place(key, profile, profile), message)
    for table, lane in zip(tables, lanes, strict=True):
        for key, message in validation_errors(lane, lane.profile or common):
            yield Fault(_place(key, table, profile), message)


def _place(key: tuple[str, ...], lane: Table, profile: Table) -> KeyPath:
    """Return the key of the file that sets this value: the lane's own, else the profile's."""
    for table in (lane, profile):
        if _has(table.raw, key):
            return (*table.path, *key)
    return lane.path


def _has(raw: dict[str, object], key: tuple[str, ...]) -> bool:
    first, *rest = key
    return first in raw and all(name in (as_table(raw[first]) or {}) for name in rest)


def used_twice(tables: list[Table], lanes: list[Lane]) -> Iterator[Fault]:
    """Yield lanes that have the name or the container of a lane before them."""
    names: dict[str, str] = {}
    containers: dict[str, str] = {}
    for table, lane in zip(tables, lanes, strict=True):
        here = Fault(table.path, "")
        named = {"workspace", "id"} <= table.values.keys()
        if named and (other := names.setdefault(lane.name, here.key)) != here.key:
            yield here._replace(sentence=f"has the same workspace and id as {other}: {lane.name}")
        elif named or "container" in table.values:
            container = lane.container_name
            if (other := containers.setdefault(container, here.key)) != here.key:
                yield here._replace(sentence=f"has the same container as {other}: {container}")
