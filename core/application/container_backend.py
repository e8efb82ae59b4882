"""`ContainerBackend`: lanes as containers of an engine on this host."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from returns.result import Failure, Success

from lanekit.core.application import lifecycle, remove_orphans
from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.ensure import EnsureOptions
from lanekit.core.application.ensure_batch import EnsureBatch
from lanekit.core.application.ensure_lane import LaneEnsurer
from lanekit.core.application.lock_wait import acquire_with_progress
from lanekit.core.application.observe import observe, with_mount_health
from lanekit.core.application.planning import plan_with_idle_check
from lanekit.core.application.pool import map_concurrently
from lanekit.core.application.prepare import ReadConfig, prepare, validation_failure
from lanekit.core.application.restart_stopped import forget_all_stopped
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.errors import InvalidLane, LaneError, Outcome, for_lane
from lanekit.core.domain.journal import EMPTY
from lanekit.core.domain.lane_events import LaneEvent, lane_event
from lanekit.core.domain.lanes import DEFAULT_GRACE_SECONDS, Lane
from lanekit.core.domain.observed import Endpoint, ObservedLane
from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.redaction import redact_error
from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
from lanekit.core.domain.validation import identity_errors
from lanekit.core.ports.backend import LaneEvents
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.engine import ContainerEngine, EventStream, Streams
from lanekit.core.ports.journal import LaneJournal

_CONCURRENT_PROBES = 16
_ANY_NAME = "lanekit-watch"

_Held = AbstractContextManager[LaneJournal]
_Observed = tuple[Lane, Outcome[PreparedLane], Outcome[ObservedLane]]


class ContainerBackend:
    """A `LaneBackend` over a `ContainerEngine`: observe, decide, plan, execute.

    Args:
        ports: the engine and the other ports.
        options: how to reconcile, and who is told of progress.
        lock_timeout: seconds to wait for another process that works on the same lane.
    """

    def __init__(self, ports: Ports, options: EnsureOptions, lock_timeout: float) -> None:
        self._ports = ports
        self._options = options
        self._lock_timeout = lock_timeout
        self._ensurer = LaneEnsurer(
            ports,
            options,
            lock_timeout,
            image_of=_image_of,
            prepare=self._prepare,
            hold=self._hold,
        )

    @property
    def engine(self) -> ContainerEngine:
        """The engine in use."""
        return self._ports.engine

    @property
    def description(self) -> str:
        """What people call the engine."""
        return self._ports.engine.description

    def validate(self, lane: Lane) -> Outcome[None]:
        """Check the lane and its profile; read no file and ask no engine."""
        if lane.profile is None:
            return Failure(_no_profile(lane))
        return validation_failure(lane, lane.profile) or Success(None)

    def spec(self, lane: Lane) -> Outcome[ContainerSpec]:
        """Return what the lane's container must be; read the host's files, ask no engine."""
        prepared = self._prepare(lane)
        return prepared if isinstance(prepared, Failure) else Success(prepared.unwrap().spec)

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """See `LaneBackend.ensure`."""
        return self._ensurer.ensure(lane)

    def ensure_all(self, lanes: Sequence[Lane], jobs: int, *, background: bool) -> EnsureBatch:
        """See `LaneBackend.ensure_all`; each distinct image is observed once."""
        return EnsureBatch(self._ensurer, lanes, jobs, apart=background)

    def plan(self, lanes: Sequence[Lane]) -> list[Outcome[Plan]]:
        """See `LaneBackend.plan`."""
        return [self._plan(prepared, observed) for _, prepared, observed in self._observe(lanes)]

    def _plan(
        self, prepared: Outcome[PreparedLane], observed: Outcome[ObservedLane]
    ) -> Outcome[Plan]:
        if isinstance(prepared, Failure):
            return prepared
        if isinstance(observed, Failure):
            return observed
        target = prepared.unwrap()
        seen = with_mount_health(self._ports.files, target.spec, observed.unwrap())
        plan = plan_with_idle_check(target, seen, self._options.policy, self._ports.probe)
        if isinstance(plan, Failure) or not plan.unwrap().replaces:
            return plan
        from lanekit.core.application.data_loss import (  # noqa: PLC0415 - only a replace loses
            with_data_loss,
        )

        return with_data_loss(self._ports, target, seen, plan.unwrap())

    def status(self, lanes: Sequence[Lane]) -> list[Outcome[LaneStatus]]:
        """See `LaneBackend.status`."""
        # A worker that hangs takes its time to be found out: not one after the other.
        return map_concurrently(list(self._observe(lanes)), self._status, _CONCURRENT_PROBES)

    def _status(self, each: _Observed) -> Outcome[LaneStatus]:
        lane, prepared, observed = each
        if isinstance(prepared, Failure):
            return self._status_without_drift(lane, prepared.failure())
        if isinstance(observed, Failure):
            return self._status_without_drift(lane, observed.failure())
        return lifecycle.status(
            self._ports, prepared.unwrap(), observed.unwrap(), self._options.policy
        )

    def _status_without_drift(self, lane: Lane, error: LaneError) -> Outcome[LaneStatus]:
        profile = lane.profile
        if profile is None or _identity_failure(lane):
            return Failure(error)
        fault = redact_error(for_lane(error, lane.name), profile.env)
        return lifecycle.status_without_drift(self._ports, lane, profile, fault)

    def endpoint(self, lane: Lane) -> Outcome[Endpoint]:
        """See `LaneBackend.endpoint`; found by the container's inspect."""
        return _identity_failure(lane) or lifecycle.endpoint(self.engine, lane)

    def logs(self, lane: Lane, tail: int) -> Outcome[str]:
        """See `LaneBackend.logs`."""
        return _identity_failure(lane) or lifecycle.logs(self.engine, lane, tail)

    def execute(
        self, lane: Lane, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """See `LaneBackend.execute`. Takes no lock: an ensure may end the command."""
        return _identity_failure(lane) or lifecycle.execute(
            self.engine, lane, command, streams, tty=tty
        )

    def stop(self, lane: Lane) -> Outcome[StopResult]:
        """See `LaneBackend.stop`; also a paused container."""
        held = _identity_failure(lane) or self._hold(lane, self._lock_timeout)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as journal:
            # Nothing starts again what somebody wants to be stopped.
            forgotten = forget_all_stopped(journal)
            if isinstance(forgotten, Failure):
                return forgotten
            return lifecycle.stop(self.engine, lane, _grace(lane), self._options.listen)

    def remove(self, lane: Lane) -> Outcome[RemoveResult]:
        """See `LaneBackend.remove`; with the container's anonymous volumes."""
        held = _identity_failure(lane) or self._hold(lane, self._lock_timeout)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as journal:
            _ = journal.write(EMPTY, durable=False)
            return lifecycle.remove(self.engine, lane, _grace(lane), self._options.listen)

    def events(self) -> Outcome[LaneEvents]:
        """See `LaneBackend.events`."""
        opened = self.engine.events()
        if isinstance(opened, Failure):
            return opened
        stream = opened.unwrap()
        # A podman command that prints events runs whether or not podman can do anything.
        answered = self.engine.inspect([_ANY_NAME])
        if isinstance(answered, Failure):
            stream.close()
            return answered
        return Success(_ContainerEvents(stream))

    def find_orphans(self, fleet: str, lanes: Sequence[Lane]) -> Outcome[OrphanReport]:
        """See `LaneBackend.find_orphans`; found by labels."""
        return remove_orphans.find_orphans(self.engine, fleet, lanes)

    def remove_orphan(
        self, fleet: str, lanes: Sequence[Lane], orphan: Orphan, *, running: bool, grace: float
    ) -> Outcome[OrphanRemoval]:
        """See `LaneBackend.remove_orphan`; under the lane's lock."""
        return remove_orphans.remove_orphan(
            self.engine, self._hold_orphan, fleet, lanes, orphan, running=running, grace=grace
        )

    def _hold_orphan(self, orphan: Orphan) -> Outcome[_Held]:
        return self._acquire(orphan.base, orphan.lane, self._lock_timeout)

    def _hold(self, lane: Lane, timeout: float, cancel: Waitable | None = None) -> Outcome[_Held]:
        return self._acquire(lane.container_name, lane.name, timeout, cancel)

    def _acquire(
        self, container_name: str, lane: str, timeout: float, cancel: Waitable | None = None
    ) -> Outcome[_Held]:
        lock, listen = self._ports.lock, self._options.listen
        return acquire_with_progress(lock, container_name, lane, timeout, listen, cancel)

    def _prepare(self, lane: Lane, read: ReadConfig | None = None) -> Outcome[PreparedLane]:
        if lane.profile is None:
            return Failure(_no_profile(lane))
        return prepare(self._ports.files, lane, lane.profile, read)

    def _observe(self, lanes: Sequence[Lane]) -> Iterator[_Observed]:
        prepared = [self._prepare(lane) for lane in lanes]
        specs = [one.unwrap().spec for one in prepared if not isinstance(one, Failure)]
        journals = [self._ports.lock.read_journal(spec.name) for spec in specs]
        observed = iter(observe(self.engine, specs, journals) if specs else ())
        for lane, one in zip(lanes, prepared, strict=True):
            failed = isinstance(one, Failure)
            yield lane, one, Success(ObservedLane()) if failed else next(observed)


class _ContainerEvents:
    """The events of containers, as those of lanes."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self.close = stream.close

    def next(self, timeout: float) -> Outcome[LaneEvent | None]:
        came = self._stream.next(timeout)
        if isinstance(came, Failure):
            return came
        event = came.unwrap()
        return Success(None if event is None else lane_event(event))


def _identity_failure(lane: Lane) -> Failure[LaneError] | None:
    """Return why nothing may be asked about this lane; None if all may."""
    errors = identity_errors(lane, lane.profile)
    messages = "; ".join(message for _, message in errors)
    return Failure(InvalidLane(messages, lane=lane.name)) if errors else None


def _image_of(lane: Lane) -> Outcome[str]:
    if lane.profile is None:
        return Failure(_no_profile(lane))
    return _identity_failure(lane) or Success(lane.profile.image)


def _no_profile(lane: Lane) -> InvalidLane:
    return InvalidLane("the lane has no profile, and neither has Lanes", lane=lane.name)


def _grace(lane: Lane) -> float:
    return lane.profile.stop_grace if lane.profile else DEFAULT_GRACE_SECONDS
