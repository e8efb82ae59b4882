"""What counts as lost when a container is replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, PROFILE, Config, Files, LaneWorld
from tests.support.strategies.lanes import snapshot_of

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.data_loss import lost_files, with_data_loss
from lanekit.core.domain.containers import Mount
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import EngineFailed, Outcome, or_raise
from lanekit.core.domain.labels import LABEL_CONFIG
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import LayerChange, ObservedContainer, ObservedLane
from lanekit.core.domain.plan import Plan

NAME = "ws-a"
TARGET = "/root/.codex"
SPEC = container_spec(Lane("ws", "a", "/t"), Profile("/w", "/i", config_dir="/c/.codex"), Digests())
SEEN = replace(snapshot_of(SPEC), mounts=(*SPEC.mounts, Mount("/x", "/opt/x/y/")))


def _lost(*paths: str, kind: str = "added", copied: tuple[str, ...] = ()) -> list[str]:
    changes = [LayerChange(path, kind) for path in paths]  # type: ignore[arg-type]  # one of three
    return [change.path for change in lost_files(SEEN, changes, TARGET, copied)]


def test_files_made_by_podman_and_lanekit_are_not_lost() -> None:
    made = ("/etc", "/opt", "/opt/x", "/opt/x/y", "/usr", "/usr/local", "/usr/local/bin")
    places = ("/usr/local/bin/inbox", "/usr/local/bin/lane-worker", "/workspace")
    config = ("/root", TARGET, f"{TARGET}/config.toml", f"{TARGET}/sub", f"{TARGET}/sub/a")
    assert _lost(*made, *places, *config, copied=config[2:]) == []
    assert _lost(TARGET) == []


def test_written_files_are_lost_without_their_parent_folders() -> None:
    assert _lost("/etc", "/etc/hosts2", "/home", "/home/a", "/home/a/b", "/home-made") == [
        *("/etc/hosts2", "/home/a/b", "/home-made")
    ]
    assert _lost("/empty-folder") == ["/empty-folder"]
    assert _lost(f"{TARGET}/token", f"{TARGET}/a", copied=(f"{TARGET}/a",)) == [f"{TARGET}/token"]


def test_deleted_paths_count_as_lost_everywhere() -> None:
    assert _lost("/etc/passwd", "/usr/bin", kind="deleted") == ["/etc/passwd", "/usr/bin"]
    assert _lost("/etc", TARGET, kind="deleted") == ["/etc", TARGET]


@pytest.fixture
def world() -> LaneWorld:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.write_file(NAME, "/tmp/work")
    world.engine.forget_calls()
    return world


def test_only_a_replacement_plan_lists_lost_files(world: LaneWorld) -> None:
    assert or_raise(world.lanes().plan(LANE)).lost_files is None
    world.engine.exit(NAME, 0)
    assert or_raise(world.lanes().plan(LANE)).lost_files is None
    assert "diff" not in [call.method for call in world.engine.calls]
    world.drift()
    lost = or_raise(world.lanes().plan(LANE)).lost_files
    assert [change.path for change in lost or ()] == ["/tmp/work"]
    world.with_profile(on_drift="report")
    assert or_raise(world.lanes().plan(LANE)).lost_files is None


def test_ensure_does_not_diff_the_container(world: LaneWorld) -> None:
    world.drift()
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"
    assert "diff" not in [call.method for call in world.engine.calls]


def test_failed_diff_makes_the_plan_fail(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("diff", EngineFailed("no"))
    outcome = world.lanes().plan(LANE)
    assert isinstance(outcome, Failure)
    assert outcome.failure().lane == "ws/a"


def _lost_by(world: LaneWorld, *paths: str) -> list[str]:
    """What a plan tells to be lost, after these files of the lane's container were written."""
    for path in paths:
        world.engine.write_file(NAME, path)
    world.drift()
    lost = or_raise(world.lanes().plan(LANE)).lost_files
    assert lost is not None
    return [change.path for change in lost]


@dataclass
class _Touched(Files):
    """Files of a host that can look into the container: these were written since the copy."""

    written: frozenset[str] = frozenset()
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=lambda: [])

    def config(self, path: str, credentials: Sequence[str] = ()) -> Outcome[Config]:
        copy = or_raise(super().config(path, credentials))
        return Success(replace(copy, names=frozenset(("", "a", "b"))))

    def touched(self, seen: ObservedContainer, paths: Sequence[str]) -> frozenset[str] | None:
        self.asked.append((seen.name, tuple(paths)))
        return self.written


def test_config_file_written_since_the_copy_is_lost() -> None:
    world = LaneWorld(files=_Touched(written=frozenset([f"{TARGET}/b"])))
    _ = or_raise(world.lanes().ensure(LANE))
    assert _lost_by(world, "/x", f"{TARGET}-not", f"{TARGET}/a", f"{TARGET}/b", f"{TARGET}/c") == [
        *(f"{TARGET}-not", f"{TARGET}/b", "/x")
    ]
    assert isinstance(world.files, _Touched)
    ours = tuple(f"{TARGET}/{name}" for name in "abc")
    assert world.files.asked == [(NAME, ours)]


def test_without_config_label_current_config_files_are_not_lost() -> None:
    world = LaneWorld(files=_Touched())
    _ = or_raise(world.lanes().ensure(LANE))
    # Nothing says what config it was made with, so nothing is known of what is in it.
    (own,) = world.ours()
    labels = {name: value for name, value in own.labels.items() if name != LABEL_CONFIG}
    world.engine.tamper(NAME, labels=labels)
    assert _lost_by(world, f"{TARGET}/a", f"{TARGET}/c") == [f"{TARGET}/c"]
    assert isinstance(world.files, _Touched)
    assert world.files.asked == []


def test_without_config_every_written_file_is_lost() -> None:
    world = LaneWorld(files=_Touched(), profile=replace(PROFILE, config_dir=""))
    _ = or_raise(world.lanes().ensure(LANE))
    assert _lost_by(world, f"{TARGET}/a") == [f"{TARGET}/a"]
    assert isinstance(world.files, _Touched)
    assert world.files.asked == []


def test_lost_files_are_listed_for_a_renamed_prev_container(
    world: LaneWorld,
) -> None:
    (old,) = world.ours()
    world.engine.external_rename(NAME, f"{NAME}.prev")
    planned = _planned(world)
    assert (planned.replaces, [one.path for one in planned.lost_files or ()]) == (
        old.id,
        ["/tmp/work"],
    )


def _planned(world: LaneWorld) -> Plan:
    world.drift()
    return or_raise(world.lanes().plan(LANE))


def test_plan_replacing_a_missing_container_is_unchanged() -> None:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    todo = replace(_planned(world), lost_files=None)
    target = PreparedLane(LANE, PROFILE, SPEC, None)
    ports = Ports(world.engine, world.engine, world.files, world.lock, world.clock)
    assert with_data_loss(ports, target, ObservedLane(), todo) == Success(todo)
    (own,) = world.ours()
    assert with_data_loss(ports, target, ObservedLane(next=own), todo) == Success(todo)
