"""A backend without containers: one object per lane that a controller keeps running.

It stands for Kubernetes: no rename, no engine, no host files, no lock file. `Lanes`, the watch and
the command must not notice.
"""

import itertools
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from returns.result import Failure, Success

from lanekit.core.domain.differences import Difference, Drift
from lanekit.core.domain.errors import (
    EngineUnavailable,
    Interrupted,
    InvalidLane,
    InvalidState,
    LaneError,
    NotFound,
    NotOwned,
    Outcome,
)
from lanekit.core.domain.lane_events import LaneEvent
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.operations import Action, Start
from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
from lanekit.core.domain.validation import identity_errors
from lanekit.core.ports.engine import Streams

_URL_PORT = 8080


@dataclass
class LaneObject:
    """What the cluster has of a lane: labels, image, and whether its worker runs."""

    uid: int
    workspace: str
    lane: str
    fleet: str
    image: str
    replicas: int = 1


@dataclass
class ObjectBackend:
    """A `LaneBackend` of objects by name. `broken`: the error of every call, while it is set."""

    objects: dict[str, LaneObject] = field(default_factory=lambda: {})
    log: str = ""
    broken: LaneError | None = None
    description: str = "objects"
    _uids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _subscriptions: list["Subscription"] = field(default_factory=lambda: [])
    _lease: threading.RLock = field(default_factory=threading.RLock)

    def validate(self, lane: Lane) -> Outcome[None]:
        """There are no bind mounts and no host git here."""
        if lane.profile is None:
            return Failure(InvalidLane("the lane has no profile"))
        if errors := identity_errors(lane, lane.profile):
            return Failure(InvalidLane(errors[0][1]))
        if lane.profile.mounts or lane.profile.git != "none":
            return Failure(InvalidLane("objects have no mounts and no git of the host"))
        return Success(None)

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Apply the object, and start its worker."""
        with self._lease:
            planned = self._plan(lane)
            if isinstance(planned, Failure):
                return planned
            todo, profile = planned.unwrap(), lane.profile
            assert profile is not None
            if todo.action != "none":
                uid = next(self._uids)
                made = LaneObject(uid, lane.workspace, lane.id, lane.fleet, profile.image)
                self.objects[lane.container_name] = made
            operations = todo.operations
            where = self.endpoint(lane).unwrap()
            name, drift = lane.container_name, todo.drift
            return Success(
                EnsureResult(lane.name, name, where, todo.action, drift, operations, 0.1)
            )

    def ensure_all(self, lanes: Sequence[Lane], jobs: int, *, background: bool) -> "Batch":
        """One after the other, when it is iterated."""
        _ = jobs, background
        return Batch(self, lanes)

    def plan(self, lanes: Sequence[Lane]) -> list[Outcome[Plan]]:
        """By the image alone."""
        return [self._plan(lane) for lane in lanes]

    def _plan(self, lane: Lane) -> Outcome[Plan]:
        checked = self.validate(lane)
        if isinstance(checked, Failure):
            return checked
        found = self._find(lane)
        if isinstance(found, Failure):
            return found
        there, drift = found.unwrap(), self._drift(lane, found.unwrap())
        action: Action = "none"
        if there is None:
            action = "created"
        elif drift:
            action = "replaced"
        elif not there.replicas:
            action = "started"
        name = lane.container_name
        operations = () if action == "none" else (Start(name, "it is wanted"),)
        return Success(Plan(lane.name, name, action, drift, operations))

    @staticmethod
    def _drift(lane: Lane, there: LaneObject | None) -> Drift:
        image = "" if lane.profile is None else lane.profile.image
        if there is None or there.image == image:
            return ()
        return (Difference("image", image, there.image, "replace"),)

    def status(self, lanes: Sequence[Lane]) -> list[Outcome[LaneStatus]]:
        """One list of all objects."""
        return [self._status(lane) for lane in lanes]

    def _status(self, lane: Lane) -> Outcome[LaneStatus]:
        found = self._find(lane)
        if isinstance(found, Failure):
            return found
        there = found.unwrap()
        where = self.endpoint(lane)
        return Success(
            LaneStatus(
                lane.name,
                lane.container_name,
                "missing" if there is None else "running" if there.replicas else "stopped",
                None if isinstance(where, Failure) else where.unwrap(),
                ready=there is not None and there.replicas > 0,
                drift=self._drift(lane, there),
            )
        )

    def endpoint(self, lane: Lane) -> Outcome[Endpoint]:
        """A name that is known inside of the cluster."""
        running = self._running(lane)
        if isinstance(running, Failure):
            return running
        return Success(Endpoint(f"{lane.container_name}.svc", _URL_PORT))

    def logs(self, lane: Lane, tail: int) -> Outcome[str]:
        """What was set."""
        running = self._running(lane)
        return running if isinstance(running, Failure) else Success(self.log[-tail * 80 :])

    def execute(
        self, lane: Lane, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """Its status is the number of its words."""
        _ = streams, tty
        running = self._running(lane)
        return running if isinstance(running, Failure) else Success(len(command))

    def stop(self, lane: Lane) -> Outcome[StopResult]:
        """No replicas."""
        found = self._find(lane)
        if isinstance(found, Failure):
            return found
        there = found.unwrap()
        if there is None or not there.replicas:
            return Success("missing" if there is None else "not running")
        there.replicas = 0
        return Success("stopped")

    def remove(self, lane: Lane) -> Outcome[RemoveResult]:
        """The object; a claim would stay."""
        found = self._find(lane)
        if isinstance(found, Failure):
            return found
        gone = self.objects.pop(lane.container_name, None)
        return Success("missing" if gone is None else "removed")

    def events(self) -> Outcome["Subscription"]:
        """What `evict` does."""
        if self.broken is not None:
            return Failure(self.broken)
        self._subscriptions.append(Subscription())
        return Success(self._subscriptions[-1])

    def evict(self, name: str) -> None:
        """Let a lane's worker end, and whoever listens hear of it."""
        self.objects[name].replicas = 0
        for subscription in self._subscriptions:
            subscription.came.put(LaneEvent(name))

    def find_orphans(self, fleet: str, lanes: Sequence[Lane]) -> Outcome[OrphanReport]:
        """By labels."""
        if self.broken is not None:
            return Failure(self.broken)
        known = {(lane.workspace, lane.id) for lane in lanes}
        rest = [
            (name, one)
            for name, one in sorted(self.objects.items())
            if (one.workspace, one.lane) not in known
        ]
        orphans = [_orphan(name, one) for name, one in rest if one.fleet == fleet]
        others = [one.fleet for _, one in rest if one.fleet not in ("", fleet)]
        unlabelled = [name for name, one in rest if not one.fleet]
        return Success(OrphanReport(tuple(orphans), tuple(others), tuple(unlabelled)))

    def remove_orphan(
        self, fleet: str, lanes: Sequence[Lane], orphan: Orphan, *, running: bool, grace: float
    ) -> Outcome[OrphanRemoval]:
        """By its uid."""
        _ = grace
        found = self.find_orphans(fleet, lanes)
        if isinstance(found, Failure):
            return found
        now = {one.id: one for one in found.unwrap().orphans}.get(orphan.id)
        if now is None:
            return Success("changed")
        if now.runs and not running:
            return Success("runs")
        del self.objects[orphan.container]
        return Success("removed")

    def _find(self, lane: Lane) -> Outcome[LaneObject | None]:
        if self.broken is not None:
            return Failure(self.broken)
        there = self.objects.get(lane.container_name)
        if there is not None and (there.workspace, there.lane) != (lane.workspace, lane.id):
            return Failure(NotOwned(f"{lane.container_name} is another lane's"))
        return Success(there)

    def _running(self, lane: Lane) -> Outcome[LaneObject]:
        found = self._find(lane)
        if isinstance(found, Failure):
            return found
        there = found.unwrap()
        if there is None:
            return Failure(NotFound("there is no such object"))
        return Success(there) if there.replicas else Failure(InvalidState("it has no replicas"))


