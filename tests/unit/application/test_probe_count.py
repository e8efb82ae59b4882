"""How often an ensure asks a worker, and what it asks podman of a lane that cannot be."""

import threading
import time
from pathlib import Path

import pytest
from returns.result import Failure
from tests.support.lane_world import LANE, LaneWorld
from tests.unit.adapters.scripted_service import service

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.errors import ImageMissing, InvalidLane, or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import MountHealth

NAME = "ws-a"


@pytest.fixture
def world() -> LaneWorld:
    world = LaneWorld()
    assert or_raise(world.lanes().ensure(LANE)).action == "created"
    world.engine.tamper(NAME, pid=4711)
    world.engine.forget_calls()
    return world


def _probes(world: LaneWorld) -> int:
    return [call.method for call in world.engine.calls].count("answers")


def test_lane_that_matches_is_probed_once(world: LaneWorld) -> None:
    assert or_raise(world.lanes().ensure(LANE)).action == "none"
    assert _probes(world) == 1


def test_restarted_worker_is_probed_after_its_start(world: LaneWorld) -> None:
    world.files.lost = MountHealth(stale_mounts=("/workspace",))
    assert or_raise(world.lanes().ensure(LANE)).action == "restarted"
    methods = [call.method for call in world.engine.calls]
    assert methods.count("answers") == 1
    assert methods.index("answers") > methods.index("start")


def test_replaced_worker_is_not_probed(world: LaneWorld) -> None:
    world.drift()
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"
    methods = [call.method for call in world.engine.calls]
    assert methods.count("answers") == 1
    assert methods.index("answers") > methods.index("create")


def test_paused_worker_is_probed_after_unpause(world: LaneWorld) -> None:
    world.engine.pause(NAME)
    assert or_raise(world.lanes().ensure(LANE)).action == "started"
    methods = [call.method for call in world.engine.calls]
    assert methods.count("answers") == 1
    assert methods.index("answers") > methods.index("unpause")


def test_failed_observation_probes_nothing(world: LaneWorld) -> None:
    world.engine.fail("images", ImageMissing("gone"))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _probes(world) == 0


def test_missing_image_probes_nothing(world: LaneWorld) -> None:
    world.with_profile(image="localhost/nobody:has")
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _probes(world) == 0


def test_invalid_lane_asks_the_service_nothing(tmp_path: Path) -> None:
    over = threading.Event()
    requests: list[str] = []

    def never(request: str) -> None:
        requests.append(request)
        _ = over.wait(20)

    with service(tmp_path, never) as running:
        engine = PodmanSocket(str(running.path), timeout=15.0)
        lanes = Lanes(engine, Profile("/nowhere/worker", "/nowhere/inbox"))
        begun = time.monotonic()
        outcome = lanes.ensure(Lane("ws", "a", str(tmp_path)))
        over.set()
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), InvalidLane)
    assert time.monotonic() - begun < 10
    assert requests == []
