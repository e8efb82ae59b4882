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
    assert or_raise(world.lanes().plan(LANE)).lost_files is None
    world.engine.exit(NAME, 0)
    assert or_raise(world.lanes().plan(LANE)).lost_files is None
    assert "diff" not in [call.method for call in world.engine.calls]
    world.drift()
    lost = or_raise(world.lanes().plan(LANE)).lost_files
    assert [change.path for change in lost or ()] == ["/tmp/work"]
    world.with_profile(on_drift="report")
    assert or_raise(world.lanes().plan(LANE)).lost_files is None


def test_ensure_does_not_ask(world: LaneWorld) -> None:
    world.drift()
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"
    assert "diff" not in [call.method for call in world.engine.calls]


def test_a_plan_that_cannot_be_told_in_full_is_an_error(world: LaneWorld) -> None:
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


def test_where_this_host_can_look_a_config_that_was_written_since_is_lost() -> None:
    world = LaneWorld(files=_Touched(written=frozenset([f"{TARGET}/b"])))
    _ = or_raise(world.lanes().ensure(LANE))
    assert _lost_by(world, "/x", f"{TARGET}-not", f"{TARGET}/a", f"{TARGET}/b", f"{TARGET}/c") == [
        *(f"{TARGET}-not", f"{TARGET}/b", "/x")
    ]
    assert isinstance(world.files, _Touched)
    ours = tuple(f"{TARGET}/{name}" for name in "abc")
    assert world.files.asked == [(NAME, ours)]


def test_where_it_cannot_the_files_of_todays_config_are_none() -> None:
    world = LaneWorld(files=_Touched())
    _ = or_raise(world.lanes().ensure(LANE))
    # Nothing says what config it was made with, so nothing is known of what is in it.
    (own,) = world.ours()
    labels = {name: value for name, value in own.labels.items() if name != LABEL_CONFIG}
    world.engine.tamper(NAME, labels=labels)
    assert _lost_by(world, f"{TARGET}/a", f"{TARGET}/c") == [f"{TARGET}/c"]
    assert isinstance(world.files, _Touched)
    assert world.files.asked == []


def test_a_lane_without_a_config_has_copied_nothing() -> None:
    world = LaneWorld(files=_Touched(), profile=replace(PROFILE, config_dir=""))
    _ = or_raise(world.lanes().ensure(LANE))
    assert _lost_by(world, f"{TARGET}/a") == [f"{TARGET}/a"]
    assert isinstance(world.files, _Touched)
    assert world.files.asked == []


def test_the_one_that_is_replaced_is_asked_also_when_it_is_called_otherwise(
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


def test_a_plan_that_replaces_one_that_is_gone_is_left_as_it_is() -> None:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    todo = replace(_planned(world), lost_files=None)
    target = PreparedLane(LANE, PROFILE, SPEC, None)
    ports = Ports(world.engine, world.engine, world.files, world.lock, world.clock)
    assert with_data_loss(ports, target, ObservedLane(), todo) == Success(todo)
    (own,) = world.ours()
    assert with_data_loss(ports, target, ObservedLane(next=own), todo) == Success(todo)
