"""Plans of the mild mends, as people read them, and what their text does not show."""

from dataclasses import replace
from textwrap import dedent

from tests.support.strategies.lanes import IMAGE
from tests.unit.application.test_on_drift import RUNNING, SPEC

from lanekit.core.domain.containers import Limits
from lanekit.core.domain.drift import drift
from lanekit.core.domain.lanes import OnDrift
from lanekit.core.domain.observed import MountHealth, ObservedLane
from lanekit.core.domain.operations import (
    AwaitReady,
    CheckIdle,
    CopyIn,
    Create,
    Remove,
    Rename,
    Start,
    Stop,
    Update,
    undo,
)
from lanekit.core.domain.plan import Plan, PlanConstraints, make_plan

TWO = MountHealth(("/workspace", "/usr/local/bin/inbox"), config_missing=True)
LOW = replace(RUNNING, memory=1 << 29)
PREV = replace(RUNNING, id="p" * 64, name="ws-a.prev", state="exited")
READY = "  await ws-a  because a lane is ready when its worker answers\n"


def _plan(seen: ObservedLane, on_drift: OnDrift = "replace", **wish: str) -> Plan:
    asked = PlanConstraints(on_drift=on_drift, **wish)  # type: ignore[arg-type]  # words all
    return make_plan("ws/a", SPEC, seen, lambda one: drift(SPEC, one, IMAGE), asked)


def _text(seen: ObservedLane, on_drift: OnDrift = "replace", **wish: str) -> str:
    return f"{_plan(seen, on_drift, **wish)}\n"


def test_busy_worker_is_adjusted_but_not_restarted() -> None:
    seen = ObservedLane(replace(LOW, user="x"), mount_health=TWO)
    gone, why = "actual a folder that is no longer at that path", "because its worker is busy"
    assert _text(seen, "when-idle", busy="its worker is busy") == (
        dedent(f"""\
        ws/a (ws-a): adjust
          differs  memory: expected 1073741824, actual 536870912  -> adjust
          differs  config: expected at /root/.codex, \
actual deleted in the container, or copied incompletely  -> adjust
          left  user: expected root, actual x  {why}
          left  mount./workspace: expected /t, {gone}  {why}
          left  mount./usr/local/bin/inbox: expected /i, {gone}  {why}
          update ws-a  because memory differs
          copy config into ws-a  because its config was deleted in the container, or copied incompletely
        """)
        + READY
    )


def test_restart_follows_adjustments_and_idle_check() -> None:
    lines = _text(ObservedLane(LOW, mount_health=TWO), "when-idle").splitlines(keepends=True)
    shows = "/workspace, /usr/local/bin/inbox shows a folder that is gone"
    assert lines[0] == "ws/a (ws-a): restart\n"
    assert [line.rpartition("-> ")[2] for line in lines[1:5]] == [
        *("adjust\n", "restart\n", "restart\n", "adjust\n")
    ]
    assert "".join(lines[5:]) == (
        "  update ws-a  because memory differs\n"
        "  copy config into ws-a  because its config was deleted in the container, or copied "
        "incompletely\n"
        "  ask ws-a whether it is idle  because on_drift is when-idle\n"
        f"  stop ws-a  because {shows}\n"
        f"  start ws-a  because {shows}\n" + READY
    )


def test_replacement_checks_idle_just_before_the_stop() -> None:
    lines = _text(ObservedLane(replace(LOW, user="x", workdir="/")), "when-idle").splitlines()
    assert lines[4:9] == [
        "  create ws-a.next  because user, workdir differ",
        "  copy config into ws-a.next  because a new container has no config",
        "  verify ws-a.next  because podman may create something else than was asked for",
        "  ask ws-a whether it is idle  because on_drift is when-idle",
        "  stop ws-a  because two containers of a lane never run at once",
    ]


def test_interrupted_replacement_is_finished_then_adjusted() -> None:
    head = "ws/a (ws-a): replace\n"
    memory = "  differs  memory: expected 1073741824, actual 536870912  -> adjust\n"
    done = READY + (
        "  remove ws-a.prev  because its replacement is ready\n"
        "  update ws-a  because memory differs\n"
    )
    seen = ObservedLane(LOW, prev=PREV)
    assert _text(seen, "report") == head + memory + done
    drifted = ObservedLane(replace(LOW, user="x"), prev=PREV)
    left = "  left  user: expected root, actual x  because its worker is busy\n"
    assert _text(drifted, "when-idle", busy="its worker is busy") == head + memory + left + done
    asked = _plan(drifted, "when-idle")
    assert [type(op) for op in asked.operations].count(CheckIdle) == 1
    # Whatever it answers: it runs, and the one before it does not.
    assert [op.keep for op in asked.operations if isinstance(op, AwaitReady)] == [True, False]
    assert asked.resumed == ()


