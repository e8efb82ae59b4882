"""What is left of a drift when `on_drift` says so, and that a mend is never harsher than it has to
be.

1 the plan uses no mend that is harsher than the harshest grade of its differences
2 on_drift = report never stops, replaces or removes a container that runs, in any state
3 the container of a busy worker is never stopped
4 a second ensure right after the first does nothing
"""

from contextlib import suppress
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure
from tests.laws.test_ensure_laws import STATES
from tests.support.lane_world import LANE, LaneWorld
from tests.support.strategies.lanes import IMAGE, snapshot_of

from lanekit.adapters.memory.engine import InMemory, SimulatedKill, Worker
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.differences import Difference, Drift, Remedy
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import EngineFailed, InvalidState, Outcome, or_raise
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.idle import meaning
from lanekit.core.domain.lanes import Lane, OnDrift, Profile
from lanekit.core.domain.observed import MountHealth, ObservedLane, State
from lanekit.core.domain.operations import AwaitReady, CheckIdle, CopyIn, Stop, Unpause, Update
from lanekit.core.domain.plan import Plan, PlanConstraints, make_plan
from lanekit.core.domain.remedies import needing, updates, without_update
from lanekit.core.domain.validation import validation_errors

NAME = "ws-a"
DEAD = MountHealth(stale_mounts=("/workspace",))
PROFILE = Profile("/w", "/i", config_dir="/c/.codex", memory=1 << 30, cpus=1.0, pids_limit=100)
SPEC = container_spec(Lane("ws", "a", "/t"), PROFILE, Digests("1", "2", "3", "4" * 64))
RUNNING = replace(snapshot_of(SPEC), updatable=True)
# Each makes a difference; the first four can be ended while it runs where it is updatable.
CHANGES: tuple[dict[str, Any], ...] = (
    {"memory": 1 << 29},
    {"cpus": 2.0},
    {"pids_limit": 200},
    {"restart_policy": "always"},
    {"user": "nobody"},
    {"privileged": True},
    {"image_id": "9" * 64},
    {"memory": None},
)


_STRONGEST_FIRST: tuple[Remedy, ...] = ("replace", "restart", "adjust")


def _strongest(drift: Drift) -> Remedy | None:
    """Return the remedy that ends all differences; None when there is none."""
    remedies = {difference.remedy for difference in drift}
    return next((remedy for remedy in _STRONGEST_FIRST if remedy in remedies), None)


def _plan(seen: ObservedLane, **wish: str) -> Plan:
    return make_plan("ws/a", SPEC, seen, lambda s: drift(SPEC, s, IMAGE), PlanConstraints(**wish))  # type: ignore[arg-type]


# --- grades -----------------------------------------------------------------------------------


def test_updatable_limit_is_changed_while_running() -> None:
    seen = replace(RUNNING, memory=1 << 29, restart_policy="always")
    assert str(_plan(ObservedLane(seen))) == dedent("""\
        ws/a (ws-a): adjust
          differs  restart_policy: expected no, actual always  -> adjust
          differs  memory: expected 1073741824, actual 536870912  -> adjust
          update ws-a  because restart_policy, memory differ
          await ws-a  because a lane is ready when its worker answers""")


def test_limit_that_is_not_updatable_causes_replacement() -> None:
    seen = replace(RUNNING, memory=1 << 29, updatable=False)
    words = str(_plan(ObservedLane(seen))).splitlines()
    assert words[:2] == [
        "ws/a (ws-a): replace",
        "  differs  memory: expected 1073741824, actual 536870912  -> replace",
    ]


def test_limit_change_that_cannot_be_undone_causes_replacement() -> None:
    assert _plan(ObservedLane(replace(RUNNING, memory=None))).action == "replaced"
    unlimited = replace(SPEC, memory=None)
    assert _strongest(drift(unlimited, RUNNING, IMAGE)) == "replace"


