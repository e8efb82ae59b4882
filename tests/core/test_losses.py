"""What counts as lost when a container is replaced."""

from dataclasses import replace

import pytest
from returns.result import Failure
from tests.lane_world import LANE, LaneWorld
from tests.strategies import snapshot_of

from lanekit.core.errors import EngineFailed, or_raise
from lanekit.core.losses import losses
from lanekit.core.model import Change, Lane, Mount, Profile
from lanekit.core.spec import Digests, container_spec

NAME = "ws-a"
TARGET = "/root/.codex"
SPEC = container_spec(Lane("ws", "a", "/t"), Profile("/w", "/i", config_dir="/c/.codex"), Digests())
SEEN = replace(snapshot_of(SPEC), mounts=(*SPEC.mounts, Mount("/x", "/opt/x/y/")))


def _lost(*paths: str, kind: str = "added", copied: tuple[str, ...] = ()) -> list[str]:
    changes = [Change(path, kind) for path in paths]  # type: ignore[arg-type]  # one of three
    return [change.path for change in losses(SEEN, changes, TARGET, copied)]


def test_what_podman_and_lanekit_make_is_no_loss() -> None:
    made = ("/etc", "/opt", "/opt/x", "/opt/x/y", "/usr", "/usr/local", "/usr/local/bin")
    places = ("/usr/local/bin/inbox", "/usr/local/bin/lane-worker", "/workspace")
    config = ("/root", TARGET, f"{TARGET}/config.toml", f"{TARGET}/sub", f"{TARGET}/sub/a")
    assert _lost(*made, *places, *config, copied=config[2:]) == []
    assert _lost(TARGET) == []


def test_what_was_written_is_and_the_folders_above_it_are_not() -> None:
    assert _lost("/etc", "/etc/hosts2", "/home", "/home/a", "/home/a/b", "/home-made") == [
        *("/etc/hosts2", "/home/a/b", "/home-made")
    ]
    assert _lost("/empty-folder") == ["/empty-folder"]
    assert _lost(f"{TARGET}/token", f"{TARGET}/a", copied=(f"{TARGET}/a",)) == [f"{TARGET}/token"]


def test_what_was_deleted_is_wherever_it_was() -> None:
    assert _lost("/etc/passwd", "/usr/bin", kind="deleted") == ["/etc/passwd", "/usr/bin"]
    assert _lost("/etc", TARGET, kind="deleted") == ["/etc", TARGET]


@pytest.fixture
def world() -> LaneWorld:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.write_file(NAME, "/tmp/work")
    world.engine.forget_calls()
    return world


def test_only_a_replace_asks_what_it_loses(world: LaneWorld) -> None:
    assert or_raise(world.lanes().plan(LANE)).loses is None
    world.engine.exit(NAME, 0)
    assert or_raise(world.lanes().plan(LANE)).loses is None
    assert "changes" not in [call.method for call in world.engine.calls]
    world.drift()
    lost = or_raise(world.lanes().plan(LANE)).loses
    assert [change.path for change in lost or ()] == ["/tmp/work"]
    world.with_profile(on_drift="report")
    assert or_raise(world.lanes().plan(LANE)).loses is None


def test_ensure_does_not_ask(world: LaneWorld) -> None:
    world.drift()
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"
    assert "changes" not in [call.method for call in world.engine.calls]


def test_a_plan_that_cannot_be_told_in_full_is_an_error(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("changes", EngineFailed("no"))
    outcome = world.lanes().plan(LANE)
    assert isinstance(outcome, Failure)
    assert outcome.failure().lane == "ws/a"
