"""Many lanes at once end as each would alone; a Ctrl-C leaves none worse than it was."""

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success
from tests.support.lane_world import PROFILE, LaneWorld, MemoryJournal, NoLock

from lanekit.adapters.memory.engine import SimulatedKill, Worker
from lanekit.core.domain.errors import EngineTimeout, Outcome, or_raise
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.progress import Event, OperationStarted
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal
from lanekit.core.ports.lock import OnWait

NAMES = "abcdefgh"
STATES = ("missing", "running", "exited", "drifted", "crashes")


def _fleet(states: list[str]) -> list[Lane]:
    return [Lane("ws", name, f"/t/{name}") for name, _ in zip(NAMES, states, strict=False)]


def _arrange(world: LaneWorld, states: list[str]) -> list[Lane]:
    fleet = _fleet(states)
    for lane, state in zip(fleet, states, strict=True):
        if state in ("running", "exited", "drifted"):
            _ = or_raise(world.lanes().ensure(lane))
        if state == "exited":
            world.engine.exit(lane.container_name, 1)
        if state == "drifted":
            world.engine.tamper(lane.container_name, workdir="/elsewhere")
        if state == "crashes":
            world.engine.set_worker(
                lane.container_name, Worker(answers_after=5, exits_after=1, exit_code=7)
            )
    return fleet


EXPECTED = {
    "missing": "created",
    "running": "none",
    "exited": "started",
    "drifted": "replaced",
    "crashes": "WorkerExited",
}


@given(st.lists(st.sampled_from(STATES), min_size=2, max_size=8), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_many_lanes_end_as_each_would_alone(states: list[str], jobs: int) -> None:
    world = LaneWorld(profile=PROFILE)
    fleet = _arrange(world, states)
    found = dict(world.lanes().ensure_all(fleet, jobs=jobs))
    said = [
        found[lane].failure().kind
        if isinstance(found[lane], Failure)
        else or_raise(found[lane]).action
        for lane in fleet
    ]
    assert said == [EXPECTED[state] for state in states]
    good = [lane for lane, state in zip(fleet, states, strict=True) if state != "crashes"]
    again = world.lanes().ensure_all(good, jobs=jobs)
    assert {or_raise(outcome).action for _, outcome in again} <= {"none"}


@given(st.lists(st.sampled_from(STATES[:4]), min_size=2, max_size=6), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_an_interrupted_fleet_is_told_of_whole_and_loses_nothing(
    states: list[str], after: int
) -> None:
    world = LaneWorld(profile=PROFILE)
    fleet = _arrange(world, states)
    ran = {c.labels["lanekit.lane"] for c in world.engine.containers if c.state == "running"}
    count, lock, begun = [0], threading.Lock(), threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, OperationStarted):
            with lock:
                count[0] += 1
            if count[0] > after:
                _ = begun.wait(20)
                run.interrupt()

    run = world.lanes(hear).ensure_all(fleet, jobs=3)
    begun.set()
    found = dict(run)
    assert set(found) == set(fleet), "every lane is told of"
    if after == 0 and set(states) & {"missing", "drifted"}:
        assert any(isinstance(outcome, Failure) for outcome in found.values())
    for outcome in found.values():
        assert isinstance(outcome, Success) or outcome.failure().kind == "Interrupted"
    runs = [c.labels["lanekit.lane"] for c in world.engine.containers if c.state == "running"]
    assert ran <= set(runs)
    assert len(runs) == len(set(runs)), "never two of one lane"
    for _, outcome in world.lanes().ensure_all(fleet):
        assert isinstance(outcome, Success)
    assert len(world.engine.containers) == len(fleet)


def test_one_lanes_failure_stops_no_other_and_a_bug_is_raised() -> None:
    world = LaneWorld(profile=PROFILE)
    fleet = _arrange(world, ["missing"] * 4)
    world.engine.fail("create", EngineTimeout("slow"), container="ws-b.next")
    found = [(lane.id, outcome) for lane, outcome in world.lanes().ensure_all(fleet)]
    bad = [name for name, outcome in found if isinstance(outcome, Failure)]
    assert (len(found), bad) == (4, ["b"])

    def broken(_event: Event) -> None:
        raise ZeroDivisionError

    world.engine.exit("ws-a", 1)
    run = world.lanes(broken).ensure_all(fleet)
    raised = 0
    with suppress(ZeroDivisionError):
        for _ in run:
            raised += 1
    assert raised < len(fleet)


def test_a_lane_given_twice_is_made_once() -> None:
    world = LaneWorld(profile=PROFILE)
    (lane,) = _fleet(["missing"])
    actions = [or_raise(outcome).action for _, outcome in world.lanes().ensure_all([lane, lane])]
    assert sorted(actions) == ["created", "none"]


def test_a_run_that_cannot_look_raises_and_keeps_nobody_waiting() -> None:
    world = LaneWorld(profile=PROFILE)
    fleet = _arrange(world, ["missing"] * 3)
    world.engine.crash("inspect")
    with pytest.raises(SimulatedKill):
        _ = list(world.lanes().ensure_all(fleet))
    assert {or_raise(o).action for _, o in world.lanes().ensure_all(fleet)} == {"created"}


class CountedLock(NoLock):
    """Counts the locks that are held; the one of `breaks` cannot be taken at all."""

    def __init__(self, breaks: str) -> None:
        super().__init__()
        self.breaks = breaks
        self.held: list[str] = []

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> Outcome[AbstractContextManager[LaneJournal]]:
        """At once."""
        _ = timeout, on_wait, cancel
        if container_name == self.breaks:
            raise MemoryError
        return Success(self._holding(container_name))

    @contextmanager
    def _holding(self, name: str) -> Generator[LaneJournal]:
        self.held.append(name)
        try:
            yield self.journals.setdefault(name, MemoryJournal())
        finally:
            self.held.remove(name)


def test_a_run_that_cannot_lock_gives_back_the_locks_that_it_has() -> None:
    world = LaneWorld(profile=PROFILE)
    world.lock = CountedLock("ws-c")
    with pytest.raises(MemoryError) as raised:
        _ = list(world.lanes().ensure_all(_fleet(["missing"] * 3)))
    # While the error is kept its frames are too, so nothing was freed by the way.
    assert (raised.type, world.lock.held) == (MemoryError, [])
