"""A running container that lost something is put right by the mildest means that are enough."""

from dataclasses import replace

import pytest
from returns.result import Failure
from tests.support.lane_world import LANE, WELL, LaneWorld

from lanekit.adapters.memory.engine import Worker
from lanekit.core.domain.errors import EngineFailed, or_raise
from lanekit.core.domain.observed import MountHealth
from lanekit.core.domain.operations import AwaitReady, Start
from lanekit.core.domain.progress import Event, OperationFinished, OperationStarted
from lanekit.core.domain.results import EnsureResult

NAME = "ws-a"
DEAD = MountHealth(stale_mounts=("/workspace",))
GONE = MountHealth(config_missing=True)


@pytest.fixture
def world() -> LaneWorld:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.tamper(NAME, pid=4711)
    return world


def _mended(world: LaneWorld) -> EnsureResult:
    (before,) = world.ours()
    done = or_raise(world.lanes().ensure(LANE))
    (after,) = world.ours()
    assert after.id == before.id, "what was written in the container is kept"
    assert after.state == "running"
    world.files.lost = WELL
    assert or_raise(world.lanes().ensure(LANE)).action == "none"
    return done


def test_stale_mount_is_repaired_by_a_restart(world: LaneWorld) -> None:
    world.files.lost = DEAD
    done = _mended(world)
    assert done.action == "restarted"
    assert [str(op) for op in done.operations] == [f"stop {NAME}", f"start {NAME}"]
    assert [d.field for d in done.drift] == ["mount./workspace"]
    assert "no longer at that path" in done.drift[0].actual


def test_missing_config_is_copied_while_running(world: LaneWorld) -> None:
    world.files.lost = GONE
    done = _mended(world)
    assert done.action == "adjusted"
    assert [str(op) for op in done.operations] == [f"copy config into {NAME}"]
    assert [(d.field, d.actual) for d in done.drift] == [
        ("config", "deleted in the container, or copied incompletely")
    ]


def test_missing_config_and_stale_mount_plan_a_restart(world: LaneWorld) -> None:
    world.files.lost = MountHealth(("/workspace",), config_missing=True)
    world.profile = replace(world.profile)
    assert or_raise(world.lanes().plan(LANE)).action == "restarted"


def test_stale_mount_with_other_drift_causes_replacement(world: LaneWorld) -> None:
    world.files.lost = DEAD
    world.drift()
    done = or_raise(world.lanes().ensure(LANE))
    assert done.action == "replaced"


def test_paused_container_is_unpaused_before_repair(world: LaneWorld) -> None:
    world.engine.pause(NAME)
    world.files.lost = DEAD
    done = _mended(world)
    assert [str(op) for op in done.operations] == [
        *(f"unpause {NAME}", f"stop {NAME}", f"start {NAME}")
    ]


