"""`Lanes` over a `LaneBackend`: the calls that an embedder makes, whatever runs the lanes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from returns.result import Failure, Success

from lanekit.core.domain.errors import LaneError, Outcome, for_lane
from lanekit.core.domain.lanes import DEFAULT_GRACE_SECONDS, Lane, Profile
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.redaction import redact, redact_error, secrets_of_all, secrets_of_profile
from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
from lanekit.core.ports.backend import LaneBackend, LaneBatch
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import Streams

if TYPE_CHECKING:
    from lanekit.core.application.watcher import Watcher
    from lanekit.core.domain.watch_schedule import Report

T = TypeVar("T")

JOBS = 4
"""How many lanes are worked on at once: on two cores more gain nothing (ADR 19)."""
OWN = Streams()
"""The streams of this process."""


def _ignore(_report: "Report") -> None:
    return


class Lanes:
    """Reconcile lanes that live in a backend.

    Gives each lane its profile, redacts secrets in what the backend says, and names the lane in
    each error. May be used from several threads. Every method returns an Outcome and raises only
    for bugs.

    Args:
        backend: where the lanes live.
        profile: what lanes without a profile of their own have in common.
        clock: by which a watch waits.
        ready_timeout: seconds; overrides the `ready_timeout` of all profiles.
    """

    def __init__(
        self,
        backend: LaneBackend,
        profile: Profile | None = None,
        *,
        clock: Clock,
        ready_timeout: float | None = None,
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._profile = profile
        self._ready_timeout = ready_timeout

    @property
    def description(self) -> str:
        """What people call the backend: "podman command", "in-memory"."""
        return self._backend.description

    def validate(self, lane: Lane) -> Outcome[None]:
        """Check whether the backend can do all that the lane asks for.

        Reads no file and asks nobody. `ensure` and `plan` return the same failure.
        """
        return self._named(self._backend.validate(self._given(lane)), lane)

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Reconcile one lane: it matches its specification, has its config, runs and answers.

        Idempotent, safe to run concurrently and after a crash at any point. On Failure the lane is
        no worse than before: a container that ran before runs again.
        """
        return self._named(self._backend.ensure(self._given(lane)), lane)

    def ensure_all(self, lanes: Sequence[Lane], *, jobs: int = JOBS) -> LaneBatch:
        """Reconcile several lanes, at most `jobs` at once.

        Iterate the result for each lane with its outcome, as soon as that is known. One lane's
        failure stops no other. They are observed together. Events come from several threads.
        """
        return self._ensure_all(lanes, jobs, background=False)

    def _ensure_all(self, lanes: Sequence[Lane], jobs: int, *, background: bool) -> LaneBatch:
        given = [self._given(lane) for lane in lanes]
        batch = self._backend.ensure_all(given, jobs, background=background)
        return _NamedBatch(batch, lanes, given, self._named)

    def watch(
        self,
        lanes: Sequence[Lane],
        *,
        resync: float = 10.0,
        jobs: int = JOBS,
        on_report: "Callable[[Report], None]" = _ignore,
    ) -> "Watcher":
        """Return a watcher that keeps the lanes reconciled from its `run` to its `stop`.

        A lane is ensured when an event says that something happened to it, and every `resync`
        seconds. `on_report` is called with what is worth reporting, from the thread of `run`.
        """
        from lanekit.core.application.watcher import Watcher  # noqa: PLC0415 - few runs watch

        def ensure(due: Sequence[Lane], at_once: int) -> LaneBatch:
            return self._ensure_all(due, at_once, background=True)

        events, redact_for = self._backend.events, self._redact_for
        return Watcher(events, self._clock, ensure, lanes, resync, jobs, on_report, redact_for)

    def plan(self, lane: Lane) -> Outcome[Plan]:
        """Return what `ensure` would do now, why, and what would be lost; change nothing."""
        return self.plan_all([lane])[0][1]

    def plan_all(self, lanes: Sequence[Lane]) -> list[tuple[Lane, Outcome[Plan]]]:
        """Return the plan of each lane, with one observation for all."""
        plans = self._backend.plan([self._given(lane) for lane in lanes])
        return self._named_all(lanes, plans)

    def status(self, lane: Lane) -> Outcome[LaneStatus]:
        """Return how the lane is now; change nothing and wait for nothing.

        A lane that cannot be compared with its specification has a `fault`, and its state.
        """
        return self.status_all([lane])[0][1]

    def status_all(self, lanes: Sequence[Lane]) -> list[tuple[Lane, Outcome[LaneStatus]]]:
        """Return the status of each lane, with one observation for all."""
        statuses = self._backend.status([self._given(lane) for lane in lanes])
        return self._named_all(lanes, statuses)

    def endpoint(self, lane: Lane) -> Outcome[Endpoint]:
        """Return where the lane's worker answers; do not ask it.

        `InvalidState` when the lane does not run.
        """
        return self._named(self._backend.endpoint(self._given(lane)), lane)

    def logs(self, lane: Lane, tail: int = 100) -> Outcome[str]:
        """Return the last lines that the lane's worker wrote; secret values are redacted."""
        lines = self._named(self._backend.logs(self._given(lane), tail), lane)
        if isinstance(lines, Failure):
            return lines
        return Success(redact(lines.unwrap(), secrets_of_profile(self._profile_of(lane))))

    def execute(
        self, lane: Lane, command: Sequence[str], streams: Streams = OWN, *, tty: bool = False
    ) -> Outcome[int]:
        """Run a command in the lane and return its exit status.

        It is attached to `streams`, this process's own by default; with `tty` it has a terminal.
        Takes no lock: an ensure may end it. See `ContainerEngine.execute`.
        """
        ran = self._backend.execute(self._given(lane), command, streams, tty=tty)
        return self._named(ran, lane)

    def stop(self, lane: Lane) -> Outcome[StopResult]:
        """Stop the lane's worker; one that is stopped or missing is fine."""
        return self._named(self._backend.stop(self._given(lane)), lane)

    def remove(self, lane: Lane) -> Outcome[RemoveResult]:
        """Remove the lane's container with its volumes, and what an interrupted ensure left.

        A missing one is fine; what is not this lane's is refused (`NotOwned`) and not touched.
        """
        return self._named(self._backend.remove(self._given(lane)), lane)

    def find_orphans(self, fleet: str, lanes: Sequence[Lane]) -> Outcome[OrphanReport]:
        """Return what carries the fleet's name and belongs to none of its lanes."""
        return self._redacted(self._backend.find_orphans(fleet, lanes), lanes)

    def remove_orphans(
        self,
        fleet: str,
        lanes: Sequence[Lane],
        orphans: Iterable[Orphan],
        *,
        running: bool = False,
    ) -> Iterator[tuple[Orphan, Outcome[OrphanRemoval]]]:
        """Remove orphans that were found, and yield each with what became of it.

        Each is looked at once more. One that runs is kept, unless `running`, and so is one that is
        an orphan no longer.
        """
        for orphan in orphans:
            grace = self._orphan_grace(orphan, lanes)
            removed = self._backend.remove_orphan(
                fleet, lanes, orphan, running=running, grace=grace
            )
            if isinstance(removed, Failure):
                removed = Failure(for_lane(removed.failure(), orphan.lane))
            yield orphan, self._redacted(removed, lanes)

    def _orphan_grace(self, orphan: Orphan, lanes: Sequence[Lane]) -> float:
        """Return the `stop_grace` of the orphan's lane; of one that is gone, the fleet's longest.

        Its own profile went with the lane. The longest grace is as long as it could expect.
        """
        own = [lane for lane in lanes if lane.name == orphan.lane]
        profiles = [self._profile, *map(self._profile_of, lanes)]
        if own:
            profiles = [self._profile_of(lane) for lane in own]
        graces = [profile.stop_grace for profile in profiles if profile is not None]
        return max(graces, default=DEFAULT_GRACE_SECONDS)

    def _profile_of(self, lane: Lane) -> Profile | None:
        return lane.profile or self._profile

    def _given(self, lane: Lane) -> Lane:
        """Return the lane as a backend takes it: with its profile."""
        profile = self._profile_of(lane)
        if profile is not None and self._ready_timeout is not None:
            profile = replace(profile, ready_timeout=self._ready_timeout)
        return lane if profile is lane.profile else replace(lane, profile=profile)

    def _named_all(
        self, lanes: Sequence[Lane], outcomes: Iterable[Outcome[T]]
    ) -> list[tuple[Lane, Outcome[T]]]:
        pairs = zip(lanes, outcomes, strict=True)
        return [(lane, self._named(outcome, lane)) for lane, outcome in pairs]

    def _named(self, outcome: Outcome[T], lane: Lane) -> Outcome[T]:
        """Return the outcome; its error names the lane and holds no secret."""
        if not isinstance(outcome, Failure):
            return outcome
        error = for_lane(outcome.failure(), lane.name)
        return Failure(redact_error(error, secrets_of_profile(self._profile_of(lane))))

    def _redacted(self, outcome: Outcome[T], lanes: Sequence[Lane]) -> Outcome[T]:
        if not isinstance(outcome, Failure):
            return outcome
        return Failure(self._redact_for(outcome.failure(), lanes))

    def _redact_for(self, error: LaneError, lanes: Sequence[Lane]) -> LaneError:
        """Return the error without a secret of any of these lanes."""
        return redact_error(error, secrets_of_all(map(self._profile_of, lanes)))


class _NamedBatch:
    """A backend's batch whose outcomes come with the lanes as the caller gave them."""

    def __init__(
        self,
        batch: LaneBatch,
        lanes: Sequence[Lane],
        given: Sequence[Lane],
        named: Callable[[Outcome[EnsureResult], Lane], Outcome[EnsureResult]],
    ) -> None:
        self._batch = batch
        self._lanes = {id(one): lane for one, lane in zip(given, lanes, strict=True)}
        self._given = given  # an id means nothing once its lane is gone
        self._named = named
        self.interrupt = batch.interrupt

    def __iter__(self) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
        for given, outcome in self._batch:
            lane = self._lanes[id(given)]
            yield lane, self._named(outcome, lane)