@given(
    st.lists(st.sampled_from(CHANGES), max_size=4),
    st.booleans(),
    st.sampled_from(["running", "paused", "exited", "created", "stopping"]),
    st.sampled_from(
        [MountHealth(), DEAD, MountHealth(config_missing=True), MountHealth(("/workspace",), True)]
    ),
    st.sampled_from(["replace", "report", "when-idle"]),
    st.sampled_from(["", "its worker is busy"]),
)
def test_plan_is_no_stronger_than_its_strongest_remedy(  # noqa: PLR0913, PLR0917 - all cases
    changes: list[dict[str, Any]],
    updatable: bool,
    state: State,
    inside: MountHealth,
    on_drift: OnDrift,
    busy: str,
) -> None:
    seen = replace(RUNNING, state=state, updatable=updatable)
    for change in changes:
        seen = replace(seen, **change)
    made = make_plan(
        "ws/a",
        SPEC,
        ObservedLane(
            seen, mount_health=inside if state in ("running", "paused") else MountHealth()
        ),
        lambda s: drift(SPEC, s, IMAGE),
        PlanConstraints(on_drift=on_drift, busy=busy),
    )
    worst = _strongest(made.drift)
    expected = {"replace": ("replaced",), "restart": ("restarted",), "adjust": ("adjusted",)}
    if worst is not None and state in ("running", "paused"):
        assert made.action in expected[worst]
    assert (made.action == "replaced") == (worst == "replace")
    if worst in (None, "adjust") and state == "running":
        assert all(isinstance(op, (Update, CopyIn, AwaitReady)) for op in made.operations)
    # Nothing is forgotten: each difference is ended or told of, with a reason.
    fields = {d.field for d in drift(SPEC, seen, IMAGE)}
    assert fields <= {d.field for d in (*made.drift, *made.remaining_drift)}
    assert bool(made.remaining_drift) == bool(made.remaining_reason)
    spared = on_drift == "report" or (on_drift == "when-idle" and busy)
    if spared and state == "running":
        assert not any(isinstance(op, Stop) for op in made.operations)


# --- what is left -----------------------------------------------------------------------------


def test_remaining_drift_is_shown_with_its_reason() -> None:
    seen = replace(RUNNING, user="nobody", cpus=2.0)
    assert str(_plan(ObservedLane(seen), on_drift="report")) == dedent("""\
        ws/a (ws-a): adjust
          differs  cpus: expected 1.0, actual 2.0  -> adjust
          left  user: expected root, actual nobody  because on_drift is report
          update ws-a  because cpus differs
          await ws-a  because a lane is ready when its worker answers""")
    seen = replace(RUNNING, user="nobody")
    assert str(_plan(ObservedLane(seen), on_drift="report")) == dedent("""\
        ws/a (ws-a): left as it is
          left  user: expected root, actual nobody  because on_drift is report""")


def test_on_drift_report_does_not_restart_for_a_stale_mount() -> None:
    made = _plan(ObservedLane(RUNNING, mount_health=DEAD), on_drift="report")
    assert (made.action, [d.field for d in made.remaining_drift]) == ("none", ["mount./workspace"])


def test_idle_check_comes_right_before_the_stop() -> None:
    for seen in (
        ObservedLane(replace(RUNNING, user="x")),
        ObservedLane(RUNNING, mount_health=DEAD),
    ):
        kinds = [type(op) for op in _plan(seen, on_drift="when-idle").operations]
        assert kinds[kinds.index(Stop) - 1] is CheckIdle
        assert kinds.count(CheckIdle) == 1
    idle = _plan(ObservedLane(replace(RUNNING, user="x", state="exited")), on_drift="when-idle")
    assert idle.action == "replaced"
    assert CheckIdle not in [type(op) for op in idle.operations]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        *((good, "") for good in (200, 204, 299)),
        *((busy, "its worker is busy") for busy in (409, 423)),
        (None, "its worker did not say at /busy whether it is busy"),
        *((o, "does not say that it is idle") for o in (100, 199, 300, 404, 500)),
    ],
)
def test_only_2xx_status_means_idle(status: int | None, words: str) -> None:
    said = meaning(status, "/busy")
    assert words in said
    assert bool(words) == bool(said)


def test_invalid_on_drift_or_idle_path_is_rejected() -> None:
    def said(**changes: str) -> tuple[str, ...]:
        errors = validation_errors(LANE, replace(PROFILE, **changes))  # type: ignore[arg-type]  # wrong ones too
        return tuple(message for _, message in errors)

    assert said() == said(on_drift="report") == said(on_drift="when-idle", idle_path="/b") == ()
    assert "needs idle_path" in said(on_drift="when-idle")[0]
    assert said(on_drift="never")[0] == (
        "on_drift 'never' must be one of replace, report, when-idle"
    )
    assert said(idle_path="b") == ("idle_path 'b' must begin with /",)


# --- ensure -----------------------------------------------------------------------------------


def _world(on_drift: OnDrift = "replace", **profile: object) -> LaneWorld:
    world = LaneWorld()
    world.with_profile(on_drift=on_drift, idle_path="/busy", **profile)
    return world


def _calls(world: LaneWorld) -> list[str]:
    return [call.method for call in world.engine.calls]


