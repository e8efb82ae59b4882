"""Turn a parsed fleet file into lanes with their profiles, or list all its errors by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lanekit.adapters.fleet_file.checks import Fault, Table, invalid_values, used_twice
from lanekit.adapters.fleet_file.kinds import (
    FLAG,
    GIT,
    NAMES,
    NUMBER,
    PATH,
    PATH_OR_NONE,
    SECONDS,
    SIZE,
    TEXT,
    WHOLE,
    Kind,
    as_list,
    as_table,
    kind_shown,
    shown,
)
from lanekit.core.domain.lanes import BindMount, Lane, Profile

if TYPE_CHECKING:
    from lanekit.adapters.fleet_file.toml_lines import KeyPath

PROFILE_KINDS: Mapping[str, Kind] = {
    "image": TEXT,
    "worker": PATH,
    "inbox": PATH,
    "server_port": WHOLE,
    "config_dir": PATH_OR_NONE,
    "memory": SIZE,
    "cpus": NUMBER,
    "pids_limit": WHOLE,
    "ready_path": TEXT,
    "ready_timeout": SECONDS,
    "stop_grace": SECONDS,
    "git": GIT,
    "credentials": NAMES,
    "on_drift": TEXT,
    "idle_path": TEXT,
}
_PROFILE_KEYS = (*PROFILE_KINDS, "env", "mounts")
_RENAMED: Mapping[str, str] = {"busy_path": "idle_path"}
_LANE_KINDS: Mapping[str, Kind] = {"workspace": TEXT, "id": TEXT, "worktree": PATH}
_LANE_KEYS = (*_LANE_KINDS, "container", *_PROFILE_KEYS)
_MOUNT_KINDS: Mapping[str, Kind] = {"source": PATH, "target": TEXT, "read_only": FLAG}
_REQUIRED = ("worker", "inbox")
# Stand in for missing or wrong values, so that the rest of the lane is checked all the same.
_STAND_INS = {"worker": "/x", "inbox": "/x", "workspace": "x", "id": "x", "worktree": "/x"}


def read_fleet(
    document: dict[str, object], folder: str, fleet: str = ""
) -> tuple[tuple[Lane, ...], list[Fault], list[Fault]]:
    """Read the lanes, in order, each with its whole profile, and the errors and warnings.

    Args:
        document: The parsed file.
        folder: The folder that relative paths start from.
        fleet: The name of the fleet if the document gives none.

    Returns:
        The lanes, of use only if there is no error; the errors; the warnings.
    """
    reader = _Reader(folder)
    reader.unknown((), document, ("fleet", "profile", "lane"))
    name = reader.fleet(document)
    profile = reader.profile(document.get("profile", {}))
    tables = reader.lanes(document.get("lane", []))
    reader.required(profile, tables)
    lanes = [_lane(profile, table, name or fleet) for table in tables]
    reader.faults += invalid_values(profile, _profile(profile), tables, lanes)
    reader.faults += used_twice(tables, lanes)
    return tuple(lanes), list(dict.fromkeys(reader.faults)), reader.warnings


class _Reader:
    def __init__(self, folder: str) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self._folder = folder

    def wrong(self, path: KeyPath, found: str, expected: str) -> None:
        self.faults.append(Fault(path, f"found {found}, expected {expected}"))

    def missing(self, path: KeyPath, kind: Kind) -> None:
        self.faults.append(Fault(path, f"is missing, expected {kind.expected}"))

    def unknown(self, path: KeyPath, raw: dict[str, object], known: tuple[str, ...]) -> None:
        """An unknown key may be that of a secret which slipped out of env: show no value."""
        for key in raw:
            if key in known or (key in _RENAMED and _RENAMED[key] in known):
                continue
            from difflib import get_close_matches  # noqa: PLC0415 - only for a fault

            close = get_close_matches(key, known, 1)
            advice = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(known)}"
            self.faults.append(Fault((*path, key), f"unknown key; {advice}"))

    def fleet(self, document: dict[str, object]) -> str:
        """Return the name that the file gives the fleet."""
        return str(self._values((), document, {"fleet": TEXT}).get("fleet", ""))

    def profile(self, value: object) -> Table:
        raw = as_table(value)
        if raw is None:
            self.wrong(("profile",), shown(value), "a table: [profile]")
            # Nothing can be said about its keys.
            return Table(("profile",), {key: None for key in _REQUIRED}, {})
        self.unknown(("profile",), raw, _PROFILE_KEYS)
        return Table(("profile",), raw, self._profile_values(("profile",), raw))

    def lanes(self, value: object) -> list[Table]:
        rows = as_list(value)
        if rows is None:
            self.wrong(("lane",), shown(value), "[[lane]], with two brackets")
        return [
            table for i, row in enumerate(rows or []) if (table := self._lane(("lane", i), row))
        ]

    def _lane(self, path: KeyPath, value: object) -> Table | None:
        raw = as_table(value)
        if raw is None:
            self.wrong(path, shown(value), "a table: [[lane]]")
            return None
        self.unknown(path, raw, _LANE_KEYS)
        values = self._profile_values(path, raw) | self._values(path, raw, _LANE_KINDS)
        values |= self._values(path, raw, {"container": TEXT})
        for key, kind in _LANE_KINDS.items():
            if key not in raw:
                self.missing((*path, key), kind)
        return Table(path, raw, values)

    def _profile_values(self, path: KeyPath, raw: dict[str, object]) -> dict[str, object]:
        self._rename(path, raw)
        values = self._values(path, raw, PROFILE_KINDS)
        if "env" in raw:
            values["env"] = self._env((*path, "env"), raw["env"])
        if "mounts" in raw:
            values["mounts"] = self._mounts((*path, "mounts"), raw["mounts"])
        return values

    def _rename(self, path: KeyPath, raw: dict[str, object]) -> None:
        """Read keys by their old names too, with a warning."""
        for old, new in _RENAMED.items():
            if old not in raw:
                continue
            here = (*path, old)
            if new in raw:
                self.faults.append(Fault(here, f"is the old name of {new}, which is set too"))
            else:
                self.warnings.append(Fault(here, f"is now called {new}; rename it"))
                raw[new] = raw[old]

    def _values(
        self, path: KeyPath, raw: dict[str, object], kinds: Mapping[str, Kind]
    ) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, kind in kinds.items():
            if key not in raw:
                continue
            value = kind.read(raw[key], self._folder)
            if value is None:
                self.wrong((*path, key), shown(raw[key]), kind.expected)
            else:
                values[key] = value
        return values

    def _env(self, path: KeyPath, value: object) -> dict[str, str]:
        raw = as_table(value)
        if raw is None:
            self.wrong(path, f"{kind_shown(value)} (hidden)", 'a table of NAME = "value"')
            return {}
        for name, item in raw.items():
            if not isinstance(item, str):
                found = f"{kind_shown(item)} (hidden)"
                self.wrong((*path, name), found, "a string in quotes")
        return {name: item for name, item in raw.items() if isinstance(item, str)}

    def _mounts(self, path: KeyPath, value: object) -> tuple[BindMount, ...]:
        rows = as_list(value)
        if rows is None:
            self.wrong(path, shown(value), "a list of tables: [{source = .., target = ..}]")
        found = (self._mount((*path, i), row) for i, row in enumerate(rows or []))
        return tuple(mount for mount in found if mount)

    def _mount(self, path: KeyPath, value: object) -> BindMount | None:
        raw = as_table(value)
        if raw is None:
            self.wrong(path, shown(value), "a table: {source = .., target = .., read_only = ..}")
            return None
        self.unknown(path, raw, tuple(_MOUNT_KINDS))
        values = self._values(path, raw, _MOUNT_KINDS)
        for key in ("source", "target"):
            if key not in raw:
                self.missing((*path, key), _MOUNT_KINDS[key])
        if "source" not in values or "target" not in values:
            return None
        return BindMount(**cast("dict[str, Any]", values))  # the keys are those of _MOUNT_KINDS

    def required(self, profile: Table, lanes: list[Table]) -> None:
        """Require worker and inbox in the profile, or in every lane."""
        for key in _REQUIRED:
            without = [lane for lane in lanes if key not in lane.raw]
            if key in profile.raw or not without:
                continue
            nowhere = len(without) == len(lanes)
            for path in [profile.path] if nowhere else [lane.path for lane in without]:
                self.missing((*path, key), PROFILE_KINDS[key])


def _profile(*tables: Table) -> Profile:
    values: dict[str, object] = dict(_STAND_INS)
    env: dict[str, object] = {}
    for table in tables:
        values |= table.values
        env |= as_table(table.values.get("env")) or {}
    known = {key: value for key, value in values.items() if key in _PROFILE_KEYS}
    return Profile(**cast("dict[str, Any]", known | {"env": env}))  # by PROFILE_KINDS


def _lane(profile: Table, table: Table, fleet: str) -> Lane:
    values: dict[str, Any] = _STAND_INS | table.values
    # A stand-in must not be seen in the name of a container.
    own_name = "" if {"workspace", "id"} <= table.values.keys() else "x"
    return Lane(
        values["workspace"],
        values["id"],
        values["worktree"],
        values.get("container", own_name),
        _profile(profile, table),
        fleet,
    )
