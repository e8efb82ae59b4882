"""`EnsureBatch`: the ensure of many lanes at once.

Three kinds of threads: whoever iterates waits for outcomes; one looks at podman, for all lanes
together; a crew takes each lane on as soon as it has been seen. Nothing here decides anything:
each lane is the same `Ensure` as when it is alone.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeAlias

from returns.result import Failure

from lanekit.core.application.config_cache import ConfigCache
from lanekit.core.application.ensure_lane import Held, LaneEnsurer
from lanekit.core.application.lane_task import LaneCancelled, LaneTask
from lanekit.core.application.observe import ObserveRequest, observe_quickly
from lanekit.core.application.pool import LanePool
from lanekit.core.domain.errors import Interrupted, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedLane
from lanekit.core.domain.results import EnsureResult

_Done: TypeAlias = tuple[Lane, Outcome[EnsureResult] | BaseException]


# Each lane that is looked at holds a file open, its lock.
_MAX_LANES_PER_OBSERVATION = 200


class EnsureBatch:
    """Iterate it for each lane and its outcome, in the order in which they are known.

    Iterated once more, it begins with the first again. Who stops iterating does not stop the work;
    `interrupt` does: each lane finishes or undoes what it has begun, and its outcome is then
    `Interrupted`. A lane that is alone is worked on in the iterating thread, where a Ctrl-C
    interrupts it; unless it is to be worked on `apart`, where only `interrupt` does.
    """

    def __init__(
        self, fleet: LaneEnsurer, lanes: Sequence[Lane], jobs: int, *, apart: bool = False
    ) -> None:
        self._fleet = fleet
        self._lanes = tuple(lanes)
        self._stop = threading.Event()
        self._crew = LanePool(jobs)
        self._configs = ConfigCache(fleet.world.files)
        # Kept, not queued: a Ctrl-C between taking one out and giving it away would lose it.
        self._done: list[_Done] = []
        self._news = threading.Condition()
        self._broken: BaseException | None = None
        self._here = len(self._lanes) == 1 and not apart
        if self._lanes and not self._here:
            threading.Thread(target=self._observe_all, name="lanekit look").start()

    def __iter__(self) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
        for at in range(len(self._lanes)):
            lane, outcome = self._wait(at)
            if isinstance(outcome, BaseException):
                raise outcome
            yield lane, outcome

    def _wait(self, at: int) -> _Done:
        if self._here and not self._done:
            self._done.append((self._lanes[0], self._fleet.ensure(self._lanes[0])))
        with self._news:
            while len(self._done) <= at:
                if self._broken is not None:
                    raise self._broken
                _ = self._news.wait()
            return self._done[at]

    def _report_waiting(self, lane: Lane, outcome: Outcome[EnsureResult] | BaseException) -> None:
        with self._news:
            self._done.append((lane, outcome))
            self._news.notify_all()

    def interrupt(self) -> None:
        """Begin nothing more, and undo or finish what is under way; may be called at any time."""
        self._stop.set()

    def _observe_all(self) -> None:
        try:
            busy: list[Lane] = []
            for begin in range(0, len(self._lanes), _MAX_LANES_PER_OBSERVATION):
                busy += self._observe_some(self._lanes[begin : begin + _MAX_LANES_PER_OBSERVATION])
            # Those that another process works on come last.
            for lane in busy:
                self._add(lane, self._ensure_when_unlocked)
        except BaseException as error:
            # A bug, or no thread to be had: nobody shall wait for lanes that never come.
            with self._news:
                self._broken = error
                self._news.notify_all()
        finally:
            self._crew.close()

    def _observe_some(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Hand each lane to the crew once it is seen; gives those whose lock somebody else has."""
        held: list[_Locked] = []
        try:
            busy = self._lock(lanes, held)
        except BaseException:
            for locked in held:
                locked.own.close()
            raise
        if held:
            self._observe_quickly(held)
        return busy

    def _lock(self, lanes: Sequence[Lane], held: list["_Locked"]) -> list[Lane]:
        busy: list[Lane] = []
        for lane in lanes:
            image = self._fleet.image_of(lane)
            if isinstance(image, Failure):
                self._report_waiting(lane, image)
                continue
            lock = self._fleet.hold(lane, 0, None)
            if isinstance(lock, Failure):
                busy.append(lane)
            else:
                held.append(_Locked(lane, image.unwrap(), lock.unwrap()))
        return busy

    def _observe_quickly(self, held: "Sequence[_Locked]") -> None:
        untold = dict(enumerate(held))

        def tell(at: int, seen: Outcome[ObservedLane]) -> None:
            locked = untold.pop(at)

            def work(one: LaneTask) -> Outcome[EnsureResult]:
                with locked.own:
                    return self._fleet.ensure_held(one, self._configs.read, locked.journal, seen)

            self._add(locked.asked, work)

        try:
            observe_quickly(self._fleet.world.engine, [locked.asked_for for locked in held], tell)
        finally:
            for locked in untold.values():
                locked.own.close()

    def _add(self, lane: Lane, work: Callable[[LaneTask], Outcome[EnsureResult]]) -> None:
        def task() -> None:
            outcome: Outcome[EnsureResult] | BaseException
            try:
                outcome = work(LaneTask(lane, self._fleet.world, self._crew, self._stop))
            except LaneCancelled:
                outcome = Failure(_interrupted(lane))
            except BaseException as error:
                outcome = error
            self._report_waiting(lane, outcome)

        self._crew.add(task)

    def _ensure_when_unlocked(self, one: LaneTask) -> Outcome[EnsureResult]:
        """Wait for the lane's lock until all is to be over, then ensure the lane."""
        with self._crew.yield_slot():
            lock = self._fleet.hold(one.lane, self._fleet.lock_timeout, self._stop)
        if isinstance(lock, Failure):
            cancelled = isinstance(lock.failure(), Interrupted)
            return Failure(_interrupted(one.lane)) if cancelled else lock
        with lock.unwrap() as journal:
            one.checkpoint()
            return self._fleet.ensure_held(one, self._configs.read, journal, None)


class _Locked:
    """A lane whose lock is held until `own` is closed."""

    def __init__(self, lane: Lane, image: str, lock: Held) -> None:
        self.asked = lane
        self.own = ExitStack()
        self.journal = self.own.enter_context(lock)
        self.asked_for = ObserveRequest(lane.container_name, image, self.journal.read())


def _interrupted(lane: Lane) -> Interrupted:
    return Interrupted(
        "interrupted",
        hints=(Hint("ensure-again"),),
        lane=lane.name,
    )
