"""The laws of keeping lanes so."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success
from tests.support.strategies.watch import WATCHED, Step, watch_steps

from lanekit.core.domain.differences import Difference
from lanekit.core.domain.errors import EngineUnavailable, LaneError, NotReady, Outcome, StartFailed
from lanekit.core.domain.lane_events import lane_event
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ContainerEvent, Endpoint
from lanekit.core.domain.operations import Action, Start
from lanekit.core.domain.results import EnsureResult
from lanekit.core.domain.watch_schedule import (
    MAX_BACKOFF_SECONDS,
    Report,
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
JITTERS = st.floats(0, 1, exclude_max=True)
BAD: LaneError = StartFailed("could not start it")
AWAY: LaneError = EngineUnavailable("podman cannot be reached")


def _ensured(lane: Lane, *, did: bool) -> Outcome[EnsureResult]:
    done = (Start(lane.container_name, "it does not run"),) if did else ()
    action: Action = "started" if did else "none"
    return Success(
        EnsureResult(lane.name, lane.container_name, Endpoint("h", 1), action, (), done, 1.0)
    )


def _on_event(watch: WatchState, event: ContainerEvent, now: float) -> WatchState:
    """Let the watch know of what happened to a container, if that means something for lanes."""
    meant = lane_event(event)
    return watch if meant is None else on_event(watch, meant, now)


def _died(lane: Lane) -> ContainerEvent:
    return ContainerEvent("1" * 64, lane.container_name, "died")


def _quiet(now: float = 0.0) -> WatchState:
    """All lanes were found fine."""
    watch, due = take_due(start_watch(WATCHED, now, 10.0), now)
    for lane in due:
        watch, _ = on_result(watch, lane.name, _ensured(lane, did=False), now, 0.0)
    return watch


def _names(lanes: Sequence[Lane]) -> list[str]:
    return [lane.id for lane in lanes]


class Play:
    """A watch that things happen to; keeps what was begun and reported."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lanes = list(WATCHED)
        self.watch = start_watch(WATCHED, 0.0, 10.0)
        self.busy: set[str] = set()
        self.reports: list[Report] = []
        self.begun: list[tuple[float, str]] = []

    def step(self, step: Step) -> None:
        self.now += step.after
        lane = WATCHED[step.lane]
        results = {
            "fine": _ensured(lane, did=False),
            "reconciled": _ensured(lane, did=True),
            "failing": Failure(BAD),
            "away": Failure(AWAY),
        }
        match step.what:
            case "tick":
                self.tick()
            case "died":
                self.watch = _on_event(self.watch, _died(lane), self.now)
            case "change" | "drop":
                self.ask(lane, step.what)
            case "lost":
                self.take(engine_lost(self.watch, AWAY))
            case "heard":
                self.take(engine_reconnected(self.watch, self.now))
            case _ if lane.name in self.busy:
                self.busy.discard(lane.name)
                self.take(on_result(self.watch, lane.name, results[step.what], self.now, 0.5))
            case _:
                pass

    def take(self, after: tuple[WatchState, tuple[Report, ...]]) -> None:
        self.watch, reports = after
        self.reports += reports

    def ask(self, lane: Lane, what: str) -> None:
        others = [one for one in self.lanes if one.name != lane.name]
        changed = replace(lane, worktree=f"/other/{self.now}")
        self.lanes = others if what == "drop" else [*others, changed]
        self.take(set_lanes(self.watch, self.lanes, self.now))

    def tick(self) -> None:
        self.watch, due = take_due(self.watch, self.now)
        for lane in due:
            self.busy.add(lane.name)
            self.begun.append((self.now, lane.name))


@given(watch_steps())
def test_no_lane_is_worked_on_twice_at_once(steps: list[Step]) -> None:
    play = Play()
    for step in steps:
        before = set(play.busy)
        count = len(play.begun)
        play.step(step)
        assert not before & {name for _, name in play.begun[count:]}


@given(watch_steps())
def test_a_lane_is_always_due_busy_or_reached_by_the_next_resync(steps: list[Step]) -> None:
    play = Play()
    for step in steps:
        play.step(step)
    for lane in WATCHED:
        play.busy.discard(lane.name)
        play.take(on_result(play.watch, lane.name, _ensured(lane, did=False), play.now, 0.5))
    play.take(engine_reconnected(play.watch, play.now))
    play.now += max(10.0, MAX_BACKOFF_SECONDS)
    play.begun.clear()
    play.tick()
    assert {name for _, name in play.begun} == {lane.name for lane in play.lanes}


