"""While podman looks, a lane's files are read and its worker is asked: that changes no outcome."""

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, LaneWorld
from tests.unit.adapters.scripted_service import service

from lanekit.adapters.memory.engine import InMemory
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.application.context import Ports
from lanekit.core.application.ensure import EnsureAttempts, EnsureOptions
from lanekit.core.application.observe import ObserveRequest, observe_one_quickly
from lanekit.core.application.prepare import prepare
from lanekit.core.domain.errors import ImageMissing, InvalidLane, Outcome, or_raise
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Lane, Profile
from lanekit.core.domain.observed import Endpoint, MountHealth, ObservedLane
from lanekit.core.domain.results import EnsureResult

NAME = "ws-a"


@dataclass
class Question:
    """A worker that was asked early; `says` what it answered."""

    says: bool
    looked_at: int = 0
    closed: int = 0

    def answers(self) -> bool:
        self.looked_at += 1
        return self.says

    def close(self) -> None:
        self.closed += 1


@dataclass
class Eager:
    """A probe that can ask early. `late`: how often it was asked otherwise."""

    engine: InMemory
    says: bool = True
    questions: list[Question] = field(default_factory=lambda: [])
    late: int = 0

    def start_probe(self, endpoint: Endpoint, path: str, timeout: float) -> Question:
        _ = endpoint, path, timeout
        self.questions.append(Question(self.says))
        return self.questions[-1]

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        self.late += 1
        return self.engine.answers(endpoint, path, timeout)

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        return self.engine.status(endpoint, path, timeout)


@dataclass
class Beside:
    """A lane that is well, on an engine that tells of what it saw."""

    world: LaneWorld
    probe: Eager

    def ensure(self) -> Outcome[EnsureResult]:
        world = self.world
        self.probe.late = 0
        return Lanes(
            world.engine,
            world.profile,
            probe=self.probe,
            files=world.files,
            lock=world.lock,
            clock=world.clock,
        ).ensure(LANE)

    def asked(self) -> tuple[int, int, int, int]:
        """How often a worker was asked early, looked at, closed; and how often asked late."""
        early = self.probe.questions
        looked, closed = sum(q.looked_at for q in early), sum(q.closed for q in early)
        return len(early), looked, closed, self.probe.late


@pytest.fixture
def beside() -> Beside:
    world = LaneWorld()
    made = Beside(world, Eager(world.engine))
    assert or_raise(made.ensure()).action == "created"
    assert made.asked()[0] == 0, "there was none to ask"
    world.engine.tamper(NAME, pid=4711)
    return made


def test_a_lane_that_is_well_is_asked_once_and_early(beside: Beside) -> None:
    assert or_raise(beside.ensure()).action == "none"
    assert beside.asked() == (1, 1, 1, 0)


def test_one_that_did_not_answer_early_is_asked_again(beside: Beside) -> None:
    beside.probe.says = False
    assert or_raise(beside.ensure()).action == "none"
    assert beside.asked() == (1, 1, 1, 1)


def test_what_a_worker_said_before_its_restart_does_not_count(beside: Beside) -> None:
    beside.world.files.lost = MountHealth(stale_mounts=("/workspace",))
    assert or_raise(beside.ensure()).action == "restarted"
    assert beside.asked() == (1, 0, 1, 1)


def test_nor_what_the_one_before_a_replacement_said(beside: Beside) -> None:
    beside.world.drift()
    assert or_raise(beside.ensure()).action == "replaced"
    assert beside.asked() == (1, 0, 1, 1)


def test_one_that_is_paused_is_not_asked_early(beside: Beside) -> None:
    beside.world.engine.pause(NAME)
    assert or_raise(beside.ensure()).action == "started"
    assert beside.asked() == (0, 0, 0, 1)


def test_the_question_is_closed_when_the_look_fails(beside: Beside) -> None:
    beside.world.engine.fail("images", ImageMissing("gone"))
    assert isinstance(beside.ensure(), Failure)
    assert beside.asked() == (1, 0, 1, 0)


def test_a_worker_is_asked_early_once_though_its_image_is_missing(beside: Beside) -> None:
    beside.world.with_profile(image="localhost/nobody:has")
    assert isinstance(beside.ensure(), Failure)
    assert beside.asked() == (1, 0, 1, 0)


def test_what_was_said_before_a_second_look_does_not_count(beside: Beside) -> None:
    world = beside.world
    target, journal = or_raise(prepare(world.files, LANE, world.profile)), world.lock.journals[NAME]
    ports = Ports(world.engine, beside.probe, world.files, world.lock, world.clock)
    seen = or_raise(
        observe_one_quickly(world.engine, ObserveRequest(NAME, DEFAULT_IMAGE, journal.read()))
    )
    assert seen.current is not None
    removing = ObservedLane(seen.current, replace(seen.current, state="removing"), None, seen.image)
    early = Question(says=True)
    one = EnsureAttempts(ports, target, journal, EnsureOptions("strict", lambda _: None), 0.0)
    beside.probe.late = 0
    assert or_raise(one.run(Success(removing), early)).action == "none"
    assert (early.looked_at, beside.probe.late) == (0, 1)


def test_an_impossible_lane_waits_for_no_answer_of_podmans(tmp_path: Path) -> None:
    over = threading.Event()

    def never(_request: str) -> None:
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