def test_on_drift_report_keeps_container_and_reports_drift() -> None:
    world = _world("report")
    _ = or_raise(world.lanes().ensure(LANE))
    (before,) = world.ours()
    world.drift()
    for _again in range(2):
        done = or_raise(world.lanes().ensure(LANE))
        assert (done.action, done.operations, done.drift) == ("none", (), ())
        assert "worker.digest" in [d.field for d in done.remaining_drift]
        assert done.remaining_reason == "on_drift is report"
        assert world.ours() == [before]
    world.with_profile(on_drift="replace")
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"


def test_on_drift_report_starts_drifted_container_unchanged() -> None:
    world = _world("report")
    _ = or_raise(world.lanes().ensure(LANE))
    (before,) = world.ours()
    world.drift()
    world.engine.exit(NAME, 3)
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, bool(done.remaining_drift)) == ("started", True)
    assert [c.id for c in world.running()] == [before.id]


def test_on_drift_report_fails_for_port_in_use_with_a_hint() -> None:
    world = _world("report")
    STATES["port taken"](world)
    (before,) = world.ours()
    outcome = world.lanes().ensure(LANE)
    assert isinstance(outcome, Failure)
    assert (outcome.failure().kind, outcome.failure().hints) == (
        "PortInUse",
        (Hint("free-port"),),
    )
    assert [c.id for c in world.ours()] == [before.id]


def test_busy_worker_is_replaced_only_once_idle() -> None:
    world = _world("when-idle")
    _ = or_raise(world.lanes().ensure(LANE))
    (before,) = world.ours()
    world.drift()
    world.engine.replace_worker(NAME, Worker(busy=True))
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, done.remaining_reason) == ("none", "its worker is busy")
    assert world.ours() == [before]
    world.engine.replace_worker(NAME, Worker())
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, done.remaining_drift) == ("replaced", ())


def test_worker_busy_since_planning_is_not_stopped() -> None:
    world = _world("when-idle")
    _ = or_raise(world.lanes().ensure(LANE))
    (before,) = world.ours()
    world.drift()

    def becomes_busy(event: object) -> None:
        if "create ws-a.next" in str(getattr(event, "operation", "")):
            world.engine.replace_worker(NAME, Worker(busy=True))

    done = or_raise(world.lanes(becomes_busy).ensure(LANE))
    assert (done.action, done.operations) == ("none", ())
    assert done.remaining_reason == "its worker is busy"
    assert world.ours() == [before]
    assert "stop" not in _calls(world)
    assert _calls(world).count("status") == 2, "once before the plan, once before the stop"


def test_silent_or_paused_worker_counts_as_busy() -> None:
    world = _world("when-idle")
    _ = or_raise(world.lanes().ensure(LANE))
    world.drift()
    world.engine.fail("status", EngineFailed("lost"))
    done = or_raise(world.lanes().ensure(LANE))
    assert done.remaining_reason == "its worker did not say at /busy whether it is busy"
    world.engine.pause(NAME)
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, done.remaining_reason) == (
        "started",
        "it is paused, so its worker cannot say that it is idle",
    )


def test_when_idle_without_drift_does_not_probe() -> None:
    world = _world("when-idle")
    for _again in range(2):
        _ = or_raise(world.lanes().ensure(LANE))
    assert "status" not in _calls(world)
    world.drift()
    world.with_profile(on_drift="replace")
    _ = or_raise(world.lanes().ensure(LANE))
    assert "status" not in _calls(world)


def test_busy_worker_still_gets_adjustments() -> None:
    world = _world("when-idle", memory=1 << 30)
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.tamper(NAME, updatable=True, memory=1 << 29, pid=4711)
    world.engine.replace_worker(NAME, Worker(busy=True))
    world.drift()
    world.files.lost = MountHealth(config_missing=True)
    done = or_raise(world.lanes().ensure(LANE))
    assert done.action == "adjusted"
    assert [str(op) for op in done.operations] == ["update ws-a", "copy config into ws-a"]
    assert world.ours()[0].memory == 1 << 30


def test_restart_unready_overrides_on_drift_report() -> None:
    world = _world("report")
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.replace_worker(NAME, Worker(answers_after=None))
    _ = world.lanes(restart_unready=True).ensure(LANE)
    assert "stop" in _calls(world)


@pytest.mark.parametrize("on_drift", ["report", "when-idle"])
@pytest.mark.parametrize("state", [s for s in STATES if s != "without config"])
def test_running_container_is_not_stopped_if_report_or_busy(state: str, on_drift: OnDrift) -> None:
    world = _world()
    STATES[state](world)
    world.with_profile(on_drift=on_drift)
    ran = {c.id for c in world.running()}
    for seen in world.ours():
        world.engine.replace_worker(seen.name, Worker(busy=True))
    for _again in range(2):
        _ = world.lanes().ensure(LANE)
        assert ran <= {c.id for c in world.running()}
    if on_drift == "report" and state != "port taken":
        assert or_raise(world.lanes().ensure(LANE)).action == "none"


