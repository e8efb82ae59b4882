"""Lanes whose lock somebody else has: what is told while they wait, and when they give up."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, Files, LaneWorld

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.host.lane_lock import FileLock, HeldLock
from lanekit.api import Lanes
from lanekit.core.application.lock_wait import acquire_with_progress
from lanekit.core.domain.errors import Interrupted, LockTimeout, Outcome, or_raise
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.progress import Waiting
from lanekit.core.ports.backend import LaneBatch
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.lock import OnWait

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
            assert [waiting.seconds for waiting in told] == pytest.approx(seconds)
            error = outcome.failure()
            assert isinstance(error, LockTimeout)
            assert {waiting.what for waiting in told} <= {f"the lane lock: {error.message}"}


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


def test_cancelled_wait_ends_at_once_and_is_interrupted(tmp_path: Path) -> None:
    lock, cancel, told = FileLock(str(tmp_path / "locks")), threading.Event(), list[Waiting]()
    with lock.hold("ws-a", 0).unwrap():
        cancel.set()
        outcome = acquire_with_progress(lock, "ws-a", "ws/a", 600, told.append, cancel)
        assert isinstance(outcome.failure(), Interrupted)
        assert "another lanekit (process " in outcome.failure().detail


def test_cancelled_wait_is_given_a_lock_that_is_free(tmp_path: Path) -> None:
    lock, cancel, told = FileLock(str(tmp_path / "locks")), threading.Event(), list[Waiting]()
    cancel.set()
    with acquire_with_progress(lock, "ws-a", "ws/a", 600, told.append, cancel).unwrap():
        assert isinstance(lock.hold("ws-a", 0), Failure)


class _InterruptedLock(FileLock):
    """Whoever waits for it is interrupted in the moment in which it comes free."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.batch = Future[LaneBatch]()
        # Kept, so that nothing frees them by the way.
        self.given: list[HeldLock] = []

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> Outcome[HeldLock]:
        if timeout == 0:
            return Failure(LockTimeout("busy"))
        held = super().hold(container_name, timeout, on_wait, cancel)
        self.given.append(held.unwrap())
        self.batch.result(60).interrupt()
        return held


def test_interrupt_that_meets_a_free_lock_keeps_no_lock(tmp_path: Path) -> None:
    world, folder = LaneWorld(), str(tmp_path / "locks")
    lock = _InterruptedLock(folder)
    lanes = Lanes(world.engine, world.profile, files=Files(), lock=lock)
    batch = lanes.ensure_all([LANE, OTHER])
    lock.batch.set_result(batch)
    for _, outcome in batch:
        assert isinstance(outcome.failure(), Interrupted)
    for lane in (LANE, OTHER):
        with FileLock(folder).hold(lane.container_name, 0).unwrap():
            pass
    assert world.ours() == []
    assert lock.given


def test_lock_that_is_forgotten_before_its_block_is_free(tmp_path: Path) -> None:
    lock = FileLock(str(tmp_path / "locks"))
    held = lock.hold("ws-a", 0)
    assert isinstance(lock.hold("ws-a", 0), Failure)
    del held
    assert isinstance(lock.hold("ws-a", 0), Success)