@given(watch_steps())
def test_nothing_is_begun_while_podman_is_away(steps: list[Step]) -> None:
    play = Play()
    for step in steps:
        lost = play.watch.lost
        count = len(play.begun)
        play.step(step)
        assert not (lost and len(play.begun) > count)


@given(watch_steps())
def test_nothing_is_said_twice_in_a_row_of_a_lane(steps: list[Step]) -> None:
    play = Play()
    for step in steps:
        play.step(step)
    for lane in WATCHED:
        said = [r.kind for r in play.reports if r.lane is not None and r.lane.name == lane.name]
        # Each mend is another; a lane that was gone and is back may go before it was worked on.
        # Two errors are played, so that "failing" may follow on itself with the other one.
        repeatable = ("reconciled", "gone", "failing")
        assert all(one != two or one in repeatable for one, two in pairwise(said)), said
        errors = [r.error for r in play.reports if r.lane is not None and r.lane.name == lane.name]
        assert all(one != two or one is None for one, two in pairwise(errors)), errors
    engine = [r.kind for r in play.reports if r.lane is None]
    assert engine == [("engine lost", "engine back")[n % 2] for n in range(len(engine))]


@given(JITTERS, st.integers(1, 100))
def test_pauses_double_to_the_longest_and_jitter_only_shortens(jitter: float, n: int) -> None:
    assert backoff_seconds(n, 0.0) == min(2.0 ** (n - 1), 60.0)
    assert 0.75 * backoff_seconds(n, 0.0) <= backoff_seconds(n, jitter) <= backoff_seconds(n, 0.0)


@given(st.lists(JITTERS, min_size=1, max_size=12))
def test_a_failing_lane_is_tried_after_its_pause_whatever_happens_meanwhile(
    jitters: list[float],
) -> None:
    watch, now = _on_event(_quiet(), _died(A), 1.0), 1.0
    for n, jitter in enumerate(jitters, 1):
        watch, due = take_due(watch, now)
        assert A in due
        watch = _on_event(watch, _died(A), now)
        watch, _ = on_result(watch, A.name, Failure(BAD), now, jitter)
        watch = _on_event(watch, _died(A), now)
        wait = backoff_seconds(n, jitter)
        watch, due = take_due(watch, now + wait * 0.99)
        assert A not in due
        for lane in due:
            watch, _ = on_result(watch, lane.name, _ensured(lane, did=False), now, 0.0)
        now += wait


def test_an_event_makes_its_lane_due_at_once_and_no_other() -> None:
    _, due = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    assert _names(due) == ["a"]


@pytest.mark.parametrize("action", ["start", "create", "exec_died", "health_status", "init"])
def test_what_harms_no_lane_makes_none_due(action: str) -> None:
    watch = _quiet()
    assert _on_event(watch, ContainerEvent("1", A.container_name, action), 1.0) == watch


def test_a_strange_container_makes_no_lane_due() -> None:
    watch = _quiet()
    assert _on_event(watch, ContainerEvent("1", "somebody-elses", "died"), 1.0) == watch


def test_a_rename_to_a_strange_name_may_have_been_any_lane() -> None:
    renamed = _on_event(_quiet(), ContainerEvent("1", "somebody-elses", "rename"), 1.0)
    assert _names(take_due(renamed, 1.0)[1]) == ["a", "b", "c"]


def test_what_an_ensure_did_itself_makes_one_more_and_no_third() -> None:
    watch, due = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    watch = _on_event(watch, _died(A), 1.5)
    watch, _ = on_result(watch, A.name, _ensured(A, did=True), 2.0, 0.0)
    watch, due = take_due(watch, 2.0)
    assert _names(due) == ["a"]
    watch, _ = on_result(watch, A.name, _ensured(A, did=False), 2.1, 0.0)
    assert take_due(watch, 9.9)[1] == ()


def test_an_ensure_that_did_something_and_heard_of_nothing_makes_no_other() -> None:
    watch, _ = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    watch, _ = on_result(watch, A.name, _ensured(A, did=True), 2.0, 0.0)
    assert take_due(watch, 9.9)[1] == ()


def test_what_was_heard_during_an_ensure_that_did_nothing_makes_no_other() -> None:
    watch, _ = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    watch = _on_event(watch, _died(A), 1.1)
    watch, _ = on_result(watch, A.name, _ensured(A, did=False), 1.2, 0.0)
    assert take_due(watch, 9.9)[1] == ()


