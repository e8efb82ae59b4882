"""After an attempt that failed: whether an ensure tries again, and under which constraints."""

from dataclasses import replace
from typing import TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import (
    InvalidState,
    LaneError,
    NameInUse,
    NotFound,
    NotReady,
    PortInUse,
    SpecMismatch,
    WorkerBusy,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import OnDrift
from lanekit.core.domain.operations import Update
from lanekit.core.domain.plan import NO_CONSTRAINTS, Plan, PlanConstraints

# Somebody changed the lane between the observation and the operation: observe it again.
_RACES = (NotFound, NameInUse, InvalidState, PortInUse)


@dataclass(frozen=True)
class RetryState:
    """What an ensure may still do: restart a container whose worker does not answer, once."""

    may_restart: bool = False


@dataclass(frozen=True)
class FailedAttempt:
    """An attempt: its error, and what it was about.

    `plan` is None when there was none; `had_container`: the lane had a container before it.
    """

    error: LaneError
    plan: Plan | None
    had_container: bool
    on_drift: OnDrift


@dataclass(frozen=True)
class TryAgain:
    """Observe the lane and try again, under these constraints; `state` is the next one."""

    constraints: PlanConstraints
    state: RetryState


@dataclass(frozen=True)
class GiveUp:
    """Report this error."""

    error: LaneError


Decision: TypeAlias = TryAgain | GiveUp


def decide(state: RetryState, failed: FailedAttempt) -> Decision:
    """Return what to do after a failed attempt."""
    error = failed.error
    kept = failed.had_container and failed.on_drift == "report"
    if isinstance(error, PortInUse) and kept:
        return GiveUp(replace(error, hints=(Hint("free-port"),)))
    constraints = _constraints(state, failed)
    if constraints is None:
        return GiveUp(error)
    restarts = bool(constraints.restart)
    return TryAgain(constraints, RetryState(state.may_restart and not restarts))


def _constraints(state: RetryState, failed: FailedAttempt) -> PlanConstraints | None:
    """Return what another attempt has to mind; None if there is to be none."""
    error = failed.error
    match error:
        case NotReady():
            # What a replace put back is not what is to be restarted.
            restarts = state.may_restart and not _replaced(failed.plan)
            because = "its worker did not answer in time"
            return PlanConstraints(restart=because) if restarts else None
        case PortInUse() if failed.had_container:
            taken = f"its host port is taken by somebody else ({error.detail.strip()})"
            return PlanConstraints(replace=taken)
        case WorkerBusy():
            return PlanConstraints(busy=error.message)
        case SpecMismatch():
            # podman did not honour an update: what it was to end needs a replace.
            return PlanConstraints(no_update=True) if _updates(failed.plan) else None
        case _:
            return NO_CONSTRAINTS if isinstance(error, _RACES) else None


def _replaced(plan: Plan | None) -> bool:
    return plan is not None and plan.action == "replaced"


def _updates(plan: Plan | None) -> bool:
    return plan is not None and any(isinstance(each, Update) for each in plan.operations)
