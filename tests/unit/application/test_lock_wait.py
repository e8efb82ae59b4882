"""Lanes whose lock somebody else has: what is told while they wait, and when they give up."""

from collections.abc import Callable
from pathlib import Path

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, Files, LaneWorld

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.api import Lanes
from lanekit.core.application.lock_wait import acquire_with_progress
from lanekit.core.domain.errors import LockTimeout, Outcome, or_raise
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.progress import Waiting

OTHER = Lane("ws", "b", "/work/other")
CALLS: dict[str, Callable[[Lanes], Outcome[object]]] = {
    "ensure": lambda lanes: lanes.ensure(LANE),
    "stop": lambda lanes: lanes.stop(LANE),
    "remove": lambda lanes: lanes.remove(LANE),
    "ensure_all of one": lambda lanes: dict(lanes.ensure_all([LANE]))[LANE],
    "ensure_all of two": lambda lanes: dict(lanes.ensure_all([LANE, OTHER]))[LANE],
}


@pytest.mark.parametrize("call", CALLS)
def test_a_lane_that_stays_busy_is_an_error_that_names_who_works_on_it(
    tmp_path: Path, call: str
) -> None:
    world, lock = LaneWorld(), FileLock(str(tmp_path / "locks"))
    _ = or_raise(world.lanes().ensure(LANE))
    before = world.ours()
    lanes = Lanes(world.engine, world.profile, files=Files(), lock=lock, lock_timeout=0.2)
    with lock.hold("ws-a", 0).unwrap():
        outcome = CALLS[call](lanes)
    assert isinstance(outcome, Failure)
    assert world.ours() == before
    error = outcome.failure()
    assert isinstance(error, LockTimeout)
    assert error.lane == "ws/a"
    assert error.message.startswith("another lanekit (process ")
    assert error.message.endswith(") is working on container ws-a")
    assert error.hints
    assert isinstance(CALLS[call](lanes), Success)


def test_a_wait_is_told_of_each_second_and_ends_in_time(tmp_path: Path) -> None:
    clock, told = VirtualClock(), list[Waiting]()
    lock = FileLock(str(tmp_path / "locks"), clock=clock)
    with lock.hold("ws-a", 0).unwrap():
        for timeout, seconds in ((0.0, []), (0.2, []), (1.0, []), (2.5, [1.0, 2.0])):
            told.clear()
            begun = clock.now()
            outcome = acquire_with_progress(lock, "ws-a", "ws/a", timeout, told.append)
            assert isinstance(outcome, Failure)
            assert clock.now() - begun == pytest.approx(timeout)
            assert [waiting.seconds for waiting in told] == seconds
            error = outcome.failure()
            assert isinstance(error, LockTimeout)
            assert {waiting.what for waiting in told} <= {f"its turn: {error.message}"}


def test_a_lock_that_is_freed_meanwhile_is_taken(tmp_path: Path) -> None:
    lock = FileLock(str(tmp_path / "locks"), clock=VirtualClock())
    held = lock.hold("ws-a", 0).unwrap()

    def free(_waiting: Waiting) -> None:
        held.__exit__(None, None, None)

    with acquire_with_progress(lock, "ws-a", "ws/a", 60, free).unwrap():
        assert isinstance(lock.hold("ws-a", 0), Failure)


def test_what_is_no_wait_is_not_waited_for(tmp_path: Path) -> None:
    _ = (tmp_path / "locks").write_text("no folder")
    told = list[Waiting]()
    outcome = acquire_with_progress(
        FileLock(str(tmp_path / "locks")), "ws-a", "ws/a", 60, told.append
    )
    assert outcome.failure().kind == "InvalidLane"
    assert told == []
