"""What the commands begin with: the fleet file, the lanes that were asked for, the runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lanekit.adapters.fleet_file.load import (
    FILE_NAME,
    InvalidFleetFile,
    LoadedFleet,
    load_fleet,
    nearest_fleet_file,
)
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.progress import Progress
from lanekit.cli.output.streams import usage_error
from lanekit.cli.wiring import lanes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.api import Lanes
    from lanekit.core.domain.lanes import Lane


class Session(NamedTuple):
    """A call on some lanes. `lanes` are in the order of the file at `path`."""

    settings: Settings
    lanes: tuple[Lane, ...]
    runtime: Lanes
    progress: Progress
    path: str

    @property
    def width(self) -> int:
        """How wide the longest name of a lane is."""
        return max(len(lane.name) for lane in self.lanes)


def open_session(
    settings: Settings,
    names: Sequence[str] | None,
    policy: PolicyName = PolicyName.strict,
    *,
    restart_unready: bool = False,
    shows_progress: bool = True,
) -> Session:
    """Ends the program with exit code 2 when the file or a name is wrong."""
    fleet = fleet_of(settings)
    if not fleet.lanes:
        usage_error(f"{fleet.path} has no lane: add a [[lane]] with workspace, id and worktree")
    lanes = _chosen(fleet, names or ())
    progress = Progress(lanes, verbose=settings.verbose, as_json=settings.json)
    if not (shows_progress or settings.verbose):
        progress.be_quiet()
    runtime = lanes_for(settings, lanes, policy, progress.hear, restart_unready=restart_unready)
    return Session(settings, lanes, runtime, progress, fleet.path)


def fleet_of(settings: Settings) -> LoadedFleet:
    """The fleet file that counts; it may have no lane. Ends the program when it is wrong."""
    path = settings.file if settings.file is not None else _nearest()
    fleet = load_fleet(path)
    if isinstance(fleet, InvalidFleetFile):
        more = f"{len(fleet.lines)} faults" if len(fleet.lines) > 1 else "a fault"
        usage_error("\n  ".join([f"the fleet file has {more}", *fleet.lines]))
    return fleet


def _nearest() -> str:
    path = nearest_fleet_file()
    if path is None:
        usage_error(f"no {FILE_NAME} in this folder or one above it: write one, or give --file")
    return os.path.relpath(path)


def _chosen(fleet: LoadedFleet, names: Sequence[str]) -> tuple[Lane, ...]:
    known = {lane.name for lane in fleet.lanes}
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        usage_error("\n  ".join(_no_such_lane(name, fleet) for name in unknown))
    return tuple(lane for lane in fleet.lanes if not names or lane.name in names)


def _no_such_lane(name: str, fleet: LoadedFleet) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a fault

    names = [lane.name for lane in fleet.lanes]
    by_container = [lane.name for lane in fleet.lanes if lane.container_name == name]
    close = by_container or get_close_matches(name, names, 1)
    advice = f"did you mean {close[0]}?" if close else f"it has {_listed(names)}"
    return f"no lane {name!r} in {fleet.path}; {advice}"


def _listed(names: list[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