@pytest.mark.parametrize("on_drift", ["report", "when-idle"])
def test_unready_replacement_is_kept_with_report_or_when_idle(
    on_drift: OnDrift,
) -> None:
    world = _world()
    STATES["killed after start"](world)
    world.with_profile(on_drift=on_drift)
    (ran,) = [c.id for c in world.running()]
    world.engine.replace_worker(NAME, Worker(answers_after=None))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert [c.id for c in world.running()] == [ran]


@given(st.sampled_from(sorted(STATES)), st.integers(0, 14), st.sampled_from(["kill", "fault"]))
@settings(max_examples=60, deadline=None)
def test_on_drift_report_keeps_container_running_on_failure(
    state: str, skip: int, trouble: str
) -> None:
    if state == "without config":
        return
    world = _world()
    STATES[state](world)
    world.with_profile(on_drift="report")
    ran = {c.id for c in world.running()}
    if trouble == "fault":
        world.engine.fail("*", EngineFailed("no"), skip=skip, when="after")
    else:
        world.engine.crash("*", "after", skip=skip)
    with suppress(SimulatedKill):
        _ = world.lanes().ensure(LANE)
    assert ran <= {c.id for c in world.running()}


def test_without_update_turns_adjust_into_replace() -> None:
    grades: tuple[Remedy, ...] = ("adjust", "restart", "replace")
    drift = tuple(Difference("f", "1", "2", grade) for grade in grades)
    assert [each.remedy for each in without_update(drift)] == ["replace", "restart", "replace"]
    assert [_strongest(drift[:count]) for count in range(4)] == [None, *grades]
    assert [needing(drift, grade) for grade in grades] == [(each,) for each in drift]


def test_updates_return_new_and_previous_limits() -> None:
    seen = replace(RUNNING, memory=1 << 29, cpus=2.0, pids_limit=50, restart_policy="always")
    drift = _plan(ObservedLane(seen)).drift
    assert updates(SPEC, seen, drift) == (
        Limits(1 << 30, 1.0, 100, "no"),
        Limits(1 << 29, 2.0, 50, "always"),
    )
    for each in drift:
        wanted, before = updates(SPEC, seen, (each, Difference("user", "1", "2")))
        assert [name for name, value in vars(wanted).items() if value is not None] == [each.field]
        assert [name for name, value in vars(before).items() if value is not None] == [each.field]


# --- updates ----------------------------------------------------------------------------------


class _Ignoring(InMemory):
    """Takes an update, and does nothing."""

    def update(self, container: str, limits: Limits) -> Outcome[None]:
        return super().update(container, replace(limits, memory=None))


def _updatable(world: LaneWorld) -> None:
    world.with_profile(memory=1 << 30)
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.tamper(NAME, updatable=True, memory=1 << 29)


def test_failed_update_is_undone_before_replacement() -> None:
    world = _world()
    _updatable(world)
    (before,) = world.ours()
    # As runc does it for a limit below what is in use: it shows, and does not hold.
    world.engine.fail("update", EngineFailed("unable to set memory limit"), when="after")
    seen: list[int | None] = []

    def watch(event: object) -> None:
        if "create" in str(getattr(event, "operation", "")) and "Started" in repr(event):
            seen.extend(c.memory for c in world.ours())

    done = or_raise(world.lanes(watch).ensure(LANE))
    assert (done.action, seen) == ("replaced", [1 << 29])
    assert [c.id for c in world.ours()] != [before.id]


def test_ignored_update_causes_replacement() -> None:
    world = _world()
    world.engine = _Ignoring(clock=world.clock, seed=1)
    _updatable(world)
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, done.drift[0].remedy) == ("replaced", "replace")
    world.with_profile(on_drift="report")
    world.engine.tamper(NAME, updatable=True, memory=1 << 29)
    (before,) = world.ours()
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, [d.field for d in done.remaining_drift]) == ("none", ["memory"])
    assert world.ours() == [before]


def test_conflict_during_update_causes_no_replacement() -> None:
    world = _world()
    _updatable(world)
    world.engine.fail("update", InvalidState("it is being stopped"))
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, [d.field for d in done.drift]) == ("adjusted", ["memory"])


def test_paused_container_is_unpaused_before_update() -> None:
    world = _world()
    _updatable(world)
    world.engine.pause(NAME)
    done = or_raise(world.lanes().ensure(LANE))
    assert [type(op) for op in done.operations] == [Unpause, Update]
    assert or_raise(world.lanes().ensure(LANE)).action == "none"