def test_a_worker_that_dies_at_once_is_started_ever_less_often() -> None:
    watch, now, begun = _quiet(), 1.0, list[float]()
    while now < 600:
        watch = _on_event(watch, _died(A), now)
        watch, due = take_due(watch, now)
        if A in due:
            begun.append(now)
        for lane in due:
            watch, _ = on_result(watch, lane.name, _ensured(lane, did=lane == A), now, 0.0)
        now += 0.5
    gaps = [two - one for one, two in pairwise(begun)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == MAX_BACKOFF_SECONDS
    assert len(begun) < 20


def test_mends_that_lasted_are_never_paused_for() -> None:
    watch, now = _quiet(), 0.0
    for _ in range(20):
        now += 10.5
        watch, due = take_due(_on_event(watch, _died(A), now), now)
        assert A in due
        for lane in due:
            watch, _ = on_result(watch, lane.name, _ensured(lane, did=lane == A), now, 0.0)


def test_another_error_is_said_and_the_same_one_is_not() -> None:
    watch, said = _quiet(), list[str]()
    for now, error in enumerate([BAD, BAD, NotReady("it does not answer"), BAD]):
        watch, reports = on_result(watch, A.name, Failure(error), float(now), 0.0)
        said += [r.error.kind for r in reports if r.error]
    assert said == ["StartFailed", "NotReady", "StartFailed"]


def test_a_podman_that_is_away_for_a_moment_is_not_said_of_each_lane() -> None:
    watch, said = _quiet(), list[int]()
    for now in range(4):
        watch, reports = on_result(watch, A.name, Failure(AWAY), float(now), 0.0)
        said.append(len(reports))
    assert said == [0, 0, 1, 0]


def test_what_is_left_as_it_is_is_said_once() -> None:
    left = Difference("env", "1", "2")
    result = Success(replace(_ensured(A, did=False).unwrap(), remaining_drift=(left,)))
    watch, first = on_result(_quiet(), A.name, result, 1.0, 0.0)
    watch, second = on_result(watch, A.name, result, 2.0, 0.0)
    assert [r.kind for r in (*first, *second)] == ["drifted"]


def test_a_lane_that_changed_is_due_at_once_also_in_a_pause() -> None:
    watch, _ = on_result(_quiet(), A.name, Failure(BAD), 1.0, 0.0)
    changed = replace(A, worktree="/other")
    watch, reports = set_lanes(watch, [changed, B, C], 1.1)
    assert (take_due(watch, 1.1)[1], reports) == ((changed,), ())


def test_a_lane_that_changed_while_it_was_worked_on_is_due_after() -> None:
    watch, _ = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    changed = replace(A, worktree="/other")
    watch, _ = set_lanes(watch, [changed, B, C], 1.1)
    assert take_due(watch, 1.2)[1] == ()
    watch, _ = on_result(watch, A.name, Failure(BAD), 1.3, 0.0)
    assert take_due(watch, 1.3)[1] == (changed,)


def test_a_lane_that_left_is_said_to_be_gone_and_never_due() -> None:
    watch, reports = set_lanes(_quiet(), [B, C], 1.0)
    assert [(r.kind, r.lane) for r in reports] == [("gone", A)]
    assert _names(take_due(_on_event(watch, _died(A), 1.1), 100.0)[1]) == ["b", "c"]


def test_a_lane_that_left_and_came_back_while_it_was_worked_on_is_due_after() -> None:
    watch, _ = take_due(_on_event(_quiet(), _died(A), 1.0), 1.0)
    watch, _ = set_lanes(watch, [B, C], 1.1)
    watch, _ = set_lanes(watch, [A, B, C], 1.2)
    assert take_due(watch, 1.3)[1] == ()
    watch, _ = on_result(watch, A.name, _ensured(A, did=True), 1.4, 0.0)
    assert take_due(watch, 1.4)[1] == (A,)


def test_all_are_due_when_podman_is_back() -> None:
    watch, lost = engine_lost(_quiet(), AWAY)
    watch, again = engine_lost(watch, AWAY)
    assert take_due(watch, 100.0)[1] == ()
    watch, back = engine_reconnected(watch, 1.0)
    assert [r.kind for r in (*lost, *again, *back)] == ["engine lost", "engine back"]
    assert _names(take_due(watch, 1.0)[1]) == ["a", "b", "c"]
