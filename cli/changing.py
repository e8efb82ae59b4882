"""The commands that change something: ensure, stop, rm."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import (
    JOBS,
    JobsOption,
    LanesArgument,
    PolicyName,
    PolicyOption,
    Settings,
)
from lanekit.cli.output.streams import FAILED, print_message
from lanekit.cli.signals.interrupts import confirmed, defer_interrupts

if TYPE_CHECKING:
    from lanekit.core.ports.backend import LaneBatch


def ensure(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    restart_unready: Annotated[
        bool,
        typer.Option(
            "--restart-unready", help="restart a container once whose worker does not answer"
        ),
    ] = False,
    jobs: JobsOption = JOBS,
) -> None:
    """Make lanes so.

    A line a lane: what was done, the endpoint, the seconds, why.
    """
    from lanekit.cli.output.ensure_report import EnsureReport  # noqa: PLC0415 - costs start-up
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, lanes, policy, restart_unready=restart_unready)
    board = EnsureReport(session)
    run: LaneBatch | None = None
    try:
        # Its threads begin at once: a signal must not find them with nobody to interrupt them.
        with defer_interrupts():
            run = session.runtime.ensure_all(session.lanes, jobs=jobs)
        board.add_all(run)
    except KeyboardInterrupt:
        if run is not None:
            run.interrupt()
            if len(session.lanes) > 1:
                board.add_all(run)
        raise
    finally:
        board.finish()
    if board.failed:
        raise typer.Exit(FAILED)


def stop(settings: Settings, lanes: LanesArgument = None) -> None:
    """Stop lanes' containers.

    One that does not run is fine.
    """
    from lanekit.cli.output.outcomes import (  # noqa: PLC0415 - costs start-up
        named_line,
        report_all,
    )
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, lanes)
    report_all(
        session,
        ((lane, session.runtime.stop(lane)) for lane in session.lanes),
        lambda lane, result: named_line(session, lane, result, result=result),
    )


def rm(
    settings: Settings,
    lanes: LanesArgument = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="do not ask (asked at a terminal, without LANE)")
    ] = False,
) -> None:
    """Remove lanes' containers.

    Their anonymous volumes too; worktrees are never touched. One that is missing is fine.
    """
    from lanekit.cli.output.outcomes import (  # noqa: PLC0415 - costs start-up
        named_line,
        report_all,
    )
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, lanes)
    if not lanes and not yes and not _agrees(len(session.lanes)):
        print_message("nothing was removed")
        raise typer.Exit(FAILED)
    report_all(
        session,
        ((lane, session.runtime.remove(lane)) for lane in session.lanes),
        lambda lane, result: named_line(session, lane, result, result=result),
    )


def _agrees(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        # A script that asks for it means it.
        return True
    return confirmed(f"Remove the containers of all lanes of the file ({count})?")
