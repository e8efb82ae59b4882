"""What a watch counts, says and knows of the time, exactly; its laws are in test_watch."""

from dataclasses import replace
from itertools import pairwise

import pytest
from returns.result import Failure, Success
from tests.support.strategies import WATCHED

from lanekit.core.domain.differences import Difference
from lanekit.core.domain.errors import EngineUnavailable, LaneError, NotReady, Outcome, StartFailed
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ContainerEvent, Endpoint
from lanekit.core.domain.operations import Start
from lanekit.core.domain.results import Ensured
from lanekit.core.domain.watch_schedule import (
    AT_ONCE,
    LASTING,
    Report,
    Watch,
    Watched,
    asked,
    begin,
    engine_heard,
    engine_lost,
    heard,
    outcome,
    pause,
    tick,
)

A, B, C = WATCHED
BAD: LaneError = StartFailed("could not start it")
AWAY: LaneError = EngineUnavailable("podman cannot be reached")
FINE = Ensured(A.name, A.container_name, Endpoint("h", 1), "none", (), (), 1.0)
MENDED = replace(FINE, action="started", operations=(Start(A.container_name, "it is exited"),))
LEFT = replace(FINE, left=(Difference("env", "1", "2"), Difference("image", "i", "j")))
NAME = A.container_name
DIED = ContainerEvent("1" * 64, NAME, "died")


def _one(**known: object) -> Watch:
    """A watch of one lane that was found fine, at 0."""
    one = replace(Watched(A, None, said="fine"), **known)  # type: ignore[arg-type]  # any field
    return Watch((one,), resync=1000.0, resync_at=1000.0)


def _of(watch: Watch, lane: Lane = A) -> Watched:
    one = watch.of(lane.name)
    assert one is not None
    return one


def _told(
    watch: Watch, result: Outcome[Ensured], now: float = 0.0
) -> tuple[Watched, tuple[Report, ...]]:
    after, reports = outcome(watch, A.name, result, now, 0.0)
    return _of(after), reports


def test_it_wakes_for_what_is_due_first_and_not_while_podman_is_away() -> None:
    watch = begin(WATCHED, 1.0, 10.0)
    assert (watch.wake_at(), watch.resync_at) == (1.0, 11.0)
    watch, _ = tick(watch, 1.0)
    assert watch.wake_at() == 11.0, "all are worked on"
    watch, _ = outcome(watch, A.name, Failure(BAD), 4.0, 0.0)
    assert watch.wake_at() == 5.0, "its pause is over"
    assert engine_lost(watch, AWAY)[0].wake_at() is None


def test_an_ensure_that_found_nothing_to_do_leaves_all_as_it_was() -> None:
    watch = _one()
    busy, due = tick(heard(watch, DIED, 1.0), 1.0)
    assert due == (A,)
    assert _of(busy) == replace(_of(watch), busy=True)
    stirred = heard(busy, DIED, 1.5)
    assert _of(stirred) == replace(_of(watch), busy=True, stirred=True)
    for each in (busy, stirred):
        assert outcome(each, A.name, Success(FINE), 2.0, 0.0) == (watch, ())


def test_what_is_said_is_the_first_of_its_kind_with_all_that_is_known() -> None:
    new = _one(said="")
    assert _told(new, Success(FINE))[1] == (Report("fine", A, FINE),)
    assert _told(new, Success(LEFT))[1] == (Report("left", A, LEFT),)
    assert _told(new, Success(MENDED))[1] == (Report("mended", A, MENDED),)
    assert _told(new, Failure(BAD))[1] == (Report("failing", A, error=BAD),)
    assert engine_lost(new, AWAY) == (
        replace(new, lost=True),
        (Report("engine lost", error=AWAY),),
    )


def test_what_was_said_is_kept_in_words() -> None:
    assert _told(_one(said=""), Success(FINE))[0].said == "fine"
    assert _told(_one(), Success(MENDED))[0].said == "fine"
    assert _told(_one(), Success(LEFT))[0].said == (
        "left: env: expected 1, actual 2; image: expected i, actual j"
    )
    failing, _ = _told(_one(), Failure(BAD))
    assert failing.said == "StartFailed: could not start it"
    # The same kind with other words is another error.
    other: LaneError = StartFailed("no such file")
    assert _told(_one(said=failing.said), Failure(other))[1] == (Report("failing", A, error=other),)


def test_a_fine_ensure_ends_a_row_of_failures() -> None:
    failed, _ = _told(_one(), Failure(BAD), 1.0)
    assert (failed.failures, failed.due) == (1, 2.0)
    again, _ = _told(_one(failures=1), Failure(BAD), 2.0)
    assert (again.failures, again.due) == (2, 4.0)
    assert _told(_one(failures=2), Success(FINE))[0].failures == 0
    assert _told(_one(failures=2), Success(MENDED))[0].failures == 0


