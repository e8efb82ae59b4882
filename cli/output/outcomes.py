"""How the commands say what became of a lane: data, error, exit code; the same for all of them."""

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
    from lanekit.cli.session import Session
    from lanekit.core.domain.errors import LaneError, Outcome
    from lanekit.core.domain.lanes import Lane

T = TypeVar("T")


def report(
    session: Session, lane: Lane, outcome: Outcome[T], show: Callable[[Lane, T], str]
) -> bool:
    """Print a lane's outcome by `show`, or its error; whether it succeeded."""
    with defer_interrupts():
        session.progress.pause()
        match outcome:
            case Success(value):
                words = show(lane, value)
                if words:
                    print_result(words)
                return True
            case Failure(error):
                report_failure(session, lane, error)
                return False


def report_all(
    session: Session, outcomes: Iterable[tuple[Lane, Outcome[T]]], show: Callable[[Lane, T], str]
) -> None:
    """`report` each; ends the program with exit code 1 when a lane failed."""
    good = [report(session, lane, outcome, show) for lane, outcome in outcomes]
    if not all(good):
        raise typer.Exit(FAILED)


def masked(lane: Lane, error: LaneError) -> LaneError:
    """The error without a value of the lane's env, in whatever words it came here."""
    return error if lane.profile is None else redact_error(error, lane.profile.env)


def report_failure(session: Session, lane: Lane, error: LaneError) -> None:
    """A lane that failed: its error on stderr, and with --json its record on stdout too."""
    error = masked(lane, error)
    if session.settings.json:
        print_result(line(failed_record(lane, error)))
    print_message(error_text(error))


def named_line(session: Session, lane: Lane, word: str, **more: object) -> str:
    """A line that is the lane and a word; with --json the lane's record and `more`."""
    if session.settings.json:
        return line(Record(lane.name, lane.container_name), **more)
    return f"{lane.name:<{session.width}}  {word}"
