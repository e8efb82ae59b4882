"""lanekit rm."""

import sys
from typing import Annotated

import typer

from lanekit.cli.arguments import LanesArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.outcomes import named_line, report_all
from lanekit.cli.output.streams import FAILED, print_message
from lanekit.cli.output.text import counted
from lanekit.cli.session import open_session
from lanekit.cli.signals.interrupts import confirmed


def run(
    settings: Settings,
    lanes: LanesArgument = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="do not ask; it asks on a terminal when no LANE is given"),
    ] = False,
) -> None:
    """Remove lanes' containers.

    Removes their anonymous volumes too, and what an interrupted ensure left. Worktrees are never
    touched. A container that does not exist is not an error.
    """
    session = open_session(settings, lanes)
    if not lanes and not yes and not _is_confirmed(len(session.lanes)):
        print_message("nothing was removed")
        raise typer.Exit(FAILED)
    report_all(
        session,
        ((lane, session.runtime.remove(lane)) for lane in session.lanes),
        lambda lane, result: named_line(session, lane, result, result=result),
    )


def _is_confirmed(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        # A script that calls this means it.
        return True
    return confirmed(f"Remove the containers of all lanes of the file ({counted(count, 'lane')})?")
