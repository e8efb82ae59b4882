"""What a watch counts, says and knows of the time, exactly; its laws are in test_watch."""

from dataclasses import replace
from itertools import pairwise

import pytest
from returns.result import Failure, Success
from tests.support.strategies.watch import WATCHED

from lanekit.core.domain.differences import Difference
from lanekit.core.domain.errors import EngineUnavailable, LaneError, NotReady, Outcome, StartFailed
from lanekit.core.domain.lane_events import lane_event
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ContainerEvent, Endpoint
from lanekit.core.domain.operations import Start
from lanekit.core.domain.results import EnsureResult
from lanekit.core.domain.watch_schedule import (
    FREE_REPAIRS,
    STABLE_SECONDS,
    Report,
    WatchedLane,
    WatchState,
    backoff_seconds,
    engine_lost,
    engine_reconnected,
    on_event,
    on_result,
    set_lanes,
    start_watch,
    take_due,
)

A, B, C = WATCHED
BAD: LaneError = StartFailed("could not start it")
AWAY: LaneError = EngineUnavailable("podman cannot be reached")
FINE = EnsureResult(A.name, A.container_name, Endpoint("h", 1), "none", (), (), 1.0)
MENDED = replace(FINE, action="started", operations=(Start(A.container_name, "it is exited"),))
LEFT = replace(FINE, remaining_drift=(Difference("env", "1", "2"), Difference("image", "i", "j")))
NAME = A.container_name
DIED = ContainerEvent("1" * 64, NAME, "died")


def _on_event(watch: WatchState, event: ContainerEvent, now: float) -> WatchState:
    """Let the watch know of what happened to a container, if that means something for lanes."""
    meant = lane_event(event)
    return watch if meant is None else on_event(watch, meant, now)


def _one(**known: object) -> WatchState:
    """A watch of one lane that was found fine, at 0."""
    one = replace(WatchedLane(A, None, last_reported="fine"), **known)  # type: ignore[arg-type]  # any field
    return WatchState((one,), resync=1000.0, resync_at=1000.0)


def _of(watch: WatchState, lane: Lane = A) -> WatchedLane:
    one = watch.of(lane.name)
    assert one is not None
    return one


def _told(
    watch: WatchState, result: Outcome[EnsureResult], now: float = 0.0
) -> tuple[WatchedLane, tuple[Report, ...]]:
    after, reports = on_result(watch, A.name, result, now, 0.0)
    return _of(after), reports


def test_it_wakes_for_what_is_due_first_and_not_while_podman_is_away() -> None:
    watch = start_watch(WATCHED, 1.0, 10.0)
    assert (watch.wake_at(), watch.resync_at) == (1.0, 11.0)
    watch, _ = take_due(watch, 1.0)
    assert watch.wake_at() == 11.0, "all are worked on"
    watch, _ = on_result(watch, A.name, Failure(BAD), 4.0, 0.0)
    assert watch.wake_at() == 5.0, "its pause is over"
    assert engine_lost(watch, AWAY)[0].wake_at() is None


def test_an_ensure_that_found_nothing_to_do_leaves_all_as_it_was() -> None:
    watch = _one()
    busy, due = take_due(_on_event(watch, DIED, 1.0), 1.0)
    assert due == (A,)
    assert _of(busy) == replace(_of(watch), busy=True)
    stirred = _on_event(busy, DIED, 1.5)
    assert _of(stirred) == replace(_of(watch), busy=True, changed_while_busy=True)
    for each in (busy, stirred):
        assert on_result(each, A.name, Success(FINE), 2.0, 0.0) == (watch, ())


def test_what_is_said_is_the_first_of_its_kind_with_all_that_is_known() -> None:
    new = _one(last_reported="")
    assert _told(new, Success(FINE))[1] == (Report("fine", A, FINE),)
    assert _told(new, Success(LEFT))[1] == (Report("drifted", A, LEFT),)
    assert _told(new, Success(MENDED))[1] == (Report("reconciled", A, MENDED),)
    assert _told(new, Failure(BAD))[1] == (Report("failing", A, error=BAD),)
    assert engine_lost(new, AWAY) == (
        replace(new, lost=True),
        (Report("engine lost", error=AWAY),),
    )


def test_what_was_said_is_kept_in_words() -> None:
    assert _told(_one(last_reported=""), Success(FINE))[0].last_reported == "fine"
    assert _told(_one(), Success(MENDED))[0].last_reported == "fine"
    assert _told(_one(), Success(LEFT))[0].last_reported == (
        "left: env: expected 1, actual 2; image: expected i, actual j"
    )
    failing, _ = _told(_one(), Failure(BAD))
    assert failing.last_reported == "StartFailed: could not start it"
    # The same kind with other words is another error.
    other: LaneError = StartFailed("no such file")
    assert _told(_one(last_reported=failing.last_reported), Failure(other))[1] == (
        Report("failing", A, error=other),
    )


def test_a_fine_ensure_ends_a_row_of_failures() -> None:
    failed, _ = _told(_one(), Failure(BAD), 1.0)
    assert (failed.failures, failed.due) == (1, 2.0)
    again, _ = _told(_one(failures=1), Failure(BAD), 2.0)
    assert (again.failures, again.due) == (2, 4.0)
    assert _told(_one(failures=2), Success(FINE))[0].failures == 0
    assert _told(_one(failures=2), Success(MENDED))[0].failures == 0


