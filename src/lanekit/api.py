"""`Lanes`, the face of lanekit for those who embed it: the ports put together, calls by lane."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from returns.result import Failure, Success

from lanekit.adapters.host.clock import SystemClock
from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.core.application import lifecycle
from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.ensure import EnsureOptions, plan_with_idle_check
from lanekit.core.application.ensure_batch import EnsureBatch
from lanekit.core.application.ensure_lane import LaneEnsurer
from lanekit.core.application.lock_wait import acquire_with_progress
from lanekit.core.application.observe import observe, with_mount_health
from lanekit.core.application.pool import map_concurrently
from lanekit.core.application.prepare import ReadConfig, prepare
from lanekit.core.application.remove_orphans import OrphanRemoval, OrphanRemover, find_orphans
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.differences import Policy
from lanekit.core.domain.errors import InvalidLane, LaneError, Outcome, for_lane
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import Endpoint, ObservedLane
from lanekit.core.domain.orphans import Orphan, OrphanReport
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.progress import Event, Listener
from lanekit.core.domain.redaction import redact, redact_error, secrets_of_all
from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
from lanekit.core.domain.validation import identity_errors
from lanekit.core.ports.clock import Clock, Waitable
from lanekit.core.ports.engine import ContainerEngine, Streams
from lanekit.core.ports.host_files import HostFiles
from lanekit.core.ports.lock import LaneJournal, LaneLock
from lanekit.core.ports.probe import Probe

if TYPE_CHECKING:
    from lanekit.core.application.watcher import Watcher
    from lanekit.core.domain.watch_schedule import Report

T = TypeVar("T")

JOBS = 4
"""How many lanes are worked on at once: on two cores more gain nothing (ADR 19)."""

_Held = AbstractContextManager[LaneJournal]
_GRACE = 10.0
_LOOKS = 16
OWN = Streams()
"""The streams of this process."""


def _nobody(_event: Event) -> None:
    return


def _to_nobody(_report: "Report") -> None:
    return


class Lanes:
    """Makes lanes so, keeps them so, and says why when it cannot.

    `engine` is `PodmanCli()` or `InMemory()`; `profile` what all lanes have in common (a lane may
    bring its own). `on_event` hears of progress, from the thread that works. `ready_timeout`
    (seconds) overrides the profiles'. `restart_unready`: a container whose worker does not answer
    in time is restarted once before that is an error. `lock_timeout` (seconds): how long to wait
    for another lanekit that works on the same lane. The other ports have good defaults.

    Safe to use from several threads; every method returns an Outcome and raises only for bugs.
    """

    def __init__(  # noqa: PLR0913 - every port can be given, all by name
        self,
        engine: ContainerEngine,
        profile: Profile | None = None,
        *,
        policy: Policy = "strict",
        on_event: Listener = _nobody,
        ready_timeout: float | None = None,
        restart_unready: bool = False,
        lock_timeout: float = 300.0,
        probe: Probe | None = None,
        files: HostFiles | None = None,
        lock: LaneLock | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._profile = profile
        self._policy: Policy = policy
        self._manner = EnsureOptions(policy, on_event, restart_unready)
        self._ready_timeout = ready_timeout
        self._lock_timeout = lock_timeout
        self._world = Ports(
            engine,
            probe or _default_probe(engine),
            files or DiskFiles(),
            lock or FileLock(),
            clock or SystemClock(),
        )

    @property
    def engine(self) -> ContainerEngine:
        """The engine in use."""
        return self._world.engine

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Make the lane so: its container there, as asked, config copied in, running, answering.

        May be called at any time, by many, after any crash. On Failure the lane is no worse than
        before: a container that ran before runs again.
        """
        return self._fleet().ensure(lane)

    def ensure_all(self, lanes: Sequence[Lane], *, jobs: int = JOBS) -> EnsureBatch:
        """`ensure` for many lanes at once, podman asked for at most `jobs` things at a time.

        Iterate over it for each lane with its outcome, as soon as that is known; one lane's failure
        stops no other. They are looked at together: each image once, not once a lane. The events
        come from several threads.
        """
        return EnsureBatch(self._fleet(), lanes, jobs)

    def watch(
        self,
        lanes: Sequence[Lane],
        *,
        resync: float = 10.0,
        jobs: int = JOBS,
        on_report: "Callable[[Report], None]" = _to_nobody,
    ) -> "Watcher":
        """Keep lanes so, from the `run` of what this gives to its `stop`.

        A lane is ensured when podman tells that something happened to it, and each `resync`
        seconds. `on_report` is told what is worth it, from the thread of `run`.
        """
        from lanekit.core.application.watcher import Watcher  # noqa: PLC0415 - few runs watch

        fleet = self._fleet()

        def ensure(some: Sequence[Lane], at_once: int) -> EnsureBatch:
            return EnsureBatch(fleet, some, at_once, apart=True)

        return Watcher(
            self.engine, self._world.clock, ensure, lanes, resync, jobs, on_report, self._mask
        )

    def _fleet(self) -> LaneEnsurer:
        return LaneEnsurer(
            self._world,
            self._manner,
            self._lock_timeout,
            image_of=self._image_of,
            prepare=self._prepare,
            hold=self._hold,
        )

    def plan(self, lane: Lane) -> Outcome[Plan]:
        """What `ensure` would do now, why, and what would be lost; nothing is changed."""
        return self.plan_all([lane])[0][1]

    def plan_all(self, lanes: Sequence[Lane]) -> list[tuple[Lane, Outcome[Plan]]]:
        """`plan` for many lanes, with one observation for all."""
        return [(lane, self._plan(target, seen)) for lane, target, seen in self._observed(lanes)]

    def _plan(self, target: Outcome[PreparedLane], seen: Outcome[ObservedLane]) -> Outcome[Plan]:
        if isinstance(target, Failure):
            return target
        if isinstance(seen, Failure):
            return self._named(seen, target.unwrap().lane)
        asked = target.unwrap()
        inside = with_mount_health(self._world.files, asked.spec, seen.unwrap())
        decided = plan_with_idle_check(asked, inside, self._policy, self._world.probe)
        if isinstance(decided, Failure) or not decided.unwrap().replaces:
            return decided
        from lanekit.core.application.data_loss import (  # noqa: PLC0415 - only a replace loses
            with_data_loss,
        )

        return self._named(with_data_loss(self._world, asked, inside, decided.unwrap()), asked.lane)

    def status(self, lane: Lane) -> Outcome[LaneStatus]:
        """How the lane is now; nothing is changed and nothing waited for.

        A lane that cannot be compared with what is asked has a `fault`, and its state all the same.
        """
        return self.status_all([lane])[0][1]

    def status_all(self, lanes: Sequence[Lane]) -> list[tuple[Lane, Outcome[LaneStatus]]]:
        """`status` for many lanes, with one observation for all."""
        seen = list(self._observed(lanes))
        # A worker that hangs takes its time to be found out: not one after the other.
        found = map_concurrently(seen, lambda one: self._status(*one), _LOOKS)
        return [(lane, outcome) for (lane, _, _), outcome in zip(seen, found, strict=True)]

    def _status(
        self, lane: Lane, target: Outcome[PreparedLane], seen: Outcome[ObservedLane]
    ) -> Outcome[LaneStatus]:
        if isinstance(target, Failure):
            return self._unjudged(lane, target.failure())
        if isinstance(seen, Failure):
            return self._unjudged(lane, seen.failure())
        return self._named(
            lifecycle.status(self._world, target.unwrap(), seen.unwrap(), self._policy), lane
        )

    def _unjudged(self, lane: Lane, error: LaneError) -> Outcome[LaneStatus]:
        """How a lane is that cannot be compared; its error as it is when nothing may be asked."""
        profile = self._profile_of(lane)
        if profile is None or self._unfit(lane):
            return Failure(error)
        fault = redact_error(for_lane(error, lane.name), profile.env)
        return self._named(lifecycle.status_without_drift(self._world, lane, profile, fault), lane)

    def endpoint(self, lane: Lane) -> Outcome[Endpoint]:
        """Return where the lane's worker answers, from its container's inspect; it is not probed.

        `InvalidState` when the container does not run.
        """
        return self._unfit(lane) or self._named(lifecycle.endpoint(self.engine, lane), lane)

    def logs(self, lane: Lane, tail: int = 100) -> Outcome[str]:
        """The last lines that the lane's container wrote; secret values are hidden."""
        if bad := self._unfit(lane):
            return bad
        said = lifecycle.logs(self.engine, lane, tail)
        if isinstance(said, Failure):
            return self._named(said, lane)
        profile = self._profile_of(lane)
        return Success(redact(said.unwrap(), profile.env if profile else {}))

    def execute(
        self, lane: Lane, command: Sequence[str], streams: Streams = OWN, *, tty: bool = False
    ) -> Outcome[int]:
        """Run a command in the lane's container, attached to `streams` (this process's own); its
        exit status. See `ContainerEngine.execute`. Takes no lock: an ensure may end it.
        """
        if bad := self._unfit(lane):
            return bad
        return self._named(lifecycle.execute(self.engine, lane, command, streams, tty=tty), lane)

    def stop(self, lane: Lane) -> Outcome[StopResult]:
        """Stop the lane's container, also a paused one; one that is stopped or missing is fine."""
        held = self._unfit(lane) or self._hold(lane, self._lock_timeout)
        if isinstance(held, Failure):
            return held
        with held.unwrap():
            stopped = lifecycle.stop(self.engine, lane, self._grace(lane), self._manner.listen)
            return self._named(stopped, lane)

    def remove(self, lane: Lane) -> Outcome[RemoveResult]:
        """Remove the lane's container with its volumes, and what an interrupted ensure left.

        A missing one is fine; what is not this lane's is refused (`NotOwned`) and not touched.
        """
        held = self._unfit(lane) or self._hold(lane, self._lock_timeout)
        if isinstance(held, Failure):
            return held
        with held.unwrap() as note:
            note.write("")
            removed = lifecycle.remove(self.engine, lane, self._grace(lane), self._manner.listen)
            return self._named(removed, lane)

    def find_orphans(self, fleet: str, lanes: Sequence[Lane]) -> Outcome[OrphanReport]:
        """The fleet's containers that none of its lanes needs."""
        return self._masked(find_orphans(self.engine, fleet, lanes), lanes)

    def remove_orphans(
        self,
        fleet: str,
        lanes: Sequence[Lane],
        garbage: Sequence[Orphan],
        *,
        running: bool = False,
    ) -> Iterator[tuple[Orphan, Outcome[OrphanRemoval]]]:
        """Remove garbage that was found; each is looked at once more, under its lane's lock.

        What runs is left, unless `running`; so is what is garbage no longer.
        """

        def hold(one: Orphan) -> Outcome[_Held]:
            lock, listen = self._world.lock, self._manner.listen
            return acquire_with_progress(lock, one.base, one.lane, self._lock_timeout, listen)

        done = OrphanRemover(self.engine, hold, running=running).remove(fleet, lanes, garbage)
        return ((one, self._masked(outcome, lanes)) for one, outcome in done)

    def spec(self, lane: Lane) -> Outcome[ContainerSpec]:
        """What the lane's container has to be; reads the host's files, asks podman nothing."""
        target = self._prepare(lane)
        return target if isinstance(target, Failure) else Success(target.unwrap().spec)

    def _profile_of(self, lane: Lane) -> Profile | None:
        return lane.profile or self._profile

    def _image_of(self, lane: Lane) -> Outcome[str]:
        profile = self._profile_of(lane)
        if profile is None:
            return Failure(_no_profile(lane))
        return self._unfit(lane) or Success(profile.image)

    def _unfit(self, lane: Lane) -> Failure[LaneError] | None:
        """Why nothing may be asked about this lane, if so."""
        wrong = identity_errors(lane, self._profile_of(lane))
        return Failure(InvalidLane("; ".join(wrong), lane=lane.name)) if wrong else None

    def _grace(self, lane: Lane) -> float:
        profile = self._profile_of(lane)
        return profile.stop_grace if profile else _GRACE

    def _prepare(self, lane: Lane, read: ReadConfig | None = None) -> Outcome[PreparedLane]:
        profile = self._profile_of(lane)
        if profile is None:
            return Failure(_no_profile(lane))
        if self._ready_timeout is not None:
            profile = replace(profile, ready_timeout=self._ready_timeout)
        return prepare(self._world.files, lane, profile, read)

    def _named(self, outcome: Outcome[T], lane: Lane) -> Outcome[T]:
        """Its error says on which lane, and no secret."""
        if not isinstance(outcome, Failure):
            return outcome
        profile = self._profile_of(lane)
        error = for_lane(outcome.failure(), lane.name)
        return Failure(redact_error(error, profile.env if profile else {}))

    def _masked(self, outcome: Outcome[T], lanes: Sequence[Lane]) -> Outcome[T]:
        """Its error says no secret of any of these lanes."""
        if not isinstance(outcome, Failure):
            return outcome
        return Failure(self._mask(outcome.failure(), lanes))

    def _mask(self, error: LaneError, lanes: Sequence[Lane]) -> LaneError:
        return redact_error(error, secrets_of_all(map(self._profile_of, lanes)))

    def _hold(self, lane: Lane, timeout: float, cancel: Waitable | None = None) -> Outcome[_Held]:
        name, listen = lane.container_name, self._manner.listen
        return self._named(
            acquire_with_progress(self._world.lock, name, lane.name, timeout, listen, cancel), lane
        )

    def _observed(
        self, lanes: Sequence[Lane]
    ) -> Iterator[tuple[Lane, Outcome[PreparedLane], Outcome[ObservedLane]]]:
        targets = [self._prepare(lane) for lane in lanes]
        specs = [t.unwrap().spec for t in targets if not isinstance(t, Failure)]
        seen = iter(observe(self.engine, specs) if specs else ())
        for lane, target in zip(lanes, targets, strict=True):
            yield (
                lane,
                target,
                Success(ObservedLane()) if isinstance(target, Failure) else next(seen),
            )


def _no_profile(lane: Lane) -> InvalidLane:
    return InvalidLane("the lane has no profile, and neither has Lanes", lane=lane.name)


def _default_probe(engine: ContainerEngine) -> Probe:
    # The in-memory engine has no sockets: it answers for its workers itself.
    if isinstance(engine, Probe):
        return engine
    from lanekit.adapters.http.probe import HttpProbe  # noqa: PLC0415 - http costs start-up

    return HttpProbe()