def _orphan(name: str, one: LaneObject) -> Orphan:
    lane, runs = f"{one.workspace}/{one.lane}", one.replicas > 0
    state = "running" if runs else "stopped"
    return Orphan(str(one.uid), name, state, runs, lane, name, "no lane of the fleet file")


class Batch:
    """The lanes one after the other."""

    def __init__(self, backend: ObjectBackend, lanes: Sequence[Lane]) -> None:
        self._backend = backend
        self._lanes = lanes
        self._stop = False

    def __iter__(self) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
        for lane in self._lanes:
            if self._stop:
                yield lane, Failure(Interrupted("interrupted"))
            else:
                yield lane, self._backend.ensure(lane)

    def interrupt(self) -> None:
        """No more."""
        self._stop = True


class Subscription:
    """The events since it was opened."""

    def __init__(self) -> None:
        self.came: queue.SimpleQueue[LaneEvent | None] = queue.SimpleQueue()

    def next(self, timeout: float) -> Outcome[LaneEvent | None]:
        """The next one."""
        try:
            event = self.came.get(timeout=timeout)
        except queue.Empty:
            return Success(None)
        if event is None:
            return Failure(EngineUnavailable("the subscription ended"))
        return Success(event)

    def close(self) -> None:
        """Wake whoever waits."""
        self.came.put(None)
