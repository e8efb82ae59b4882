"""A crew: threads that work off a list of tasks, a few at once, waiting ones not counted.

What costs podman something is done by at most `jobs` at once. A task that only waits (for a worker
to answer, for another process's lock) gives its place to the next one meanwhile, so that one slow
lane holds up no other. Not concurrent.futures: it has no such places, and costs start-up.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

Task = Callable[[], None]

# Waiting costs a thread each. Far more lanes than this do not start at the same time.
_MOST = 64
_FEW = 2


T = TypeVar("T")
R = TypeVar("R")


def map_concurrently(items: Sequence[T], work: Callable[[T], R], jobs: int) -> list[R]:
    """What `work` gives for each, in order; up to `jobs` at once. What it raises is raised."""
    if len(items) < _FEW:
        return [work(item) for item in items]
    results: dict[int, R] = {}
    raised: list[BaseException] = []
    done = threading.Semaphore(0)

    def task(at: int) -> None:
        try:
            results[at] = work(items[at])
        except BaseException as error:
            raised.append(error)
        finally:
            done.release()

    crew = LanePool(jobs)
    try:
        for at in range(len(items)):
            crew.add(partial(task, at))
    finally:
        # Also at a Ctrl-C: threads that wait for tasks would keep the process from ending.
        crew.close()
    for _ in items:
        _ = done.acquire()
    if raised:
        raise raised[0]
    return [results[at] for at in range(len(items))]


class LanePool:
    """Does each task once, in the order they were given; none may raise.

    Threads are started when there is work for them, and end after `close`.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"{jobs} at once is no way to get anything done")
        self._jobs = jobs
        self._lock = threading.Lock()
        self._new = threading.Condition(self._lock)
        self._back = threading.Condition(self._lock)
        self._tasks: deque[Task] = deque()
        self._working = self._returning = self._idle = self._threads = 0
        self._closed = False

    def add(self, task: Task) -> None:
        """One more task, to be done after those that were added before."""
        with self._lock:
            self._tasks.append(task)
            self._wake_one()

    def close(self) -> None:
        """No task will be added any more."""
        with self._lock:
            self._closed = True
            self._new.notify_all()

    def _wake_one(self) -> None:
        """If a place is free, call somebody to take it: first who has begun something."""
        if self._working >= self._jobs:
            return
        if self._returning:
            self._back.notify()
        elif self._tasks and self._idle:
            self._new.notify()
        elif self._tasks and self._threads < _MOST:
            self._threads += 1
            threading.Thread(target=self._work, name="lanekit").start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            finally:
                self._release()

    def _next(self) -> Task | None:
        with self._lock:
            while not self._tasks or self._working + self._returning >= self._jobs:
                if self._closed and not self._tasks:
                    self._threads -= 1
                    return None
                self._idle += 1
                _ = self._new.wait()
                self._idle -= 1
            task = self._tasks.popleft()
            self._working += 1
            if self._closed and not self._tasks:
                # Those that wait for a place here have nothing left to come.
                self._new.notify_all()
            self._wake_one()
            return task

    def _release(self) -> None:
        with self._lock:
            self._working -= 1
            self._wake_one()

    @contextmanager
    def yield_slot(self) -> Generator[None]:
        """Within, the calling task does nothing but wait: another may work meanwhile."""
        self._release()
        try:
            yield
        finally:
            self._reacquire()

    def _reacquire(self) -> None:
        with self._lock:
            self._returning += 1
            while self._working >= self._jobs:
                _ = self._back.wait()
            self._returning -= 1
            self._working += 1
            self._wake_one()
