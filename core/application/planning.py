"""The plan for a lane that was observed, by its profile and the policy."""

from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.context import PreparedLane
from lanekit.core.domain.differences import Drift, Policy
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import Outcome, for_lane
from lanekit.core.domain.observed import ImageInfo, MountHealth, ObservedContainer, ObservedLane
from lanekit.core.domain.operations import CheckIdle
from lanekit.core.domain.ownership import ownership_error
from lanekit.core.domain.plan import NO_CONSTRAINTS, DriftCheck, Plan, PlanConstraints, make_plan
from lanekit.core.domain.recovery import is_live
from lanekit.core.ports.probe import Probe


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
    """Make a plan that respects `on_drift`: before stopping a container, ask whether it is idle."""
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
    if not is_live(seen):
        return ""
    return f"it is {seen.state}, so its worker cannot say that it is idle"
