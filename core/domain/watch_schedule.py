"""Schedule continuous reconciliation: which lane is due when, and what to report. Pure.

A lane is due when something happened to its container, when its backoff after a failure is over,
when its definition changed, and with all others at each resync. Its backoff grows with each
consecutive failure, and with each repair that did not last, so that a worker that dies at once is
not started again and again.

An ensure causes events too. They do not cause an endless loop: events that arrive while a lane is
reconciled make it due once more, if that ensure did something, and an ensure that finds nothing to
do causes no events.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from returns.result import Failure

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.lane_events import LaneEvent
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.results import EnsureResult

FIRST_BACKOFF_SECONDS = 1.0
"""Backoff after the first failure, in seconds; each further failure doubles it."""
MAX_BACKOFF_SECONDS = 60.0
"""The longest backoff, in seconds, jitter included."""
FREE_REPAIRS = 3
"""Number of consecutive repairs of one lane before backoff starts."""
STABLE_SECONDS = 10.0
"""A repair has lasted after this many seconds, and after twice the backoff before it."""
_FAILURES_BEFORE_REPORT = 3
"""Number of consecutive failures to reach podman that are not reported: it may be restarting."""

ReportKind = Literal[
    "fine", "reconciled", "drifted", "failing", "gone", "engine lost", "engine back"
]


@dataclass(frozen=True)
class Report:
    """Something worth reporting, once.

    The kinds for a lane: "fine", it matches (again); "drifted", it has drift that `on_drift` does
    not let lanekit repair; "reconciled", it was changed to match; "failing", with another error
    than before; "gone", it is no longer watched. For the engine: "engine lost", podman cannot be
    reached; "engine back", it can be again.
    """

    kind: ReportKind
    lane: Lane | None = None
    result: EnsureResult | None = None
    error: LaneError | None = None


Reports = tuple[Report, ...]


@dataclass(frozen=True)
class WatchedLane:
    """A lane that is watched. `due` is the time of its next ensure; None: none is needed.

    `failures` and `repairs` are consecutive; `repaired_at` is the time of the last repair. `busy`:
    it is being ensured, and never due then. `changed_while_busy`: its container had an event since
    then; `updated_while_busy`: its definition changed since then.
    """

    lane: Lane
    due: float | None
    failures: int = 0
    repairs: int = 0
    repaired_at: float = 0.0
    last_reported: str = ""
    busy: bool = False
    changed_while_busy: bool = False
    updated_while_busy: bool = False

    @property
    def pauses(self) -> bool:
        """Whether events do not make it due before its backoff is over."""
        return self.failures > 0 or self.repairs > FREE_REPAIRS


@dataclass(frozen=True)
class WatchState:
    """The state of a watch. Times are readings of one clock, in seconds.

    `removed_while_busy` has the names of lanes that were removed while they were being ensured,
    until that ensure ends.
    """

    lanes: tuple[WatchedLane, ...] = ()
    resync: float = 10.0
    resync_at: float = 0.0
    lost: bool = False
    removed_while_busy: frozenset[str] = frozenset()

    def of(self, name: str) -> WatchedLane | None:
        """Return the lane of this name, or None when it is not watched."""
        return next((one for one in self.lanes if one.lane.name == name), None)

    def wake_at(self) -> float | None:
        """Return when `take_due` may next return a lane; None: not before an event."""
        if self.lost:
            return None
        dues = [one.due for one in self.lanes if one.due is not None]
        return min([*dues, self.resync_at])


def start_watch(lanes: Sequence[Lane], now: float, resync: float) -> WatchState:
    """Return the state of a watch that begins: all lanes are due."""
    return WatchState(tuple(WatchedLane(lane, now) for lane in lanes), resync, now + resync)


def on_event(watch: WatchState, event: LaneEvent, now: float) -> WatchState:
    """Return the state after an event of a container."""
    name = event.container_name
    known = any(one.lane.container_name == name for one in watch.lanes)
    if not known and not event.renamed:
        return watch
    # An event of a rename has the new name only: the old one may be any lane's.
    return _each(
        watch,
        lambda one: _changed(one, now) if one.lane.container_name == name or not known else one,
    )


def _changed(one: WatchedLane, now: float) -> WatchedLane:
    if one.busy:
        return replace(one, changed_while_busy=True)
    if one.pauses and one.due is not None:
        return one
    return replace(one, due=_next_due(one, now) if one.due is None else min(one.due, now))


def _next_due(one: WatchedLane, now: float) -> float:
    """Return now, or a later time when earlier repairs did not last."""
    if one.repairs <= FREE_REPAIRS or _lasted(one, now):
        return now
    return max(now, one.repaired_at + backoff_seconds(one.repairs - FREE_REPAIRS, 0.0))


def _lasted(one: WatchedLane, now: float) -> bool:
    paused = backoff_seconds(one.repairs - FREE_REPAIRS, 0.0) if one.repairs > FREE_REPAIRS else 0.0
    return now - one.repaired_at > max(STABLE_SECONDS, 2 * paused)


def backoff_seconds(times: int, jitter: float) -> float:
    """Return the seconds before the next try; `jitter` (0 to 1) takes up to a quarter off."""
    longest = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(times - 1, 30), MAX_BACKOFF_SECONDS)
    return longest * (1 - jitter / 4)


def lane_jitter(name: str) -> float:
    """Return a fraction of its own for each lane, so that lanes that failed together are not tried
    again together.
    """
    return zlib.crc32(name.encode()) / 2**32


def take_due(
    watch: WatchState, now: float, most: int = 1_000_000
) -> tuple[WatchState, tuple[Lane, ...]]:
    """Return up to `most` lanes to ensure now; they are busy until `on_result` has their result."""
    if watch.lost or most <= 0:
        return watch, ()
    if now >= watch.resync_at:
        watch = resync(watch, now)
    due = [one.lane.name for one in watch.lanes if one.due is not None and one.due <= now][:most]
    taken = _each(
        watch,
        lambda one: (
            replace(one, due=None, busy=True, changed_while_busy=False, updated_while_busy=False)
            if one.lane.name in due
            else one
        ),
    )
    return taken, tuple(one.lane for one in taken.lanes if one.lane.name in due)


def resync(watch: WatchState, now: float) -> WatchState:
    """Make all lanes due, except those in backoff."""
    timed = replace(watch, resync_at=now + watch.resync)
    return _each(
        timed,
        lambda one: one if one.busy or (one.pauses and one.due is not None) else _at_once(one, now),
    )


def _at_once(one: WatchedLane, now: float) -> WatchedLane:
    return replace(one, due=_next_due(one, now))


def on_result(
    watch: WatchState, name: str, result: Outcome[EnsureResult], now: float, jitter: float
) -> tuple[WatchState, Reports]:
    """Return the state and reports after an ensure ended; `jitter` is a new fraction, 0 to 1."""
    one = watch.of(name)
    if one is None:
        return replace(watch, removed_while_busy=watch.removed_while_busy - {name}), ()
    free = replace(one, busy=False, changed_while_busy=False, updated_while_busy=False)
    if isinstance(result, Failure):
        after, reports = _failed(free, result.failure(), now, jitter)
    else:
        after, reports = _ensured(free, result.unwrap(), now, changed=one.changed_while_busy)
    if one.updated_while_busy:
        after = replace(after, due=now, failures=0, repairs=0)
    return _each(watch, lambda other: after if other.lane.name == name else other), reports


def _failed(
    one: WatchedLane, error: LaneError, now: float, jitter: float
) -> tuple[WatchedLane, Reports]:
    failures = one.failures + 1
    after = replace(one, failures=failures, due=now + backoff_seconds(failures, jitter))
    if isinstance(error, EngineUnavailable) and failures < _FAILURES_BEFORE_REPORT:
        return after, ()
    summary = f"{error.kind}: {error.message}"
    if summary == one.last_reported:
        return after, ()
    return replace(after, last_reported=summary), (Report("failing", one.lane, error=error),)


def _ensured(
    one: WatchedLane, ensured: EnsureResult, now: float, *, changed: bool
) -> tuple[WatchedLane, Reports]:
    summary = (
        "left: " + "; ".join(map(str, ensured.remaining_drift))
        if ensured.remaining_drift
        else "fine"
    )
    after = replace(one, failures=0, last_reported=summary)
    if ensured.operations:
        after = replace(after, repairs=1 if _lasted(one, now) else one.repairs + 1, repaired_at=now)
        # Most events since its start are our own, but some may not be.
        after = replace(after, due=_next_due(after, now) if changed else None)
        return after, (Report("reconciled", one.lane, ensured),)
    if _lasted(one, now):
        after = replace(after, repairs=0)
    if summary == one.last_reported:
        return after, ()
    return after, (Report("drifted" if ensured.remaining_drift else "fine", one.lane, ensured),)


def set_lanes(watch: WatchState, lanes: Sequence[Lane], now: float) -> tuple[WatchState, Reports]:
    """Replace the watched lanes; new and changed ones are due at once."""
    names = {lane.name for lane in lanes}
    gone = tuple(Report("gone", one.lane) for one in watch.lanes if one.lane.name not in names)
    away = watch.removed_while_busy | {one.lane.name for one in watch.lanes if one.busy}
    after = tuple(_updated(watch, lane, now) for lane in lanes)
    return replace(watch, lanes=after, removed_while_busy=away - names), gone


def _updated(watch: WatchState, lane: Lane, now: float) -> WatchedLane:
    one = watch.of(lane.name)
    if one is None:
        back = lane.name in watch.removed_while_busy
        return WatchedLane(lane, None if back else now, busy=back, updated_while_busy=back)
    if one.lane == lane:
        return one
    if one.busy:
        return replace(one, lane=lane, updated_while_busy=True)
    return replace(one, lane=lane, due=now, failures=0, repairs=0)


def engine_lost(watch: WatchState, error: LaneError) -> tuple[WatchState, Reports]:
    """Record that podman cannot be reached: no lane is due until it can."""
    if watch.lost:
        return watch, ()
    return replace(watch, lost=True), (Report("engine lost", error=error),)


def engine_reconnected(watch: WatchState, now: float) -> tuple[WatchState, Reports]:
    """Record that podman can be reached and that its events arrive from now on.

    Earlier events may be lost, so all lanes are due. Failures during the outage do not count.
    """
    reports = (Report("engine back"),) if watch.lost else ()
    fresh = _each(
        replace(watch, lost=False),
        lambda one: replace(one, failures=0) if watch.lost else one,
    )
    return resync(fresh, now), reports


def _each(watch: WatchState, change: Callable[[WatchedLane], WatchedLane]) -> WatchState:
    return replace(watch, lanes=tuple(map(change, watch.lanes)))
