"""`Fleet`: what `Lanes` knows of its lanes, and can do with one, alone or among many."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import TypeAlias

from returns.result import Failure, Success

from lanekit.core.application.context import Target, World
from lanekit.core.application.ensure import Ensure, Manner
from lanekit.core.application.lane_task import OneLane
from lanekit.core.application.observe import Aside, Asked, glance_one
from lanekit.core.application.prepare import ReadConfig
from lanekit.core.application.wait_ready import begin_to_ask
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import LaneError, Outcome
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import Observation, Snapshot
from lanekit.core.domain.results import Ensured
from lanekit.core.ports.lock import LaneNote
from lanekit.core.ports.probe import Begun, EagerProbe

Held: TypeAlias = AbstractContextManager[LaneNote]


class _Unfit(Exception):
    """There can be no such lane: what podman knows of it is not waited for."""

    def __init__(self, why: Failure[LaneError]) -> None:
        super().__init__()
        self.why = why


@dataclass(frozen=True)
class Fleet:
    """`lock_timeout`, in seconds: how long to wait for a lane that another process works on."""

    world: World
    manner: Manner
    lock_timeout: float
    image_of: Callable[[Lane], Outcome[str]]
    """The image of a lane whose names are sound; else `InvalidLane`. Reads no file."""
    prepare: Callable[[Lane, ReadConfig | None], Outcome[Target]]
    hold: Callable[[Lane, float], Outcome[Held]]

    def ensure(self, lane: Lane) -> Outcome[Ensured]:
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

    def _ensure(self, lane: Lane, image: str, note: LaneNote, begun: float) -> Outcome[Ensured]:
        """The lane's files are read while podman looks for its container, and the worker is asked
        while it looks for the image, which takes it longest.
        """
        with closing(_Beside(self, lane)) as beside:
            asked = Asked(lane.container_name, image, note.read())
            aside = Aside(beside.read, beside.ask)
            try:
                seen = glance_one(self.world.engine, asked, aside)
            except _Unfit as unfit:
                return unfit.why
            target = beside.target
            if target is None:
                target = self.prepare(lane, None)
            if isinstance(target, Failure):
                return target
            one = Ensure(self.world, target.unwrap(), note, self.manner, begun)
            return one.run(seen, beside.begun)

    def ensure_held(
        self, one: OneLane, read: ReadConfig, note: LaneNote, seen: Outcome[Observation] | None
    ) -> Outcome[Ensured]:
        """Make one of many so; its lock is held, and perhaps it has been looked at under it."""
        begun = self.world.clock.now()
        target = self.prepare(one.lane, read)
        if isinstance(target, Failure):
            return target
        manner = replace(self.manner, listen=one.listener(self.manner.listen))
        return Ensure(one.world, target.unwrap(), note, manner, begun).run(seen)


class _Beside:
    """What is done for a lane while podman looks for its container and its image."""

    def __init__(self, fleet: Fleet, lane: Lane) -> None:
        self._fleet = fleet
        self._lane = lane
        self.target: Outcome[Target] | None = None
        self.begun: Begun | None = None

    def read(self) -> None:
        """Read the lane's files."""
        self.target = self._fleet.prepare(self._lane, None)
        if isinstance(self.target, Failure):
            raise _Unfit(self.target)

    def ask(self, current: Snapshot) -> None:
        """Begin to ask the worker of its container, which was seen a moment ago."""
        probe = self._fleet.world.probe
        if self.begun is not None:
            return
        if isinstance(self.target, Success) and isinstance(probe, EagerProbe):
            self.begun = begin_to_ask(probe, self.target.unwrap().profile, current)

    def close(self) -> None:
        """The lane is done."""
        if self.begun is not None:
            self.begun.close()
