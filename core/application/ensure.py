"""ensure: observe, decide, execute; and again, a few times, when somebody else was faster."""

from collections.abc import Mapping
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.execute import make_run
from lanekit.core.application.observe import (
    UNFINISHED,
    ObserveRequest,
    copying,
    observe_one_quickly,
    with_mount_health,
)
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.differences import Drift, Policy
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import (
    Conflict,
    InvalidState,
    LaneError,
    NameInUse,
    NotFound,
    NotReady,
    Outcome,
    PortInUse,
    SpecMismatch,
    WorkerBusy,
    for_lane,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import (
    Endpoint,
    ImageInfo,
    MountHealth,
    ObservedContainer,
    ObservedLane,
)
from lanekit.core.domain.operations import Action, AwaitReady, CheckIdle, CopyIn, Operation, Update
from lanekit.core.domain.ownership import ownership_error
from lanekit.core.domain.plan import NO_CONSTRAINTS, DriftCheck, Plan, PlanConstraints, make_plan
from lanekit.core.domain.progress import Listener
from lanekit.core.domain.recovery import is_live
from lanekit.core.domain.redaction import redact_for_spec
from lanekit.core.domain.results import EnsureResult
from lanekit.core.ports.lock import LaneJournal
from lanekit.core.ports.probe import Probe

_MAX_TRIES = 5
_RETRY_PAUSE_SECONDS = 0.2
_PASSING = ("removing",)
_STARTS = ("started", "restarted")
_PORT_KEPT = (
    "on_drift is report, so the container is not replaced: free the port, or give the lane up "
    "with `lanekit rm` and ensure it anew"
)
# Somebody changed the lane between our look and our operation: look again.
_RACES = (NotFound, NameInUse, InvalidState, PortInUse)


def drift_check(target: PreparedLane, image: ImageInfo | None, policy: Policy) -> DriftCheck:
    """The drift of a container, by the policy."""

    def strict(seen: ObservedContainer) -> Drift:
        return drift(target.spec, seen, image)

    def reference(seen: ObservedContainer) -> Drift:
        from lanekit.core.domain.reference_policy import (  # noqa: PLC0415 - few runs ask for it
            reference_drift,
            reference_view,
        )

        return reference_drift(target.spec, reference_view(seen, target.spec.ports[0].key))

    return reference if policy == "reference" else strict


def plan_for(
    target: PreparedLane, seen: ObservedLane, policy: Policy, wish: PlanConstraints = NO_CONSTRAINTS
) -> Outcome[Plan]:
    """The plan for what was seen; `NotOwned` when a name belongs to somebody else."""
    stranger = ownership_error(target.lane, seen)
    if stranger is not None:
        return Failure(for_lane(stranger, target.lane.name))
    judge = drift_check(target, seen.image, policy)
    if policy == "reference":
        seen = replace(seen, mount_health=MountHealth())
    return Success(make_plan(target.lane.name, target.spec, seen, judge, wish))


def plan_with_idle_check(
    target: PreparedLane,
    seen: ObservedLane,
    policy: Policy,
    probe: Probe,
    wish: PlanConstraints = NO_CONSTRAINTS,
) -> Outcome[Plan]:
    """`decide`, with `on_drift` minded: a worker is asked when its container is to be stopped."""
    wish = replace(wish, on_drift=target.profile.on_drift)
    decided = plan_for(target, seen, policy, wish)
    if isinstance(decided, Failure) or not _asks(decided.unwrap()) or seen.current is None:
        return decided
    busy = _busy(target, seen.current, probe)
    return plan_for(target, seen, policy, replace(wish, busy=busy)) if busy else decided


def _asks(todo: Plan) -> bool:
    return any(isinstance(operation, CheckIdle) for operation in todo.operations)


def _busy(target: PreparedLane, seen: ObservedContainer, probe: Probe) -> str:
    from lanekit.core.application.idle_check import why_busy  # noqa: PLC0415 - few runs ask

    if seen.state == "running":
        return why_busy(probe, target.profile, seen)
    return f"it is {seen.state}, so its worker cannot say that it is idle" if is_live(seen) else ""


@dataclass(frozen=True)
class EnsureOptions:
    """How lanes are made so. `restart_unready`: a container whose worker does not answer in time
    is restarted once before that is an error.
    """

    policy: Policy
    listen: Listener
    restart_unready: bool = False


class EnsureAttempts:
    """One ensure of one lane; its lock is held by the caller, `note` is the lane's.

    `begun`: when the caller began, for the report's seconds.
    """

    def __init__(
        self,
        world: Ports,
        target: PreparedLane,
        note: LaneJournal,
        manner: EnsureOptions,
        begun: float,
    ) -> None:
        self._world = world
        self._target = target
        self._note = note
        self._policy: Policy = manner.policy
        self._listen = manner.listen
        self._may_restart = manner.restart_unready
        self._action: Action = "none"
        self._updates = False
        self._looked_after_start = False
        self._done: list[Operation] = []
        self._begun = begun

    def run(self, first: Outcome[ObservedLane] | None = None) -> Outcome[EnsureResult]:
        """Make it so. Every error names the lane and hides secrets.

        `first` is an observation that was made under the lane's lock; it is used once.
        """
        result = self._run(first)
        if isinstance(result, Failure):
            error = for_lane(result.failure(), self._target.lane.name)
            return Failure(redact_for_spec(error, self._target.spec))
        return result

    def _run(self, first: Outcome[ObservedLane] | None) -> Outcome[EnsureResult]:
        seen, wish = first, NO_CONSTRAINTS
        last: LaneError | None = None
        for attempt in range(_MAX_TRIES):
            if attempt:
                self._world.clock.sleep(_RETRY_PAUSE_SECONDS * attempt)
            seen = seen or self._observe()
            if isinstance(seen, Failure):
                return seen
            looked, seen = seen.unwrap(), None
            if _passing(looked):
                last = InvalidState("the container is being removed by somebody else")
                continue
            result = self._attempt(looked, wish)
            if not isinstance(result, Failure):
                return result
            # It may become the cause of an operation, which is shown.
            last = redact_for_spec(result.failure(), self._target.spec)
            if _keeps_its_port(last, looked, self._target):
                return Failure(replace(last, hints=(Hint("free-port"),)))
            if not self._tries_again(last):
                return result
            wish = _next_constraints(last, looked)
        return Failure(_conflict(last))

    def _tries_again(self, error: LaneError) -> bool:
        if not isinstance(error, NotReady):
            return isinstance(error, (*_RACES, WorkerBusy)) or self._may_replace(error)
        # What a replace put back is not what is to be restarted.
        again, self._may_restart = self._may_restart and self._action != "replaced", False
        return again

    def _may_replace(self, error: LaneError) -> bool:
        """Whether it was an update that was not honoured: what it was to end needs a replace."""
        updated, self._updates = self._updates, False
        return updated and isinstance(error, SpecMismatch)

    def _observe(self) -> Outcome[ObservedLane]:
        spec = self._target.spec
        return observe_one_quickly(
            self._world.engine, ObserveRequest(spec.name, spec.image, self._note.read())
        )

    def _attempt(self, seen: ObservedLane, wish: PlanConstraints) -> Outcome[EnsureResult]:
        seen = with_mount_health(self._world.files, self._target.spec, seen)
        decided = plan_with_idle_check(self._target, seen, self._policy, self._world.probe, wish)
        if isinstance(decided, Failure):
            return decided
        todo = decided.unwrap()
        self._action = todo.action
        self._updates = any(isinstance(operation, Update) for operation in todo.operations)
        judge = drift_check(self._target, seen.image, self._policy)
        run = make_run(self._world, self._target, seen, judge, self._listen)
        if todo.changes:
            self._write(_note_of(todo, run.ids))
        result = run.execute(todo)
        if isinstance(result, Failure) and isinstance(result.failure(), WorkerBusy):
            # All of it was undone, and nothing but that was to be done.
            return result
        self._done += run.done
        if isinstance(result, Failure):
            return result
        current = run.ids[todo.container]
        lost = self._config_lost_at_start(todo, current, seen.image)
        if lost is not None:
            return self._repair_config(todo, lost)
        self._write(current)
        return Success(self._ensured(todo, result.unwrap()))

    def _config_lost_at_start(
        self, todo: Plan, container: str, image: ImageInfo | None
    ) -> ObservedLane | None:
        """The lane, when a container that was started lost its config while it did not run, which
        only now can be seen.
        """
        starts = todo.action in _STARTS and self._policy != "reference"
        if not starts or self._target.config is None or self._looked_after_start:
            return None
        self._looked_after_start = True
        looked = self._world.engine.inspect([container])
        current = None if isinstance(looked, Failure) else looked.unwrap().get(container)
        found = ObservedLane(current, image=image)
        seen = with_mount_health(self._world.files, self._target.spec, found)
        return seen if seen.mount_health.config_missing else None

    def _repair_config(self, todo: Plan, seen: ObservedLane) -> Outcome[EnsureResult]:
        mended = self._attempt(seen, NO_CONSTRAINTS)
        if isinstance(mended, Failure):
            return mended
        ensured = mended.unwrap()
        drift = (*todo.drift, *ensured.drift)
        return Success(replace(ensured, action=todo.action, drift=drift))

    def _write(self, text: str) -> None:
        if self._note.read() != text:
            self._note.write(text)

    def _ensured(self, todo: Plan, endpoint: Endpoint) -> EnsureResult:
        return EnsureResult(
            lane=todo.lane,
            container=todo.container,
            endpoint=endpoint,
            action=todo.action,
            drift=todo.drift,
            operations=tuple(op for op in self._done if not isinstance(op, AwaitReady)),
            seconds=self._world.clock.now() - self._begun,
            remaining_drift=todo.remaining_drift,
            remaining_reason=todo.remaining_reason,
        )


def _note_of(todo: Plan, there: Mapping[str, str]) -> str:
    """What is noted while a plan is carried out."""
    copies = {operation.name for operation in todo.operations if isinstance(operation, CopyIn)}
    into = there.get(todo.container, "") if todo.container in copies else ""
    return copying(into) if into else UNFINISHED


def _passing(seen: ObservedLane) -> bool:
    return any(c is not None and c.state in _PASSING for c in (seen.current, seen.next, seen.prev))


def _keeps_its_port(error: LaneError, seen: ObservedLane, target: PreparedLane) -> bool:
    report = target.profile.on_drift == "report"
    return report and isinstance(error, PortInUse) and seen.current is not None


def _next_constraints(error: LaneError, seen: ObservedLane) -> PlanConstraints:
    if isinstance(error, NotReady):
        return PlanConstraints(restart="its worker did not answer in time")
    if isinstance(error, PortInUse) and seen.current is not None:
        taken = f"its host port is taken by somebody else ({error.detail.strip()})"
        return PlanConstraints(replace=taken)
    if isinstance(error, WorkerBusy):
        return PlanConstraints(busy=error.message)
    return PlanConstraints(no_update=True) if isinstance(error, SpecMismatch) else NO_CONSTRAINTS


def _conflict(last: LaneError | None) -> Conflict:
    words = "" if last is None else last.reason
    if isinstance(last, NameInUse):
        # Or it is a pod: podman keeps their names with those of containers.
        return Conflict(
            f"a name that the lane needs was taken {_MAX_TRIES} times in a row",
            detail=words,
            hints=(Hint("check-pod-name"),),
        )
    return Conflict(
        f"somebody else changed the lane {_MAX_TRIES} times in a row while lanekit worked on it",
        detail=words,
        hints=(Hint("find-interference"),),
    )
