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
from lanekit.cli.output import FAILED, say, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanekit.cli.session import Session
    from lanekit.core.errors import LaneError, Outcome
    from lanekit.core.model import Lane
    from lanekit.core.results import Ensured


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
    from lanekit.cli.session import open_session  # noqa: PLC0415 - costs start-up

    session = open_session(settings, lanes, policy, restart_unready=restart_unready)
    board = _Board(session)
    run = session.runtime.ensure_all(session.lanes, jobs=jobs)
    try:
        board.add_all(run)
    except KeyboardInterrupt:
        run.interrupt()
        if len(session.lanes) > 1:
            board.add_all(run)
        raise
    finally:
        board.finish()
    if board.failed:
        raise typer.Exit(FAILED)


class _Board:
    """Prints the lanes' outcomes in the order of the file, each as soon as those before it."""

    def __init__(self, session: Session) -> None:
        self.failed = False
        self._session = session
        self._left = list(session.lanes)
        self._known: dict[str, tuple[Outcome[Ensured], float]] = {}

    def add_all(self, run: Iterable[tuple[Lane, Outcome[Ensured]]]) -> None:
        """Each lane, as it is done."""
        for lane, outcome in run:
            self.add(lane, outcome)

    def add(self, lane: Lane, outcome: Outcome[Ensured]) -> None:
        """A lane is done; one that was added before is not told again."""
        if lane.name in self._known:
            return
        self._known[lane.name] = (outcome, self._session.progress.seconds(lane.name))
        while self._left and self._left[0].name in self._known:
            self._print(self._left.pop(0))

    def finish(self) -> None:
        """Print what still waits for lanes that never came (somebody pressed Ctrl-C)."""
        for lane in self._left:
            if lane.name in self._known:
                self._print(lane)
        self._left = []
        self._session.progress.pause()

    def _print(self, lane: Lane) -> None:
        from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

        self._session.progress.pause()
        outcome, seconds = self._known[lane.name]
        match outcome:
            case Success(ensured):
                self._good(ensured)
            case Failure(error):
                self._bad(lane, error, seconds)

    def _good(self, ensured: Ensured) -> None:
        if self._session.settings.json:
            from lanekit.cli.json_output import ensured_record, line  # noqa: PLC0415 - start-up

            say(line(ensured_record(ensured)))
        else:
            from lanekit.cli.rendering import ensured_line  # noqa: PLC0415 - start-up

            say(ensured_line(ensured, self._session.width))

    def _bad(self, lane: Lane, error: LaneError, seconds: float) -> None:
        from lanekit.cli.rendering import error_text, failed_line  # noqa: PLC0415 - start-up
        from lanekit.cli.reporting import masked  # noqa: PLC0415

        self.failed = True
        error = masked(lane, error)
        heard = self._session.progress.of(lane.name)
        if self._session.settings.json:
            from lanekit.cli.json_output import failed_record, line  # noqa: PLC0415 - start-up

            say(line(failed_record(lane, error, heard, seconds)))
        else:
            say(failed_line(lane.name, error, seconds, self._session.width))
        tell(error_text(error, rolled_back=heard.rolled_back))


def stop(settings: Settings, lanes: LanesArgument = None) -> None:
    """Stop lanes' containers.

    One that does not run is fine.
    """
    from lanekit.cli.reporting import named_line, report_all  # noqa: PLC0415 - costs start-up
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
    from lanekit.cli.reporting import named_line, report_all  # noqa: PLC0415 - costs start-up
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, lanes)
    if not lanes and not yes and not _agrees(len(session.lanes)):
        tell("nothing was removed")
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
    return typer.confirm(f"Remove the containers of all lanes of the file ({count})?", err=True)
