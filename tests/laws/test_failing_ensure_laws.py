"""Law 1 in the state after a fault: whatever the next ensure does, also when it fails.

A run that stopped a running container in order to replace or restart it was killed. Each later run
that fails starts that container again, unless somebody asked for a stop.
"""

from collections.abc import Callable
from typing import Literal

import pytest
from returns.result import Failure
from tests.laws.test_ensure_laws import NAME
from tests.support.lane_world import LaneWorld

from lanekit.adapters.memory.engine import SimulatedKill, Worker
from lanekit.core.domain.errors import EngineFailed, Outcome, or_raise
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Lane
from lanekit.core.domain.results import EnsureResult

OTHER = Lane("ws", "other", "/work/other")


def _replaced(world: LaneWorld) -> None:
    world.drift()


def _restarted(world: LaneWorld) -> None:
    world.lose(mount=True)


def _paused(world: LaneWorld) -> None:
    world.drift()
    world.engine.pause(NAME)


CHANGES: dict[str, Callable[[LaneWorld], None]] = {
    "replaced": _replaced,
    "restarted": _restarted,
    "paused and replaced": _paused,
}


def _no_worker_file(world: LaneWorld) -> None:
    world.files.broken = (world.profile.worker,)


def _worker_file_is_back(world: LaneWorld) -> None:
    world.files.broken = ()


def _no_image(world: LaneWorld) -> None:
    world.engine.remove_image(DEFAULT_IMAGE)


def _image_is_back(world: LaneWorld) -> None:
    _ = world.engine.add_image(DEFAULT_IMAGE)


def _no_create(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("create", EngineFailed("no space left"), container=f"{NAME}.next")


def _worker_crashes(world: LaneWorld) -> None:
    world.drift()
    world.new_worker(Worker(answers_after=None, exits_after=0.1))


def _worker_is_mended(world: LaneWorld) -> None:
    world.drift()
    world.new_worker(Worker())


def _nothing(world: LaneWorld) -> None:
    _ = world


FAULTS: dict[str, tuple[Callable[[LaneWorld], None], Callable[[LaneWorld], None]]] = {
    "worker file missing": (_no_worker_file, _worker_file_is_back),
    "image missing": (_no_image, _image_is_back),
    "create fails": (_no_create, _nothing),
    "new worker crashes": (_worker_crashes, _worker_is_mended),
}


def _arranged(change: str) -> LaneWorld:
    world = LaneWorld().made()
    CHANGES[change](world)
    return world


def _killed(change: str, when: Literal["before", "after"]) -> list[LaneWorld]:
    """The lane after a kill at each call."""
    counted = _arranged(change)
    counted.engine.forget_calls()
    _ = or_raise(counted.lanes().ensure(counted.lane))
    worlds: list[LaneWorld] = []
    for skip in range(len(counted.engine.calls)):
        world = _arranged(change)
        world.engine.crash("*", when, skip=skip)
        with pytest.raises(SimulatedKill):
            _ = world.lanes().ensure(world.lane)
        worlds.append(world)
    return worlds


def _ensure(world: LaneWorld, *, batch: bool) -> Outcome[EnsureResult]:
    lanes = world.lanes()
    return (
        dict(lanes.ensure_all([world.lane, OTHER]))[world.lane]
        if batch
        else lanes.ensure(world.lane)
    )


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("batch", [False, True])
def test_failing_ensure_after_a_kill_leaves_one_that_runs(
    change: str, fault: str, when: Literal["before", "after"], *, batch: bool
) -> None:
    breaks, mends = FAULTS[fault]
    for world in _killed(change, when):
        breaks(world)
        for _ in range(1 if fault == "create fails" else 2):
            assert isinstance(_ensure(world, batch=batch), Failure)
            (runs,) = [one for one in world.ours() if one.state in ("running", "paused")]
            assert runs.name == NAME
        mends(world)
        _ = or_raise(world.lanes().ensure(world.lane))
        assert [one.name for one in world.ours()] == [NAME]
        assert or_raise(world.lanes().ensure(world.lane)).action == "none"
        assert world.most_running <= 1


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fault", FAULTS)
def test_failing_ensure_starts_nothing_that_somebody_stopped(change: str, fault: str) -> None:
    for world in _killed(change, "after"):
        _ = or_raise(world.lanes().stop(world.lane))
        FAULTS[fault][0](world)
        assert isinstance(world.lanes().ensure(world.lane), Failure)
        assert world.running() == []
