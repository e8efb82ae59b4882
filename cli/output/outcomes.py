"""Print a lane's outcome in the same way for all commands: result, error, exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import typer
from returns.result import Failure, Success

from lanekit.cli.output.json import Record, failed_record, line
from lanekit.cli.output.streams import FAILED, print_message, print_result
from lanekit.cli.output.text import error_text
from lanekit.cli.signals.interrupts import defer_interrupts
from lanekit.core.domain.redaction import redact_error

if TYPE_CHECKING:
    from lanekit.cli.output.session import Session
    from lanekit.core.domain.errors import LaneError, Outcome
    from lanekit.core.domain.lanes import Lane

T = TypeVar("T")


def report(
    session: Session, lane: Lane, outcome: Outcome[T], show: Callable[[Lane, T], str]
) -> bool:
    """Print a lane's outcome by `show`, or its error; return whether it succeeded."""
    with defer_interrupts():
        session.progress.pause()
        match outcome:
            case Success(value):
                text = show(lane, value)
                if text:
                    print_result(text)
                return True
            case Failure(error):
                report_failure(session, lane, error)
                return False


def report_all(
    session: Session, outcomes: Iterable[tuple[Lane, Outcome[T]]], show: Callable[[Lane, T], str]
) -> None:
    """Report each outcome; exit with 1 if a lane failed."""
    succeeded = [report(session, lane, outcome, show) for lane, outcome in outcomes]
    if not all(succeeded):
        raise typer.Exit(FAILED)


def redacted(lane: Lane, error: LaneError) -> LaneError:
    """Return the error without a value of the lane's env, whoever wrote its text."""
    return error if lane.profile is None else redact_error(error, lane.profile.env)


def report_failure(session: Session, lane: Lane, error: LaneError) -> None:
    """Print the error of a lane on stderr, and with --json its record on stdout too."""
    error = redacted(lane, error)
    if session.settings.json:
        print_result(line(failed_record(lane, error)))
    print_message(error_text(error))


def named_line(session: Session, lane: Lane, word: str, **more: object) -> str:
    """Return a line of the lane and a word; with --json the lane's record and `more`."""
    if session.settings.json:
        return line(Record(lane.name, lane.container_name), **more)
    return f"{lane.name:<{session.width}}  {word}"