def test_a_worker_that_dies_at_once_is_mended_thrice_and_then_with_pauses() -> None:
    watch, now, begun = _one(mended=-100.0), 0.0, list[float]()
    while now < 300:
        watch, due = tick(heard(watch, DIED, now), now)
        if due:
            begun.append(now)
            watch, _ = outcome(watch, A.name, Success(MENDED), now, 0.0)
        now += 0.25
    gaps = [two - one for one, two in pairwise(begun)]
    assert gaps == [0.25, 0.25, 0.25, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("mends", "lasts"), [(1, 10), (AT_ONCE, 10), (AT_ONCE + 1, 10), (7, 16), (9, 64), (30, 120)]
)
def test_a_mend_has_lasted_after_ten_seconds_and_twice_its_pause(mends: int, lasts: float) -> None:
    watch = _one(mends=mends, mended=5.0)
    for now, counted in ((5.0 + lasts, mends), (5.25 + lasts, 0)):
        assert _told(watch, Success(FINE), now)[0].mends == counted
        assert _told(watch, Success(MENDED), now)[0].mends == counted + 1
    assert lasts >= LASTING


def test_what_happens_to_a_lane_beside_its_own_container_is_its_business() -> None:
    for name in (NAME, f"{NAME}.next", f"{NAME}.prev"):
        watch = heard(_one(), replace(DIED, name=name), 3.0)
        assert _of(watch) == replace(_of(_one()), due=3.0)
    for name in (f".next{NAME}", f".prev{NAME}", f"{NAME}.other"):
        assert heard(_one(), replace(DIED, name=name), 3.0) == _one()


def test_a_lane_that_is_due_already_stays_so() -> None:
    assert _of(heard(_one(due=1.0), DIED, 3.0)).due == 1.0
    # In a pause nothing hurries it, and afterwards it is due in its turn.
    assert _of(heard(_one(due=9.0, failures=1), DIED, 3.0)).due == 9.0


def test_at_most_so_many_lanes_are_begun_and_none_is_no_tick() -> None:
    watch = begin(WATCHED, 0.0, 10.0)
    assert tick(watch, 20.0, 0) == (watch, ())
    one, due = tick(watch, 0.0, 1)
    assert (due, one.wake_at()) == ((A,), 0.0)
    assert tick(one, 0.0, 5)[1] == (B, C)


def test_at_a_resync_all_are_due_from_that_very_moment() -> None:
    watch = Watch(tuple(Watched(lane, None) for lane in WATCHED), 10.0, 20.0)
    assert tick(watch, 19.99)[1] == ()
    begun, due = tick(watch, 20.0)
    assert (due, begun.resync_at) == (WATCHED, 30.0)


def test_an_ensure_that_begins_has_heard_of_nothing_yet() -> None:
    begun, _ = tick(_one(due=0.0, stirred=True, asked_anew=True), 0.0)
    assert _of(begun) == replace(_of(_one()), busy=True)


def test_jitter_takes_up_to_a_quarter() -> None:
    assert (pause(1, 0.0), pause(1, 1.0), pause(3, 0.5)) == (1.0, 0.75, 3.5)


CHANGED = replace(A, worktree="/other")


def test_a_lane_that_is_asked_for_otherwise_begins_anew() -> None:
    troubled = _one(failures=3, mends=9, due=50.0)
    after, _ = asked(troubled, [CHANGED], 2.0)
    assert _of(after) == Watched(CHANGED, 2.0, said="fine")
    same, _ = asked(troubled, [A], 2.0)
    assert same == troubled
    busy, _ = asked(_one(failures=3, mends=9, busy=True), [CHANGED], 2.0)
    after, _ = outcome(busy, A.name, Failure(BAD), 3.0, 0.0)
    assert replace(_of(after), said="") == Watched(CHANGED, 3.0)


def test_a_lane_that_is_new_is_due_at_once() -> None:
    watch, reports = asked(_one(), [A, B], 2.0)
    assert (_of(watch, B), reports) == (Watched(B, 2.0), ())
    assert tick(watch, 2.0)[1] == (B,)


def test_a_lane_that_left_while_it_was_worked_on_is_away_until_that_ends() -> None:
    watch, _ = asked(_one(busy=True), [B], 1.0)
    assert watch.away == {A.name}
    back, _ = asked(watch, [A, B], 2.0)
    assert _of(back) == Watched(A, None, busy=True, asked_anew=True)
    ended, reports = outcome(watch, A.name, Success(MENDED), 3.0, 0.0)
    assert (ended.away, reports) == (frozenset(), ())
    later, _ = asked(ended, [A, B], 4.0)
    assert _of(later) == Watched(A, 4.0)


def test_failures_of_while_podman_was_away_do_not_count_and_others_do() -> None:
    troubled = _one(failures=3, due=50.0)
    lost, _ = engine_lost(troubled, AWAY)
    back, reports = engine_heard(lost, 2.0)
    assert (back.lost, reports) == (False, (Report("engine back"),))
    assert _of(back) == Watched(A, 2.0, said="fine")
    # The first time that podman is heard it was not away.
    first, reports = engine_heard(troubled, 2.0)
    assert (first.lost, reports) == (False, ())
    assert _of(first) == _of(troubled)
    assert first.resync_at == 1002.0


def test_a_podman_that_is_away_says_its_error_at_the_third_time() -> None:
    unsure = NotReady("no")
    assert _told(_one(failures=1), Failure(AWAY))[1] == ()
    assert _told(_one(failures=2), Failure(AWAY))[1] == (Report("failing", A, error=AWAY),)
    assert _told(_one(), Failure(unsure))[1] == (Report("failing", A, error=unsure),)
