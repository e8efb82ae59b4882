"""What the commands begin with: the fleet file, the chosen lanes, the runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from lanekit.adapters.fleet_file.load import FILE_NAME, InvalidFleetFile, LoadedFleet
from lanekit.cli import wiring
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.progress import Progress
from lanekit.cli.output.session import Session
from lanekit.cli.output.streams import print_message, usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.core.domain.lanes import Lane

_MAX_LISTED_LANES = 10


def open_session(
    settings: Settings,
    names: Sequence[str] | None,
    policy: PolicyName = PolicyName.strict,
    *,
    restart_unready: bool = False,
    shows_progress: bool = True,
) -> Session:
    """Read the fleet file and choose lanes; exit with 2 if the file or a name is wrong."""
    fleet = read_fleet(settings)
    if not fleet.lanes:
        usage_error(
            f"{fleet.path} has no lanes: add a [[lane]] table with workspace, id and worktree"
        )
    lanes = choose_lanes(fleet, names or ())
    progress = Progress(lanes, verbose=settings.verbose, as_json=settings.json)
    if not (shows_progress or settings.verbose):
        progress.mute()
    runtime = wiring.lanes_for(
        settings, lanes, policy, progress.on_event, restart_unready=restart_unready
    )
    return Session(settings, lanes, runtime, progress, fleet.path)


def read_fleet(settings: Settings) -> LoadedFleet:
    """Return the fleet, which may have no lane; exit with 2 if its file is not valid."""
    path = settings.file if settings.file is not None else _nearest()
    fleet = wiring.load_fleet(path)
    if isinstance(fleet, InvalidFleetFile):
        errors = f"{len(fleet.lines)} errors" if len(fleet.lines) > 1 else "an error"
        usage_error("\n  ".join([f"the fleet file has {errors}:", *fleet.lines]))
    for warning in fleet.warnings:
        print_message(f"warning: {warning}")
    return fleet


def _nearest() -> str:
    path = wiring.nearest_fleet_file()
    return no_fleet_file() if path is None else os.path.relpath(path)


def no_fleet_file() -> NoReturn:
    """Exit with 2, because no fleet file was named and none was found."""
    usage_error(
        f"no {FILE_NAME} in this folder or a folder above it: write one with `lanekit init`, "
        "or name one with --file"
    )


def choose_lanes(fleet: LoadedFleet, names: Sequence[str]) -> tuple[Lane, ...]:
    """Return the lanes of these names, or all if there is no name; exit with 2 for a wrong one."""
    known = {lane.name for lane in fleet.lanes}
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        usage_error("\n  ".join(_no_such_lane(name, fleet) for name in unknown))
    return tuple(lane for lane in fleet.lanes if not names or lane.name in names)


def _no_such_lane(name: str, fleet: LoadedFleet) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    names = [lane.name for lane in fleet.lanes]
    by_container = [lane.name for lane in fleet.lanes if lane.container_name == name]
    close = by_container or get_close_matches(name, names, 1)
    advice = f"did you mean {close[0]}?" if close else f"its lanes are {_listed(names)}"
    return f"no lane {name!r} in {fleet.path}; {advice}"


def _listed(names: list[str]) -> str:
    more = len(names) - _MAX_LISTED_LANES
    return ", ".join(names[:_MAX_LISTED_LANES]) + (f" and {more} more" if more > 0 else "")
