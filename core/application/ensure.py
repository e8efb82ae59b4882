"""ensure: observe, decide, execute; and again, a few times, when somebody else was faster."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.execute import PlanRun, make_run
from lanekit.core.application.observe import ObserveRequest, observe_one_quickly, with_mount_health
from lanekit.core.application.planning import drift_check, plan_with_idle_check
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.differences import Policy
from lanekit.core.domain.errors import (
    Conflict,
    InvalidState,
    LaneError,
    NameInUse,
    Outcome,
    WorkerBusy,
    for_lane,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.journal import Journal, StoppedForChange
from lanekit.core.domain.observed import Endpoint, ImageInfo, ObservedLane
from lanekit.core.domain.operations import AwaitReady, CopyIn, Operation, Rename, Stop
from lanekit.core.domain.plan import NO_CONSTRAINTS, Plan, PlanConstraints
from lanekit.core.domain.progress import Listener
from lanekit.core.domain.redaction import redact_for_spec
from lanekit.core.domain.results import EnsureResult
from lanekit.core.domain.retry import FailedAttempt, GiveUp, RetryState, decide
from lanekit.core.ports.journal import LaneJournal

_MAX_TRIES = 5
_RETRY_PAUSE_SECONDS = 0.2
_PASSING = ("removing",)
_STARTS = ("started", "restarted")


@dataclass(frozen=True)
class EnsureOptions:
    """How lanes are reconciled. `restart_unready`: a container whose worker does not answer in time
    is restarted once before that is an error.
    """

    policy: Policy
    listen: Listener
    restart_unready: bool = False


class EnsureAttempts:
    """One ensure of one lane, whose lock is held by the caller.

    `begun`: when the caller began, for the report's seconds.
    """

    def __init__(
        self,
        world: Ports,
        target: PreparedLane,
        journal: LaneJournal,
        options: EnsureOptions,
        begun: float,
    ) -> None:
        self._world = world
        self._target = target
        self._journal = journal
        self._options = options
        self._begun = begun
        self._done: list[Operation] = []
        self._plan: Plan | None = None

    def run(self, first: Outcome[ObservedLane] | None = None) -> Outcome[EnsureResult]:
        """Reconcile the lane. Every error names it and hides secrets.

        `first` is an observation that was made under the lane's lock; it is used once.
        """
        result = self._run(first)
        if isinstance(result, Failure):
            error = for_lane(result.failure(), self._target.lane.name)
            return Failure(redact_for_spec(error, self._target.spec))
        return result

    def _run(self, first: Outcome[ObservedLane] | None) -> Outcome[EnsureResult]:
        state, constraints = RetryState(self._options.restart_unready), NO_CONSTRAINTS
        last: LaneError | None = None
        for number in range(_MAX_TRIES):
            if number:
                self._world.clock.sleep(_RETRY_PAUSE_SECONDS * number)
            found = self._observe() if number or first is None else first
            if isinstance(found, Failure):
                return found
            observed = found.unwrap()
            if _passing(observed):
                last = InvalidState("the container is being removed by somebody else")
                continue
            result = self._attempt(observed, constraints)
            if not isinstance(result, Failure):
                return result
            # It may become the cause of an operation, which is shown.
            last = redact_for_spec(result.failure(), self._target.spec)
            decision = decide(state, self._failed(last, observed))
            if isinstance(decision, GiveUp):
                return Failure(decision.error)
            state, constraints = decision.state, decision.constraints
        return Failure(_conflict(last))

    def _failed(self, error: LaneError, observed: ObservedLane) -> FailedAttempt:
        had_container, on_drift = observed.current is not None, self._target.profile.on_drift
        return FailedAttempt(error, self._plan, had_container, on_drift)

    def _observe(self) -> Outcome[ObservedLane]:
        spec = self._target.spec
        request = ObserveRequest(spec.name, spec.image, self._journal.read())
        return observe_one_quickly(self._world.engine, request)

    def _attempt(
        self,
        observed: ObservedLane,
        constraints: PlanConstraints,
        *,
        checks_config: bool = True,
    ) -> Outcome[EnsureResult]:
        """Plan and execute once.

        `checks_config`: a config that a container lost while it did not run, which only shows when
        it was started, is then copied again.
        """
        policy = self._options.policy
        observed = with_mount_health(self._world.files, self._target.spec, observed)
        planned = plan_with_idle_check(
            self._target, observed, policy, self._world.probe, constraints
        )
        if isinstance(planned, Failure):
            return planned
        plan = self._plan = planned.unwrap()
        check = drift_check(self._target, observed.image, policy)
        run = make_run(self._world, self._target, observed, check, self._options.listen)
        result = self._execute(run, plan)
        if isinstance(result, Failure):
            return result
        current = run.ids[plan.container]
        lost = self._config_lost(plan, current, observed.image) if checks_config else None
        if lost is not None:
            return self._repair_config(plan, lost)
        self._write(_settled(self._journal.read(), plan, observed, current))
        return Success(self._result(plan, result.unwrap()))

    def _execute(self, run: PlanRun, plan: Plan) -> Outcome[Endpoint]:
        if plan.changes:
            recorded = self._record_start(plan, run.ids)
            if isinstance(recorded, Failure):
                return recorded
        result = run.execute(plan)
        if run.started:
            self._write(self._journal.read().forget_stopped(run.started))
        if isinstance(result, Failure) and isinstance(result.failure(), WorkerBusy):
            # All of it was undone, and nothing but that was to be done.
            return result
        self._done += run.done
        return result

    def _record_start(self, plan: Plan, ids: Mapping[str, str]) -> Outcome[None]:
        """Write down what a killed run could otherwise not tell the next one."""
        stops = tuple(_stops(plan, ids))
        copies = any(_is_copy_into(operation, plan.container) for operation in plan.operations)
        into = ids.get(plan.container, "") if copies else ""
        journal = self._journal.read()
        started = journal.start_change(stops, into)
        if started == journal:
            return Success(None)
        return self._journal.write(started, durable=bool(stops or into))

    def _config_lost(
        self, plan: Plan, container: str, image: ImageInfo | None
    ) -> ObservedLane | None:
        """Return the lane if the container that was started has no config; else None."""
        starts = plan.action in _STARTS and self._options.policy != "reference"
        if not starts or self._target.config is None:
            return None
        looked = self._world.engine.inspect([container])
        current = None if isinstance(looked, Failure) else looked.unwrap().get(container)
        found = ObservedLane(current, image=image)
        seen = with_mount_health(self._world.files, self._target.spec, found)
        return seen if seen.mount_health.config_missing else None

    def _repair_config(self, plan: Plan, observed: ObservedLane) -> Outcome[EnsureResult]:
        repaired = self._attempt(observed, NO_CONSTRAINTS, checks_config=False)
        if isinstance(repaired, Failure):
            return repaired
        result = repaired.unwrap()
        drift = (*plan.drift, *result.drift)
        return Success(replace(result, action=plan.action, drift=drift))

    def _write(self, journal: Journal) -> None:
        if self._journal.read() != journal:
            _ = self._journal.write(journal, durable=False)

    def _result(self, plan: Plan, endpoint: Endpoint) -> EnsureResult:
        return EnsureResult(
            lane=plan.lane,
            container=plan.container,
            endpoint=endpoint,
            action=plan.action,
            drift=plan.drift,
            operations=tuple(op for op in self._done if not isinstance(op, AwaitReady)),
            seconds=self._world.clock.now() - self._begun,
            remaining_drift=plan.remaining_drift,
            remaining_reason=plan.remaining_reason,
        )


def _settled(journal: Journal, plan: Plan, observed: ObservedLane, current: str) -> Journal:
    copied = any(_is_copy_into(operation, plan.container) for operation in plan.operations)
    same = observed.current is not None and observed.current.id == current
    incomplete = observed.config_copy_incomplete and same and not copied
    return journal.settle(current, copy_is_incomplete=incomplete)


def _is_copy_into(operation: Operation, container: str) -> bool:
    return isinstance(operation, CopyIn) and operation.name == container


def _stops(plan: Plan, ids: Mapping[str, str]) -> Iterator[StoppedForChange]:
    """Yield the running containers that the plan stops, by the names they have at that moment."""
    names = dict(ids)
    for operation in plan.operations:
        if isinstance(operation, Rename) and operation.name in names:
            names[operation.to] = names.pop(operation.name)
        if isinstance(operation, Stop) and operation.runs and operation.name in names:
            yield StoppedForChange(names[operation.name], operation.cause)


def _passing(seen: ObservedLane) -> bool:
    return any(c is not None and c.state in _PASSING for c in (seen.current, seen.next, seen.prev))


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
