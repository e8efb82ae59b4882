"""Whether an ensure tries again after an attempt that failed, and what the next one has to mind."""

from dataclasses import replace

import pytest

from lanekit.core.domain.errors import (
    EngineFailed,
    InvalidState,
    LaneError,
    NameInUse,
    NotFound,
    NotReady,
    PortInUse,
    SpecMismatch,
    WorkerBusy,
    WorkerExited,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.operations import Action, AwaitReady, Update
from lanekit.core.domain.plan import NO_CONSTRAINTS, Plan, PlanConstraints
from lanekit.core.domain.retry import FailedAttempt, GiveUp, RetryState, TryAgain, decide

FRESH, MAY_RESTART = RetryState(), RetryState(may_restart=True)
TAKEN = PortInUse("port 80 is taken", detail=" by nginx\n")
BECAUSE_TAKEN = "its host port is taken by somebody else (by nginx)"


def _plan(action: Action = "none", *, updates: bool = False) -> Plan:
    operations = (Update("ws-a", "memory differs"),) if updates else (AwaitReady("ws-a", "so"),)
    return Plan("ws/a", "ws-a", action, (), operations)


def _failed(error: LaneError) -> FailedAttempt:
    return FailedAttempt(error, _plan(), had_container=True, on_drift="replace")


@pytest.mark.parametrize("error", [NotFound("x"), NameInUse("x"), InvalidState("x")])
@pytest.mark.parametrize("state", [FRESH, MAY_RESTART])
def test_race_is_tried_again_without_constraints(error: LaneError, state: RetryState) -> None:
    assert decide(state, _failed(error)) == TryAgain(NO_CONSTRAINTS, state)


@pytest.mark.parametrize("error", [EngineFailed("x"), WorkerExited("x"), NotReady("x")])
def test_error_that_trying_again_does_not_mend_is_final(error: LaneError) -> None:
    assert decide(FRESH, _failed(error)) == GiveUp(error)


def test_unready_worker_is_restarted_once_if_allowed() -> None:
    failed = _failed(NotReady("x"))
    again = decide(MAY_RESTART, failed)
    restart = PlanConstraints(restart="its worker did not answer in time")
    assert again == TryAgain(restart, FRESH)
    assert decide(FRESH, failed) == GiveUp(failed.error)


def test_unready_replacement_was_undone_and_is_not_restarted() -> None:
    failed = replace(_failed(NotReady("x")), plan=_plan("replaced"))
    assert decide(MAY_RESTART, failed) == GiveUp(failed.error)
    unplanned = replace(failed, plan=None)
    assert isinstance(decide(MAY_RESTART, unplanned), TryAgain)


def test_taken_port_replaces_a_container_that_is_there() -> None:
    again = TryAgain(PlanConstraints(replace=BECAUSE_TAKEN), MAY_RESTART)
    assert decide(MAY_RESTART, _failed(TAKEN)) == again
    new = replace(_failed(TAKEN), had_container=False)
    assert decide(FRESH, new) == TryAgain(NO_CONSTRAINTS, FRESH)


def test_taken_port_is_final_when_drift_is_only_reported() -> None:
    decision = decide(FRESH, replace(_failed(TAKEN), on_drift="report"))
    assert decision == GiveUp(replace(TAKEN, hints=(Hint("free-port"),)))
    new = replace(_failed(TAKEN), on_drift="report", had_container=False)
    assert decide(FRESH, new) == TryAgain(NO_CONSTRAINTS, FRESH)


def test_busy_worker_is_left_by_the_next_attempt() -> None:
    assert decide(FRESH, _failed(WorkerBusy("at work"))) == TryAgain(
        PlanConstraints(busy="at work"), FRESH
    )


def test_update_without_effect_needs_a_replace() -> None:
    failed = _failed(SpecMismatch("x"))
    assert decide(FRESH, failed) == GiveUp(failed.error)
    assert decide(FRESH, replace(failed, plan=None)) == GiveUp(failed.error)
    updated = replace(failed, plan=_plan("adjusted", updates=True))
    assert decide(FRESH, updated) == TryAgain(PlanConstraints(no_update=True), FRESH)