def test_a_worker_that_dies_at_once_is_mended_thrice_and_then_with_pauses() -> None:
    watch, now, begun = _one(repaired_at=-100.0), 0.0, list[float]()
    while now < 300:
        watch, due = take_due(_on_event(watch, DIED, now), now)
        if due:
            begun.append(now)
            watch, _ = on_result(watch, A.name, Success(MENDED), now, 0.0)
        now += 0.25
    gaps = [two - one for one, two in pairwise(begun)]
    assert gaps == [0.25, 0.25, 0.25, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("mends", "lasts"),
    [(1, 10), (FREE_REPAIRS, 10), (FREE_REPAIRS + 1, 10), (7, 16), (9, 64), (30, 120)],
)
def test_a_mend_has_lasted_after_ten_seconds_and_twice_its_pause(mends: int, lasts: float) -> None:
    watch = _one(repairs=mends, repaired_at=5.0)
    for now, counted in ((5.0 + lasts, mends), (5.25 + lasts, 0)):
        assert _told(watch, Success(FINE), now)[0].repairs == counted
        assert _told(watch, Success(MENDED), now)[0].repairs == counted + 1
    assert lasts >= STABLE_SECONDS


def test_what_happens_to_a_lane_beside_its_own_container_is_its_business() -> None:
    for name in (NAME, f"{NAME}.next", f"{NAME}.prev"):
        watch = _on_event(_one(), replace(DIED, name=name), 3.0)
        assert _of(watch) == replace(_of(_one()), due=3.0)
    for name in (f".next{NAME}", f".prev{NAME}", f"{NAME}.other"):
        assert _on_event(_one(), replace(DIED, name=name), 3.0) == _one()


def test_a_lane_that_is_due_already_stays_so() -> None:
    assert _of(_on_event(_one(due=1.0), DIED, 3.0)).due == 1.0
    # In a pause nothing hurries it, and afterwards it is due in its turn.
    assert _of(_on_event(_one(due=9.0, failures=1), DIED, 3.0)).due == 9.0


def test_at_most_so_many_lanes_are_begun_and_none_is_no_tick() -> None:
    watch = start_watch(WATCHED, 0.0, 10.0)
    assert take_due(watch, 20.0, 0) == (watch, ())
    one, due = take_due(watch, 0.0, 1)
    assert (due, one.wake_at()) == ((A,), 0.0)
    assert take_due(one, 0.0, 5)[1] == (B, C)


def test_at_a_resync_all_are_due_from_that_very_moment() -> None:
    watch = WatchState(tuple(WatchedLane(lane, None) for lane in WATCHED), 10.0, 20.0)
    assert take_due(watch, 19.99)[1] == ()
    begun, due = take_due(watch, 20.0)
    assert (due, begun.resync_at) == (WATCHED, 30.0)


def test_an_ensure_that_begins_has_heard_of_nothing_yet() -> None:
    begun, _ = take_due(_one(due=0.0, changed_while_busy=True, updated_while_busy=True), 0.0)
    assert _of(begun) == replace(_of(_one()), busy=True)


def test_jitter_takes_up_to_a_quarter() -> None:
    assert (backoff_seconds(1, 0.0), backoff_seconds(1, 1.0), backoff_seconds(3, 0.5)) == (
        1.0,
        0.75,
        3.5,
    )


CHANGED = replace(A, worktree="/other")


def test_a_lane_that_is_asked_for_otherwise_begins_anew() -> None:
    troubled = _one(failures=3, repairs=9, due=50.0)
    after, _ = set_lanes(troubled, [CHANGED], 2.0)
    assert _of(after) == WatchedLane(CHANGED, 2.0, last_reported="fine")
    same, _ = set_lanes(troubled, [A], 2.0)
    assert same == troubled
    busy, _ = set_lanes(_one(failures=3, repairs=9, busy=True), [CHANGED], 2.0)
    after, _ = on_result(busy, A.name, Failure(BAD), 3.0, 0.0)
    assert replace(_of(after), last_reported="") == WatchedLane(CHANGED, 3.0)


def test_a_lane_that_is_new_is_due_at_once() -> None:
    watch, reports = set_lanes(_one(), [A, B], 2.0)
    assert (_of(watch, B), reports) == (WatchedLane(B, 2.0), ())
    assert take_due(watch, 2.0)[1] == (B,)


def test_a_lane_that_left_while_it_was_worked_on_is_away_until_that_ends() -> None:
    watch, _ = set_lanes(_one(busy=True), [B], 1.0)
    assert watch.removed_while_busy == {A.name}
    back, _ = set_lanes(watch, [A, B], 2.0)
    assert _of(back) == WatchedLane(A, None, busy=True, updated_while_busy=True)
    ended, reports = on_result(watch, A.name, Success(MENDED), 3.0, 0.0)
    assert (ended.removed_while_busy, reports) == (frozenset(), ())
    later, _ = set_lanes(ended, [A, B], 4.0)
    assert _of(later) == WatchedLane(A, 4.0)


def test_failures_of_while_podman_was_away_do_not_count_and_others_do() -> None:
    troubled = _one(failures=3, due=50.0)
    lost, _ = engine_lost(troubled, AWAY)
    back, reports = engine_reconnected(lost, 2.0)
    assert (back.lost, reports) == (False, (Report("engine back"),))
    assert _of(back) == WatchedLane(A, 2.0, last_reported="fine")
    # The first time that podman is heard it was not away.
    first, reports = engine_reconnected(troubled, 2.0)
    assert (first.lost, reports) == (False, ())
    assert _of(first) == _of(troubled)
    assert first.resync_at == 1002.0


def test_a_podman_that_is_away_says_its_error_at_the_third_time() -> None:
    unsure = NotReady("no")
    assert _told(_one(failures=1), Failure(AWAY))[1] == ()
    assert _told(_one(failures=2), Failure(AWAY))[1] == (Report("failing", A, error=AWAY),)
    assert _told(_one(), Failure(unsure))[1] == (Report("failing", A, error=unsure),)
