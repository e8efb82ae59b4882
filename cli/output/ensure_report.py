"""The report of an ensure: one line per lane, in the order of the file, and a summary."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from returns.result import Failure, Success

from lanekit.cli.output.json import ensured_record, failed_record, line
from lanekit.cli.output.outcomes import redacted
from lanekit.cli.output.streams import print_message, print_result
from lanekit.cli.output.text import ensured_line, error_text, failed_line
from lanekit.cli.signals.interrupts import defer_interrupts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanekit.cli.output.session import Session
    from lanekit.core.domain.errors import LaneError, Outcome
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.results import EnsureResult

_ORDER = ("none", "created", "started", "adjusted", "restarted", "replaced", "failed")
_LABELS = {"none": "unchanged"}
_MAX_CAUSES = 3


class EnsureReport:
    """Prints outcomes in the order of the file, each as soon as those before it are printed."""

    def __init__(self, session: Session) -> None:
        self.failed: bool = False
        self._began = time.monotonic()
        self._session = session
        self._unprinted = list(session.lanes)
        self._done: dict[str, tuple[Outcome[EnsureResult], float]] = {}

    def add_all(self, run: Iterable[tuple[Lane, Outcome[EnsureResult]]]) -> None:
        """Add each lane, as it is done."""
        for lane, outcome in run:
            self.add(lane, outcome)

    def add(self, lane: Lane, outcome: Outcome[EnsureResult]) -> None:
        """Add a lane that is done; one that was added before is not printed again."""
        if lane.name in self._done:
            return
        with defer_interrupts():
            self._done[lane.name] = (outcome, self._session.progress.seconds(lane.name))
            self._session.progress.done(lane.name, _result(outcome))
            while not self._session.progress.table_is_shown and self._next_is_done():
                self._print(self._unprinted.pop(0))

    def _next_is_done(self) -> bool:
        return bool(self._unprinted) and self._unprinted[0].name in self._done

    def finish(self) -> None:
        """Print what still waits for lanes before it that never came, because of a Ctrl-C."""
        # On a terminal all lines come here, when the table goes: a first Ctrl-C must not cut them.
        with defer_interrupts():
            for lane in self._unprinted:
                if lane.name in self._done:
                    self._print(lane)
            self._unprinted = []
            self._session.progress.pause()
            if len(self._session.lanes) > 1 and not self._session.settings.json:
                print_message(
                    summary([outcome for outcome, _ in self._done.values()], self._total())
                )

    def _total(self) -> float:
        return time.monotonic() - self._began

    def _print(self, lane: Lane) -> None:
        self._session.progress.pause()
        outcome, seconds = self._done[lane.name]
        match outcome:
            case Success(ensured):
                self._print_success(ensured)
            case Failure(error):
                self._print_failure(lane, error, seconds)

    def _print_success(self, ensured: EnsureResult) -> None:
        if self._session.settings.json:
            print_result(line(ensured_record(ensured)))
        else:
            print_result(ensured_line(ensured, self._session.width))

    def _print_failure(self, lane: Lane, error: LaneError, seconds: float) -> None:
        self.failed = True
        error = redacted(lane, error)
        progress = self._session.progress.of(lane.name)
        if self._session.settings.json:
            record = failed_record(
                lane,
                error,
                progress.operations,
                rolled_back=progress.rolled_back,
                seconds=seconds,
            )
            print_result(line(record))
        else:
            print_result(failed_line(lane.name, error, seconds, self._session.width))
        print_message(error_text(error, rolled_back=progress.rolled_back))


def _result(outcome: Outcome[EnsureResult]) -> str:
    return "failed" if isinstance(outcome, Failure) else outcome.unwrap().action


def summary(outcomes: Sequence[Outcome[EnsureResult]], seconds: float) -> str:
    """Return e.g. `12 lanes: 9 unchanged, 2 replaced (image.id), 1 failed (NotReady); 3.2 s`."""
    counts = Counter(map(_result, outcomes))
    parts = [
        f"{counts[result]} {_LABELS.get(result, result)}{_because(result, outcomes)}"
        for result in _ORDER
        if counts[result]
    ]
    drifted = sum(1 for o in outcomes if isinstance(o, Success) and o.unwrap().remaining_drift)
    parts += [f"{drifted} with remaining drift"] if drifted else []
    return f"{len(outcomes)} lanes: {', '.join(parts) or 'none finished'}; {seconds:.1f} s"


def _because(result: str, outcomes: Sequence[Outcome[EnsureResult]]) -> str:
    """Return the commonest causes of a result, in brackets."""
    causes: Counter[str] = Counter()
    for outcome in outcomes:
        if _result(outcome) == result:
            causes.update(_causes(outcome))
    most = [cause for cause, _ in causes.most_common(_MAX_CAUSES)]
    more = ", .." if len(causes) > _MAX_CAUSES else ""
    return f" ({', '.join(most)}{more})" if most else ""


def _causes(outcome: Outcome[EnsureResult]) -> set[str]:
    if isinstance(outcome, Failure):
        return {outcome.failure().kind}
    ensured = outcome.unwrap()
    return {difference.field for difference in ensured.drift} if ensured.action != "none" else set()
