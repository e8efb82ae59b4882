"""The commands that give a terminal in a lane: exec, shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import LaneArgument, Settings
from lanekit.cli.output.streams import usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

CommandArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- CMD [ARG]...", help="the command", show_default=False),
]
NOT_RUN = 125
"""The exit code when lanekit could not run the command: podman's own for that."""


def execute(settings: Settings, lane: LaneArgument, command: CommandArgument = None) -> None:
    """Run a command in a lane.

    With a terminal of its own when stdin and stdout are terminals. The exit code is the
    command's; 125 when it could not be run. lanekit's own options go before LANE.
    """
    words = command or []
    # Behind LANE nothing is an option of lanekit's any more, so typer leaves this one too.
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        usage_error(f"which command? lanekit exec {lane} -- CMD [ARG]...")
    if words is command and words[0].startswith("-"):
        usage_error(
            f"{words[0]} stands behind LANE: options of lanekit's go before it, CMD after --"
        )
    _run(settings, lane, words)


def shell(settings: Settings, lane: LaneArgument) -> None:
    """Open a shell in a lane.

    bash where the image has it, else sh, in the folder of the worker.
    """
    from lanekit.cli.login_shell import SHELL  # noqa: PLC0415 - costs start-up

    _run(settings, lane, SHELL)


def _run(settings: Settings, lane: str, command: Sequence[str]) -> None:
    import os  # noqa: PLC0415 - already loaded by Python itself

    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    from lanekit.cli.output.outcomes import report_failure  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, [lane])
    (asked,) = session.lanes
    match session.runtime.execute(asked, command, tty=os.isatty(0) and os.isatty(1)):
        case Success(status):
            raise typer.Exit(status)
        case Failure(error):
            report_failure(session, asked, error)
            raise typer.Exit(NOT_RUN)
