"""lanekit exec."""

import os
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from returns.result import Failure, Success

from lanekit.cli.arguments import LaneArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.outcomes import report_failure
from lanekit.cli.output.streams import usage_error
from lanekit.cli.session import open_session

CommandArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- CMD [ARG]...", help="the command and its arguments", show_default=False
    ),
]
NOT_RUN = 125
"""The exit code when lanekit could not run the command: podman's own for that."""


def run(settings: Settings, lane: LaneArgument, command: CommandArgument = None) -> None:
    """Run a command in a lane.

    Put lanekit options before LANE and the command after `--`. The command gets a terminal if
    stdin and stdout are terminals. The exit code is the command's, or 125 if it could not be run.
    """
    given = command or []
    # Behind LANE nothing is an option of lanekit's any more, so typer leaves this one too.
    words = given[1:] if given[:1] == ["--"] else given
    if not words:
        usage_error(f"no command given; usage: lanekit exec {lane} -- CMD [ARG]...")
    if words is given and words[0].startswith("-"):
        usage_error(
            f"unexpected option {words[0]} after LANE: put lanekit options before LANE and the "
            "command after `--`"
        )
    execute(settings, lane, words)


def execute(settings: Settings, lane: str, command: Sequence[str]) -> NoReturn:
    """Run a command in a lane, and exit as it does."""
    session = open_session(settings, [lane])
    (chosen,) = session.lanes
    match session.runtime.execute(chosen, command, tty=os.isatty(0) and os.isatty(1)):
        case Success(status):
            raise typer.Exit(status)
        case Failure(error):
            report_failure(session, chosen, error)
            raise typer.Exit(NOT_RUN)
