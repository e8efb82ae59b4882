"""Keeping lanes so: which lane is due when, and what is worth saying. No thread, no clock here.

A lane is due when something happened to its container, when its pause after a failure is over,
when it is asked for otherwise than before, and with all others at each resync. Its pause grows
with each failure in a row, and with each mend that did not last, so that a worker that dies at
once is not started again and again.

What an ensure does makes events too. They do not go round in circles: those that come while a lane
is worked on make it due once more, if that ensure did something, and an ensure that finds nothing
to do makes no events.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from returns.result import Failure

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ContainerEvent
from lanekit.core.domain.results import Ensured

FIRST_PAUSE = 1.0
"""Seconds after a first failure; twice as long after each other."""
LONGEST_PAUSE = 60.0
"""Seconds; the jitter is within."""
AT_ONCE = 3
"""So many mends of one lane in a row are made without a pause."""
LASTING = 10.0
"""A mend has lasted when this many seconds are over, and twice the pause it came after."""
_PATIENCE = 3
"""So many failures in a row to reach podman are nothing to say of a lane: it may be restarting."""
_HARMFUL = ("died", "remove", "rename", "pause")

Word = Literal["fine", "mended", "left", "failing", "gone", "engine lost", "engine back"]


@dataclass(frozen=True)
class Report:
    """Something worth saying, once.

    `lane` is as asked, where it is (again): "fine", or "left" with drift that `on_drift` leaves
    alone; it was "mended"; it is "failing", with another error than before; it is not watched any
    more ("gone"). podman cannot be reached ("engine lost"), and can again ("engine back").
    """

    word: Word
    lane: Lane | None = None
    ensured: Ensured | None = None
    error: LaneError | None = None


Reports = tuple[Report, ...]


@dataclass(frozen=True)
class Watched:
    """A lane. `due`: when to ensure it; None: nothing is to be done.

    `failures` and `mends` in a row; `mended`: when the last was. `said`: what was last reported.
    `busy`: it is worked on, and never due then; `stirred`: something happened to it since that
    began; `asked_anew`: it was asked for otherwise since then.
    """

    lane: Lane
    due: float | None
    failures: int = 0
    mends: int = 0
    mended: float = 0.0
    said: str = ""
    busy: bool = False
    stirred: bool = False
    asked_anew: bool = False

    @property
    def pauses(self) -> bool:
        """Whether it is to be left alone until it is due."""
        return self.failures > 0 or self.mends > AT_ONCE


@dataclass(frozen=True)
class Watch:
    """All that is known. Times are readings of one clock, in seconds.

    `away`: the names of lanes that left while they were worked on, and still are.
    """

    lanes: tuple[Watched, ...] = ()
    resync: float = 10.0
    resync_at: float = 0.0
    lost: bool = False
    away: frozenset[str] = frozenset()

    def of(self, name: str) -> Watched | None:
        """The lane of this name, if it is watched."""
        return next((one for one in self.lanes if one.lane.name == name), None)

    def wake_at(self) -> float | None:
        """When `tick` may have something to do next, as far as is known; None: not by time."""
        if self.lost:
            return None
        dues = [one.due for one in self.lanes if one.due is not None]
        return min([*dues, self.resync_at])


def begin(lanes: Sequence[Lane], now: float, resync: float) -> Watch:
    """All of them are due."""
    return Watch(tuple(Watched(lane, now) for lane in lanes), resync, now + resync)


def heard(watch: Watch, event: ContainerEvent, now: float) -> Watch:
    """An event arrived."""
    if event.action not in _HARMFUL:
        return watch
    name = event.name.removesuffix(NEXT).removesuffix(PREV)
    known = any(one.lane.container_name == name for one in watch.lanes)
    if not known and event.action != "rename":
        return watch
    # A rename tells the new name alone: what it was before may be any lane's.
    return _each(
        watch,
        lambda one: _stir(one, now) if one.lane.container_name == name or not known else one,
    )


def _stir(one: Watched, now: float) -> Watched:
    if one.busy:
        return replace(one, stirred=True)
    if one.pauses and one.due is not None:
        return one
    return replace(one, due=_next_due(one, now) if one.due is None else min(one.due, now))


def _next_due(one: Watched, now: float) -> float:
    """At once, or after a pause when earlier mends did not last."""
    if one.mends <= AT_ONCE or _lasted(one, now):
        return now
    return max(now, one.mended + pause(one.mends - AT_ONCE, 0.0))


def _lasted(one: Watched, now: float) -> bool:
    paused = pause(one.mends - AT_ONCE, 0.0) if one.mends > AT_ONCE else 0.0
    return now - one.mended > max(LASTING, 2 * paused)


def pause(times: int, jitter: float) -> float:
    """Seconds before the next try, after so many in a row; `jitter` (0 to 1) takes a quarter."""
    longest = min(FIRST_PAUSE * 2.0 ** min(times - 1, 30), LONGEST_PAUSE)
    return longest * (1 - jitter / 4)


def tick(watch: Watch, now: float, most: int = 1_000_000) -> tuple[Watch, tuple[Lane, ...]]:
    """The lanes to be ensured now, `most` at a time; they are busy until `outcome` is told."""
    if watch.lost or most <= 0:
        return watch, ()
    if now >= watch.resync_at:
        watch = resync(watch, now)
    due = [one.lane.name for one in watch.lanes if one.due is not None and one.due <= now][:most]
    taken = _each(
        watch,
        lambda one: (
            replace(one, due=None, busy=True, stirred=False, asked_anew=False)
            if one.lane.name in due
            else one
        ),
    )
    return taken, tuple(one.lane for one in taken.lanes if one.lane.name in due)


def resync(watch: Watch, now: float) -> Watch:
    """All lanes are due, but those that pause."""
    timed = replace(watch, resync_at=now + watch.resync)
    return _each(
        timed,
        lambda one: one if one.busy or (one.pauses and one.due is not None) else _at_once(one, now),
    )


def _at_once(one: Watched, now: float) -> Watched:
    return replace(one, due=_next_due(one, now))


def outcome(
    watch: Watch, name: str, result: Outcome[Ensured], now: float, jitter: float
) -> tuple[Watch, Reports]:
    """An ensure of this lane ended; `jitter`: a fraction between 0 and 1, another each time."""
    one = watch.of(name)
    if one is None:
        return replace(watch, away=watch.away - {name}), ()
    free = replace(one, busy=False, stirred=False, asked_anew=False)
    if isinstance(result, Failure):
        after, reports = _failed(free, result.failure(), now, jitter)
    else:
        after, reports = _ensured(free, result.unwrap(), now, stirred=one.stirred)
    if one.asked_anew:
        after = replace(after, due=now, failures=0, mends=0)
    return _each(watch, lambda other: after if other.lane.name == name else other), reports


def _failed(one: Watched, error: LaneError, now: float, jitter: float) -> tuple[Watched, Reports]:
    failures = one.failures + 1
    after = replace(one, failures=failures, due=now + pause(failures, jitter))
    if isinstance(error, EngineUnavailable) and failures < _PATIENCE:
        return after, ()
    said = f"{error.kind}: {error.message}"
    if said == one.said:
        return after, ()
    return replace(after, said=said), (Report("failing", one.lane, error=error),)


def _ensured(
    one: Watched, ensured: Ensured, now: float, *, stirred: bool
) -> tuple[Watched, Reports]:
    said = "left: " + "; ".join(map(str, ensured.left)) if ensured.left else "fine"
    after = replace(one, failures=0, said=said)
    if ensured.operations:
        after = replace(after, mends=1 if _lasted(one, now) else one.mends + 1, mended=now)
        # Most of what was heard meanwhile we did ourselves, and some of it perhaps not.
        after = replace(after, due=_next_due(after, now) if stirred else None)
        return after, (Report("mended", one.lane, ensured),)
    if _lasted(one, now):
        after = replace(after, mends=0)
    if said == one.said:
        return after, ()
    return after, (Report("left" if ensured.left else "fine", one.lane, ensured),)


def asked(watch: Watch, lanes: Sequence[Lane], now: float) -> tuple[Watch, Reports]:
    """These are the lanes from now on. Those that are new or changed are due, at once."""
    names = {lane.name for lane in lanes}
    gone = tuple(Report("gone", one.lane) for one in watch.lanes if one.lane.name not in names)
    away = watch.away | {one.lane.name for one in watch.lanes if one.busy}
    after = tuple(_asked(watch, lane, now) for lane in lanes)
    return replace(watch, lanes=after, away=away - names), gone


def _asked(watch: Watch, lane: Lane, now: float) -> Watched:
    one = watch.of(lane.name)
    if one is None:
        back = lane.name in watch.away
        return Watched(lane, None if back else now, busy=back, asked_anew=back)
    if one.lane == lane:
        return one
    if one.busy:
        return replace(one, lane=lane, asked_anew=True)
    return replace(one, lane=lane, due=now, failures=0, mends=0)


def engine_lost(watch: Watch, error: LaneError) -> tuple[Watch, Reports]:
    """podman cannot be reached: no lane is due until it can."""
    if watch.lost:
        return watch, ()
    return replace(watch, lost=True), (Report("engine lost", error=error),)


def engine_heard(watch: Watch, now: float) -> tuple[Watch, Reports]:
    """podman can be reached and its events are listened to from now on: what was before is not
    known, so all lanes are due; failures of while it was away do not count.
    """
    reports = (Report("engine back"),) if watch.lost else ()
    fresh = _each(
        replace(watch, lost=False),
        lambda one: replace(one, failures=0) if watch.lost else one,
    )
    return resync(fresh, now), reports


def _each(watch: Watch, change: Callable[[Watched], Watched]) -> Watch:
    return replace(watch, lanes=tuple(map(change, watch.lanes)))