def test_stopped_container_has_no_stale_mounts(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.engine.tamper(NAME, pid=0)
    world.files.lost = DEAD
    assert or_raise(world.lanes().ensure(LANE)).action == "started"


def test_status_and_plan_report_a_stale_mount(world: LaneWorld) -> None:
    world.files.lost = DEAD
    seen = or_raise(world.lanes().status(LANE))
    planned = or_raise(world.lanes().plan(LANE))
    assert [d.field for d in seen.drift] == [d.field for d in planned.drift] == ["mount./workspace"]
    assert "restart" in str(planned)
    assert "because /workspace shows a folder that is gone" in str(planned)


def test_reference_policy_ignores_lost_mounts_and_config(world: LaneWorld) -> None:
    world.policy = "reference"
    world.files.lost = MountHealth(("/workspace",), config_missing=True)
    assert or_raise(world.lanes().ensure(LANE)).action == "none"
    assert or_raise(world.lanes().status(LANE)).drift == ()


def test_failed_restart_leaves_the_container_running(world: LaneWorld) -> None:
    world.files.lost = DEAD
    world.engine.fail("start", EngineFailed("cannot"), when="before")
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert [c.name for c in world.running()] == [NAME]


def _silent(world: LaneWorld) -> None:
    world.engine.replace_worker(NAME, Worker(answers_after=None))


def _stops(world: LaneWorld) -> int:
    return [call.method for call in world.engine.calls].count("stop")


def test_unready_worker_is_restarted_once_if_requested(world: LaneWorld) -> None:
    _silent(world)
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _stops(world) == 0
    outcome = world.lanes(restart_unready=True).ensure(LANE)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "NotReady"
    assert _stops(world) == 1
    assert [c.state for c in world.ours()] == ["running"], "it may still come"


def test_restart_unready_repairs_a_hanging_worker(world: LaneWorld) -> None:
    # It answers nothing any more, until its process is a new one.
    _silent(world)

    def mend(event: object) -> None:
        if "stop" in str(getattr(event, "operation", "")) and "Finished" in repr(event):
            world.engine.replace_worker(NAME, Worker())

    done = or_raise(world.lanes(mend, restart_unready=True).ensure(LANE))
    assert done.action == "restarted"
    assert "its worker did not answer in time" in done.operations[0].cause


def test_unready_new_container_is_restarted_once() -> None:
    world = LaneWorld()
    world.new_worker(Worker(answers_after=None))
    assert isinstance(world.lanes(restart_unready=True).ensure(LANE), Failure)
    assert _stops(world) == 1


def test_undone_replacement_is_not_attempted_again(world: LaneWorld) -> None:
    (old,) = world.ours()
    world.drift()
    world.new_worker(Worker(answers_after=None))
    world.engine.forget_calls()
    outcome = world.lanes(restart_unready=True).ensure(LANE)
    assert isinstance(outcome, Failure)
    assert [c.id for c in world.running()] == [old.id]
    creates = [call for call in world.engine.calls if call.method == "create"]
    assert len(creates) == 1


def test_interrupted_config_copy_is_repeated(world: LaneWorld) -> None:
    world.files.lost = GONE
    world.engine.fail("put_archive", EngineFailed("disk full"), when="after")
    assert isinstance(world.lanes().ensure(LANE), Failure)
    # Its folder is there: who looks takes it for whole.
    world.files.lost = WELL
    done = or_raise(world.lanes().ensure(LANE))
    assert (done.action, [str(op) for op in done.operations]) == (
        "adjusted",
        [f"copy config into {NAME}"],
    )
    assert or_raise(world.lanes().ensure(LANE)).action == "none"


def test_interrupted_config_copy_is_repeated_after_exit(world: LaneWorld) -> None:
    world.files.lost = GONE
    world.engine.fail("put_archive", EngineFailed("disk full"), when="after")
    assert isinstance(world.lanes().ensure(LANE), Failure)
    world.files.lost = WELL
    world.engine.exit(NAME, 0)
    done = or_raise(world.lanes().ensure(LANE))
    assert f"copy config into {NAME}" in [str(op) for op in done.operations]
    assert or_raise(world.lanes().ensure(LANE)).action == "none"


def test_config_lost_while_stopped_is_copied_after_start(
    world: LaneWorld,
) -> None:
    world.engine.exit(NAME, 0)
    world.engine.tamper(NAME, pid=0)
    world.files.lost = GONE

    def runs(event: Event) -> None:
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.engine.tamper(NAME, pid=4712)

    done = or_raise(world.lanes(runs).ensure(LANE))
    assert done.action == "started"
    assert [str(op) for op in done.operations] == [f"start {NAME}", f"copy config into {NAME}"]
    assert [d.field for d in done.drift] == ["config"]
    world.files.lost = WELL
    assert or_raise(world.lanes().ensure(LANE)).action == "none"


def test_reference_policy_does_not_inspect_more_after_start(world: LaneWorld) -> None:
    world.policy = "reference"
    world.engine.exit(NAME, 0)
    world.engine.forget_calls()
    done = or_raise(world.lanes().ensure(LANE))
    assert [str(op) for op in done.operations] == [f"start {NAME}"]
    (own,) = world.ours()
    looks = [call.method for call in world.engine.calls if call.about == (own.id,)]
    assert looks == ["inspect", "inspect"], "for its id, and behind its answer"


def test_config_missing_after_restart_is_copied_and_reported(world: LaneWorld) -> None:
    world.files.lost = DEAD

    def runs(event: Event) -> None:
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.files.lost = GONE
            world.engine.tamper(NAME, pid=4712)

    done = or_raise(world.lanes(runs).ensure(LANE))
    assert done.action == "restarted"
    assert [str(op) for op in done.operations] == [
        *(f"stop {NAME}", f"start {NAME}", f"copy config into {NAME}")
    ]
    assert [d.field for d in done.drift] == ["mount./workspace", "config"]


def test_interrupt_while_awaiting_the_worker_undoes_nothing() -> None:
    world = LaneWorld()

    def interrupt(event: Event) -> None:
        if isinstance(event, OperationStarted) and isinstance(event.operation, AwaitReady):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ = world.lanes(interrupt).ensure(LANE)
    assert [c.state for c in world.running()] == ["running"], "it may still come"