def test_resumed_replacement_is_stopped_before_the_next_one() -> None:
    made = replace(RUNNING, state="created")
    todo = _plan(ObservedLane(made, prev=PREV), replace="its host port is taken")
    assert [str(op) for op in todo.operations][:4] == [
        *("start ws-a", "await ws-a", "remove ws-a.prev", "create ws-a.next")
    ]
    assert [str(op) for op in todo.operations][6:8] == ["stop ws-a", "rename ws-a to ws-a.prev"]
    assert [str(op) for op, _ in todo.resumed] == [
        *("create ws-a.next", "stop ws-a", "rename ws-a to ws-a.prev", "rename ws-a.next to ws-a")
    ]
    paused = replace(RUNNING, state="paused", user="x")
    woken = [str(op) for op in _plan(ObservedLane(paused, prev=PREV)).operations]
    assert (woken[0], woken.count("unpause ws-a")) == ("unpause ws-a", 1)


def test_plan_names_the_container_it_replaces() -> None:
    assert _plan(ObservedLane(replace(RUNNING, user="x"))).replaces == RUNNING.id
    for mild in (ObservedLane(), ObservedLane(LOW), ObservedLane(RUNNING, prev=PREV)):
        assert _plan(mild).replaces == ""


def test_reason_to_defer_depends_on_on_drift_and_state() -> None:
    asleep = replace(RUNNING, state="exited")
    busy = PlanConstraints(on_drift="when-idle", busy="it works")
    assert (busy.reason_to_defer(RUNNING), busy.reason_to_defer(asleep)) == ("it works", "")
    assert replace(busy, on_drift="replace").reason_to_defer(RUNNING) == ""
    report = replace(busy, on_drift="report")
    assert report.reason_to_defer(RUNNING) == report.reason_to_defer(asleep) == "on_drift is report"


def test_remaining_reason_is_set_only_with_remaining_drift() -> None:
    for on_drift, seen in (("report", RUNNING), ("report", LOW), ("replace", RUNNING)):
        assert _plan(ObservedLane(seen), on_drift).remaining_reason == ""  # type: ignore[arg-type]
    spared = _plan(ObservedLane(RUNNING, mount_health=TWO), "report")
    assert spared.remaining_reason == "on_drift is report"
    assert [each.field for each in spared.drift] == ["config"]
    # A restart that was asked for ends them too.
    asked = _plan(ObservedLane(RUNNING, mount_health=TWO), "report", restart="it did not answer")
    assert (asked.remaining_drift, asked.action) == ((), "restarted")
    assert [op.cause for op in asked.operations if isinstance(op, Stop)] == ["it did not answer"]
    assert not any(isinstance(op, CheckIdle) for op in asked.operations)
    asleep = _plan(ObservedLane(replace(RUNNING, state="exited")), restart="it did not answer")
    assert [str(op) for op in asleep.operations] == ["start ws-a", "await ws-a"]


def test_fresh_answer_is_required_only_after_a_start() -> None:
    def fresh(seen: ObservedLane) -> list[bool]:
        return [op.fresh for op in _plan(seen).operations if isinstance(op, AwaitReady)]

    assert fresh(ObservedLane(RUNNING)) == fresh(ObservedLane(LOW)) == [False]
    assert fresh(ObservedLane(replace(RUNNING, state="paused"))) == [False]
    assert fresh(ObservedLane(replace(RUNNING, state="exited"))) == [True]
    assert fresh(ObservedLane(RUNNING, mount_health=TWO)) == [True]
    assert fresh(ObservedLane()) == fresh(ObservedLane(replace(RUNNING, user="x"))) == [True]


def test_leftover_cleanup_alone_has_action_started() -> None:
    left = replace(RUNNING, name="ws-a.next", state="created")
    assert _plan(ObservedLane(RUNNING, next=left)).action == "started"
    assert _plan(ObservedLane(LOW, next=left)).action == "adjusted"
    assert _plan(ObservedLane(RUNNING, next=left, mount_health=TWO)).action == "restarted"


def test_undo_reverses_limits_starts_stops_and_renames() -> None:
    update = Update("ws-a", "memory differs", Limits(memory=2), Limits(memory=1))
    assert undo(update) == Update("ws-a", "undone", Limits(memory=1), Limits(memory=2))
    assert undo(Create("ws-a", "")) == Remove("ws-a", "undone")
    assert undo(Stop("ws-a", "")) == Start("ws-a", "undone")
    assert undo(Start("ws-a", "")) == Stop("ws-a", "undone")
    assert undo(Rename("a", "b", "")) == Rename("b", "a", "undone")
    assert undo(CheckIdle("ws-a", "")) is undo(CopyIn("ws-a", "")) is None
