"""`Fleet`: what `Lanes` knows of its lanes, and can do with one, alone or among many."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeAlias

from returns.result import Failure

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.ensure import EnsureAttempts, EnsureOptions
from lanekit.core.application.lane_task import LaneTask
from lanekit.core.application.observe import ObserveRequest, observe_one_quickly
from lanekit.core.application.prepare import ReadConfig
from lanekit.core.application.restart_stopped import restart_stopped
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import Interrupted, Outcome
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedLane
from lanekit.core.domain.results import EnsureResult
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal

Held: TypeAlias = AbstractContextManager[LaneJournal]


@dataclass(frozen=True)
class LaneEnsurer:
    """`lock_timeout`, in seconds: how long to wait for a lane that another process works on."""

    world: Ports
    options: EnsureOptions
    lock_timeout: float
    image_of: Callable[[Lane], Outcome[str]]
    """The image of a lane whose names are sound; else `InvalidLane`. Reads no file."""
    prepare: Callable[[Lane, ReadConfig | None], Outcome[PreparedLane]]
    hold: Callable[[Lane, float, Waitable | None], Outcome[Held]]
    """Hold a lane's lock: wait so many seconds at most, or until the event is set."""

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Make a lane so that is alone."""
        image = self.image_of(lane)
        if isinstance(image, Failure):
            return image
        begun = self.world.clock.now()
        held = self.hold(lane, 0, None)
        if isinstance(held, Failure):
            # What is wrong with a lane is told before there is a wait for it.
            target = self.prepare(lane, None)
            if isinstance(target, Failure):
                return target
            held = self.hold(lane, self.lock_timeout, None)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as journal:
            return self._restarting(
                lane, journal, lambda: self._ensure(lane, image.unwrap(), journal, begun)
            )

    def _restarting(
        self, lane: Lane, journal: LaneJournal, ensure: Callable[[], Outcome[EnsureResult]]
    ) -> Outcome[EnsureResult]:
        """Ensure; if that fails, start again what an earlier run stopped and never started."""
        engine = self.world.engine
        try:
            result = ensure()
        except (KeyboardInterrupt, SystemExit):
            # Not every BaseException: a test's simulated kill -9 must find things as they are.
            _ = restart_stopped(engine, lane, journal, Interrupted("interrupted"))
            raise
        if not isinstance(result, Failure):
            return result
        return Failure(restart_stopped(engine, lane, journal, result.failure()))

    def _ensure(
        self, lane: Lane, image: str, journal: LaneJournal, begun: float
    ) -> Outcome[EnsureResult]:
        target = self.prepare(lane, None)
        if isinstance(target, Failure):
            return target
        asked = ObserveRequest(lane.container_name, image, journal.read())
        seen = observe_one_quickly(self.world.engine, asked)
        return EnsureAttempts(self.world, target.unwrap(), journal, self.options, begun).run(seen)

    def ensure_held(
        self,
        one: LaneTask,
        read: ReadConfig,
        journal: LaneJournal,
        seen: Outcome[ObservedLane] | None,
    ) -> Outcome[EnsureResult]:
        """Reconcile one of many; its lock is held, and perhaps it was observed under it."""
        return self._restarting(
            one.lane, journal, lambda: self._ensure_held(one, read, journal, seen)
        )

    def _ensure_held(
        self,
        one: LaneTask,
        read: ReadConfig,
        journal: LaneJournal,
        seen: Outcome[ObservedLane] | None,
    ) -> Outcome[EnsureResult]:
        begun = self.world.clock.now()
        target = self.prepare(one.lane, read)
        if isinstance(target, Failure):
            return target
        options = replace(self.options, listen=one.listener(self.options.listen))
        return EnsureAttempts(one.ports, target.unwrap(), journal, options, begun).run(seen)
