"""What became of the lanes of an ensure: a line a lane, in the order of the file, and a summary."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from returns.result import Failure, Success

from lanekit.cli.output.streams import print_message, print_result
from lanekit.cli.signals.interrupts import defer_interrupts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanekit.cli.session import Session
    from lanekit.core.domain.errors import LaneError, Outcome
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.results import EnsureResult

_ORDER = ("none", "created", "started", "adjusted", "restarted", "replaced", "failed")
_WORDS = {"none": "unchanged"}
_CAUSES = 3


class EnsureReport:
    """Prints the lanes' outcomes in the order of the file, each as soon as those before it."""

    def __init__(self, session: Session) -> None:
        self.failed: bool = False
        self._begun = time.monotonic()
        self._session = session
        self._left = list(session.lanes)
        self._known: dict[str, tuple[Outcome[EnsureResult], float]] = {}

    def add_all(self, run: Iterable[tuple[Lane, Outcome[EnsureResult]]]) -> None:
        """Each lane, as it is done."""
        for lane, outcome in run:
            self.add(lane, outcome)

    def add(self, lane: Lane, outcome: Outcome[EnsureResult]) -> None:
        """A lane is done; one that was added before is not told again."""
        if lane.name in self._known:
            return
        with defer_interrupts():
            self._known[lane.name] = (outcome, self._session.progress.seconds(lane.name))
            self._session.progress.done(lane.name, _result(outcome))
            while not self._session.progress.holds_back and self._left_is_known():
                self._print(self._left.pop(0))

    def _left_is_known(self) -> bool:
        return bool(self._left) and self._left[0].name in self._known

    def finish(self) -> None:
        """Print what still waits for lanes that never came (somebody pressed Ctrl-C)."""
        # At a terminal all lines come here, when the table goes: a first Ctrl-C must not cut them.
        with defer_interrupts():
            for lane in self._left:
                if lane.name in self._known:
                    self._print(lane)
            self._left = []
            self._session.progress.pause()
            if len(self._session.lanes) > 1 and not self._session.settings.json:
                print_message(
                    summary([outcome for outcome, _ in self._known.values()], self._total())
                )

    def _total(self) -> float:
        return time.monotonic() - self._begun

    def _print(self, lane: Lane) -> None:
        self._session.progress.pause()
        outcome, seconds = self._known[lane.name]
        match outcome:
            case Success(ensured):
                self._good(ensured)
            case Failure(error):
                self._bad(lane, error, seconds)

    def _good(self, ensured: EnsureResult) -> None:
        if self._session.settings.json:
            from lanekit.cli.output.json import ensured_record, line  # noqa: PLC0415 - start-up

            print_result(line(ensured_record(ensured)))
        else:
            from lanekit.cli.output.text import ensured_line  # noqa: PLC0415 - start-up

            print_result(ensured_line(ensured, self._session.width))

    def _bad(self, lane: Lane, error: LaneError, seconds: float) -> None:
        from lanekit.cli.output.outcomes import masked  # noqa: PLC0415
        from lanekit.cli.output.text import error_text, failed_line  # noqa: PLC0415 - start-up

        self.failed = True
        error = masked(lane, error)
        heard = self._session.progress.of(lane.name)
        if self._session.settings.json:
            from lanekit.cli.output.json import failed_record, line  # noqa: PLC0415 - start-up

            print_result(line(failed_record(lane, error, heard, seconds)))
        else:
            print_result(failed_line(lane.name, error, seconds, self._session.width))
        print_message(error_text(error, rolled_back=heard.rolled_back))


def _result(outcome: Outcome[EnsureResult]) -> str:
    return "failed" if isinstance(outcome, Failure) else outcome.unwrap().action


def summary(outcomes: Sequence[Outcome[EnsureResult]], seconds: float) -> str:
    """12 lanes: 9 unchanged, 2 replaced (image.id), 1 failed (NotReady); 3.2 s"""
    counts = Counter(map(_result, outcomes))
    parts = [
        f"{counts[result]} {_WORDS.get(result, result)}{_because(result, outcomes)}"
        for result in _ORDER
        if counts[result]
    ]
    left = sum(1 for o in outcomes if isinstance(o, Success) and o.unwrap().remaining_drift)
    parts += [f"{left} left as they differ"] if left else []
    return f"{len(outcomes)} lanes: {', '.join(parts) or 'nothing known'}; {seconds:.1f} s"


def _because(result: str, outcomes: Sequence[Outcome[EnsureResult]]) -> str:
    """The commonest causes of a result that has some."""
    causes: Counter[str] = Counter()
    for outcome in outcomes:
        if _result(outcome) == result:
            causes.update(_causes(outcome))
    most = [cause for cause, _ in causes.most_common(_CAUSES)]
    more = ", .." if len(causes) > _CAUSES else ""
    return f" ({', '.join(most)}{more})" if most else ""


def _causes(outcome: Outcome[EnsureResult]) -> set[str]:
    if isinstance(outcome, Failure):
        return {outcome.failure().kind}
    ensured = outcome.unwrap()
    return {difference.field for difference in ensured.drift} if ensured.action != "none" else set()
