"""A config copy that was cut off: plan, status and ensure say the same of it, also after a reboot."""

from pathlib import Path

import pytest
from tests.support.lane_world import LANE, LaneWorld

from lanekit.adapters.host.lane_lock import FileLock
from lanekit.adapters.memory.engine import SimulatedKill
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise

NAME = "ws-a"


@pytest.fixture
def world() -> LaneWorld:
    return LaneWorld().made()


def _lanes(world: LaneWorld, folder: Path) -> Lanes:
    # Journals in files, as after a reboot: nothing of the process is left.
    return Lanes(
        world.engine,
        world.profile,
        files=world.files,
        lock=FileLock(str(folder)),
        clock=world.clock,
    )


def _cut_off(world: LaneWorld, folder: Path) -> None:
    _ = or_raise(_lanes(world, folder).ensure(LANE))
    world.lose(config=True)
    world.engine.crash("put_archive", "after")
    with pytest.raises(SimulatedKill):
        _ = _lanes(world, folder).ensure(LANE)


@pytest.mark.parametrize("state", ["running", "exited"])
def test_plan_status_and_ensure_agree_on_a_copy_cut_off(
    world: LaneWorld, tmp_path: Path, state: str
) -> None:
    _cut_off(world, tmp_path)
    if state == "exited":
        world.engine.exit(NAME, 0)
    lanes = _lanes(world, tmp_path)
    planned = or_raise(lanes.plan(LANE))
    (difference,) = or_raise(lanes.status(LANE)).drift
    assert difference.field == "config"
    assert f"copy config into {NAME}" in str(planned)
    done = or_raise(lanes.ensure(LANE))
    assert [str(each) for each in done.operations] == [
        str(each) for each in planned.operations if "await" not in str(each)
    ]
    assert not or_raise(lanes.plan(LANE)).changes
    assert or_raise(lanes.status(LANE)).drift == ()
    assert or_raise(lanes.ensure(LANE)).action == "none"


def test_copy_cut_off_is_forgotten_with_its_container(world: LaneWorld, tmp_path: Path) -> None:
    _cut_off(world, tmp_path)
    world.drift()
    lanes = _lanes(world, tmp_path)
    assert or_raise(lanes.ensure(LANE)).action == "replaced"
    assert or_raise(lanes.ensure(LANE)).action == "none"
    assert or_raise(lanes.status(LANE)).drift == ()


def test_copy_cut_off_is_remembered_by_a_policy_that_leaves_it(
    world: LaneWorld, tmp_path: Path
) -> None:
    _cut_off(world, tmp_path)
    lock = FileLock(str(tmp_path))
    reference = Lanes(
        world.engine,
        world.profile,
        policy="reference",
        files=world.files,
        lock=lock,
        clock=world.clock,
    )
    assert or_raise(reference.ensure(LANE)).action == "none"
    assert lock.read_journal(NAME).config_copy_is_incomplete(world.ours()[0].id)
    assert or_raise(_lanes(world, tmp_path).ensure(LANE)).action == "adjusted"
    assert not lock.read_journal(NAME).config_copy_is_incomplete(world.ours()[0].id)
