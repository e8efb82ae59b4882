"""A crew does each task once, a few at once, and waiting takes no place."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanekit.core.application.pool import LanePool, map_concurrently


class _Gauge:
    """How many work at the same time; those that wait are not counted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = self.done = 0

    def enter(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def leave(self) -> None:
        with self.lock:
            self.now -= 1


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=40))
@settings(max_examples=40, deadline=None)
def test_each_task_is_done_once_and_no_more_than_jobs_work_at_once(
    jobs: int, waits: list[bool]
) -> None:
    crew, gauge = LanePool(jobs), _Gauge()
    finished = threading.Semaphore(0)

    def task(*, waits: bool) -> None:
        gauge.enter()
        if waits:
            gauge.leave()
            with crew.yield_slot():
                time.sleep(0.001)
            gauge.enter()
        with gauge.lock:
            gauge.done += 1
        gauge.leave()
        finished.release()

    for one in waits:
        crew.add(partial(task, waits=one))
    crew.close()
    assert all(finished.acquire(timeout=20) for _ in waits)
    assert gauge.done == len(waits)
    assert gauge.most <= jobs
    _until_no_thread_is_left()


def _until_no_thread_is_left() -> None:
    deadline = time.monotonic() + 20
    while any(thread.name == "lanekit" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a thread waits for a task that never comes"
        time.sleep(0.001)


def test_one_that_waits_holds_up_no_other() -> None:
    crew, go, finished = LanePool(1), threading.Event(), threading.Event()

    def first() -> None:
        with crew.yield_slot():
            assert go.wait(20)

    crew.add(first)
    crew.add(go.set)
    crew.add(finished.set)
    crew.close()
    assert finished.wait(20)
    _until_no_thread_is_left()


def test_each_gives_results_in_order_and_raises_what_is_raised() -> None:
    assert map_concurrently(range(30), lambda n: n * n, 4) == [n * n for n in range(30)]
    assert map_concurrently([], lambda n: n, 4) == []
    for few in ([0], [1, 0, 2]):
        with pytest.raises(ZeroDivisionError):
            _ = map_concurrently(few, lambda n: 1 // n, 4)
    with pytest.raises(ValueError, match="no way"):
        _ = LanePool(0)


def test_interrupted_map_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    add = LanePool.add

    def interrupted(pool: LanePool, task: Callable[[], None]) -> None:
        add(pool, task)
        raise KeyboardInterrupt

    monkeypatch.setattr(LanePool, "add", interrupted)
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        _ = map_concurrently([1, 2], str, 2)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
