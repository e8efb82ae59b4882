"""`Fleet`: what `Lanes` knows of its lanes, and can do with one, alone or among many."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import TypeAlias

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.ensure import EnsureAttempts, EnsureOptions
from lanekit.core.application.lane_task import LaneTask
from lanekit.core.application.observe import ObserveRequest, Overlap, observe_one_quickly
from lanekit.core.application.prepare import ReadConfig
from lanekit.core.application.restart_stopped import restart_stopped
from lanekit.core.application.wait_ready import start_probe
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import Interrupted, LaneError, Outcome
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedContainer, ObservedLane
from lanekit.core.domain.results import EnsureResult
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal
from lanekit.core.ports.probe import PendingProbe, StartableProbe

Held: TypeAlias = AbstractContextManager[LaneJournal]


class _InvalidLaneAbort(Exception):
    """There can be no such lane: what podman knows of it is not waited for."""

    def __init__(self, why: Failure[LaneError]) -> None:
        super().__init__()
        self.why = why


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
        """The lane's files are read while podman looks for its container, and the worker is asked
        while it looks for the image, which takes it longest.
        """
        with closing(_Prefetch(self, lane)) as beside:
            asked = ObserveRequest(lane.container_name, image, journal.read())
            aside = Overlap(beside.read, beside.ask)
            try:
                seen = observe_one_quickly(self.world.engine, asked, aside)
            except _InvalidLaneAbort as unfit:
                return unfit.why
            target = beside.target
            if target is None:
                target = self.prepare(lane, None)
            if isinstance(target, Failure):
                return target
            one = EnsureAttempts(self.world, target.unwrap(), journal, self.options, begun)
            return one.run(seen, beside.begun)

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


class _Prefetch:
    """What is done for a lane while podman looks for its container and its image."""

    def __init__(self, fleet: LaneEnsurer, lane: Lane) -> None:
        self._fleet = fleet
        self._lane = lane
        self.target: Outcome[PreparedLane] | None = None
        self.begun: PendingProbe | None = None

    def read(self) -> None:
        """Read the lane's files."""
        self.target = self._fleet.prepare(self._lane, None)
        if isinstance(self.target, Failure):
            raise _InvalidLaneAbort(self.target)

    def ask(self, current: ObservedContainer) -> None:
        """Begin to ask the worker of its container, which was seen a moment ago."""
        probe = self._fleet.world.probe
        if self.begun is not None:
            return
        if isinstance(self.target, Success) and isinstance(probe, StartableProbe):
            self.begun = start_probe(probe, self.target.unwrap().profile, current)

    def close(self) -> None:
        """The lane is done."""
        if self.begun is not None:
            self.begun.close()
