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
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedLane
from lanekit.core.domain.results import EnsureResult
from lanekit.core.ports.lock import LaneJournal

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
    hold: Callable[[Lane, float], Outcome[Held]]

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Make a lane so that is alone."""
        image = self.image_of(lane)
        if isinstance(image, Failure):
            return image
        begun = self.world.clock.now()
        held = self.hold(lane, 0)
        if isinstance(held, Failure):
            # What is wrong with a lane is told before there is a wait for it.
            target = self.prepare(lane, None)
            if isinstance(target, Failure):
                return target
            held = self.hold(lane, self.lock_timeout)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as note:
            return self._ensure(lane, image.unwrap(), note, begun)

    def _ensure(
        self, lane: Lane, image: str, note: LaneJournal, begun: float
    ) -> Outcome[EnsureResult]:
        target = self.prepare(lane, None)
        if isinstance(target, Failure):
            return target
        asked = ObserveRequest(lane.container_name, image, note.read())
        seen = observe_one_quickly(self.world.engine, asked)
        return EnsureAttempts(self.world, target.unwrap(), note, self.options, begun).run(seen)

    def ensure_held(
        self, one: LaneTask, read: ReadConfig, note: LaneJournal, seen: Outcome[ObservedLane] | None
    ) -> Outcome[EnsureResult]:
        """Make one of many so; its lock is held, and perhaps it has been looked at under it."""
        begun = self.world.clock.now()
        target = self.prepare(one.lane, read)
        if isinstance(target, Failure):
            return target
        manner = replace(self.options, listen=one.listener(self.options.listen))
        return EnsureAttempts(one.ports, target.unwrap(), note, manner, begun).run(seen)
