"""The arguments and options that several commands share."""

from collections.abc import Callable
from typing import Annotated

import typer

from lanekit.adapters.fleet_file.load import LoadedFleet
from lanekit.cli import wiring
from lanekit.cli.options import PolicyName

_DAY_SECONDS = 86_400


def complete_lane(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of lanes for the shell; none when there is no valid fleet file."""
    path = ctx.params.get("file") or wiring.nearest_fleet_file()
    fleet = wiring.load_fleet(path) if path else None
    names = [lane.name for lane in fleet.lanes] if isinstance(fleet, LoadedFleet) else []
    return [name for name in names if name.startswith(incomplete)]


LanesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[LANE]...",
        help="lanes, as WORKSPACE/ID; default: all lanes of the file",
        autocompletion=complete_lane,
        show_default=False,
    ),
]
LaneArgument = Annotated[
    str,
    typer.Argument(metavar="LANE", help="a lane, as WORKSPACE/ID", autocompletion=complete_lane),
]
PolicyOption = Annotated[
    PolicyName,
    typer.Option(
        help="what counts as drift. strict: every setting of the container; "
        "reference: only what lanekit's predecessor, a Go program, compared"
    ),
]
JobsOption = Annotated[
    int, typer.Option(min=1, max=64, metavar="N", help="how many lanes to work on at once")
]
RestartUnreadyOption = Annotated[
    bool,
    typer.Option(
        "--restart-unready", help="restart a container once if its worker does not answer in time"
    ),
]
ExitCodeOption = Annotated[
    bool, typer.Option("--exit-code", help="exit with 3 if there are changes to make")
]


def interval(minimum: float) -> Callable[[float], float]:
    """Return a check of an option: from `minimum` to a day, in seconds."""

    def check(value: float) -> float:
        # Not min() and max(): they let nan pass.
        if not minimum <= value <= _DAY_SECONDS:
            raise typer.BadParameter(f"must be {minimum:g} to {_DAY_SECONDS} seconds")
        return value

    return check
