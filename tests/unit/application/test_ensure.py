"""What ensure refuses, and when it takes an answer for an answer."""

from dataclasses import replace
from typing import Any

import pytest
from returns.result import Failure
from tests.support.lane_world import LaneWorld
from tests.support.strategies.lanes import snapshot_of

from lanekit.adapters.memory.engine import Worker
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import (
    Conflict,
    EngineTimeout,
    ImageMissing,
    InvalidLane,
    NameInUse,
    NotOwned,
    NotReady,
    SpecMismatch,
    WorkerExited,
    or_raise,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Lane, Profile
from lanekit.core.domain.observed import ObservedLane
from lanekit.core.domain.ownership import is_ours, ownership_error
from lanekit.core.domain.progress import OperationUndone, Waiting

NAME = "ws-a"
LANE = Lane("ws", "a", "/t")
OURS = snapshot_of(container_spec(LANE, Profile("/w", "/i"), Digests()))


@pytest.fixture
def world() -> LaneWorld:
    return LaneWorld()


def test_labels_decide_ownership() -> None:
    assert is_ours(LANE, OURS)
    for label in ("lanekit.workspace", "lanekit.lane"):
        assert not is_ours(LANE, replace(OURS, labels={**OURS.labels, label: "other"}))
        # Half of the labels are no proof, whatever the variables say.
        assert not is_ours(LANE, replace(OURS, labels={label: OURS.labels[label]}))


def test_variables_decide_ownership_without_labels() -> None:
    adopted = replace(OURS, labels={})
    assert is_ours(LANE, adopted)
    for name in ("INBOX_WORKSPACE_ID", "INBOX_LANE_ID"):
        assert not is_ours(LANE, replace(adopted, env={**adopted.env, name: "other"}))
    assert not is_ours(LANE, replace(adopted, env={}))


@pytest.mark.parametrize("place", ["current", "next", "prev"])
def test_unowned_container_at_any_name_is_reported_with_owner(place: str) -> None:
    stranger = replace(OURS, labels={"lanekit.workspace": "w2", "lanekit.lane": "z"})
    there: dict[str, Any] = {place: stranger}
    error = ownership_error(LANE, ObservedLane(**there))
    assert error is not None
    assert "lane w2/z's" in error.detail
    there[place] = OURS
    assert ownership_error(LANE, ObservedLane(**there)) is None


@pytest.mark.parametrize(
    ("labels", "env", "whose"),
    [
        ({"lanekit.workspace": "w2", "lanekit.lane": "z"}, {}, "lane w2/z's"),
        ({"lanekit.lane": "a"}, {}, "lane ?/a's"),
        # The reference sets no labels.
        ({}, {"INBOX_WORKSPACE_ID": "w2", "INBOX_LANE_ID": "a"}, "lane w2/a's"),
        ({"com.docker.compose.project": "shop"}, {}, "the compose project shop's"),
        ({"io.podman.compose.project": "shop"}, {}, "the compose project shop's"),
        ({"app": "x"}, {"A": "1"}, "somebody else's (image docker.io/x:1, id 0123456789ab)"),
    ],
)
def test_unowned_container_error_names_likely_owner(
    labels: dict[str, str], env: dict[str, str], whose: str
) -> None:
    stranger = replace(
        OURS, labels=labels, env=env, image="docker.io/x:1", id="0123456789ab" + "0" * 52
    )
    error = ownership_error(LANE, ObservedLane(stranger))
    assert error is not None
    assert error.message == f"a container named {stranger.name} exists and is not this lane's"
    assert error.detail == f"it seems to be {whose}; it was not touched"
    assert error.hints == (Hint("rename-other-container", stranger.name),)


def test_unowned_container_is_an_error_and_untouched(world: LaneWorld) -> None:
    _ = world.engine.external_create(NAME)
    before = world.engine.containers
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), NotOwned)
    assert outcome.failure().lane == "ws/a"
    assert world.engine.containers == before


def test_missing_image_fails_without_changes(world: LaneWorld) -> None:
    _ = or_raise(world.lanes().ensure(world.lane))
    before = world.engine.containers
    world.engine.remove_image(DEFAULT_IMAGE)
    for _again in range(2):
        outcome = world.lanes().ensure(world.lane)
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), ImageMissing)
        assert world.engine.containers == before
        world.drift()


def test_invalid_lane_makes_no_engine_call(world: LaneWorld) -> None:
    world.files.broken = [world.lane.worktree, world.profile.worker]
    world.engine.disconnect()
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), InvalidLane)
    assert world.engine.calls == ()


def test_answer_counts_only_if_container_still_runs(world: LaneWorld) -> None:
    _ = or_raise(world.lanes().ensure(world.lane))
    port = world.ours()[0].ports[0].host_port
    assert port
    world.engine.exit(NAME, 0)

    def replaced_at_its_port(event: object) -> None:
        if "start ws-a" in str(getattr(event, "operation", "")) and "Finished" in repr(event):
            world.engine.exit(NAME, 4)
            world.engine.occupy_port(port, answers=True)

    lanes = world.lanes(replaced_at_its_port)
    outcome = lanes.ensure(world.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, WorkerExited)
    assert error.exit_code == 4


def test_worker_exit_ends_the_wait_with_code_and_last_lines(world: LaneWorld) -> None:
    world.new_worker(Worker(answers_after=None, exits_after=1.0, exit_code=7, last_lines=("why",)))
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, WorkerExited)
    assert (error.exit_code, "why" in error.detail) == (7, True)


@pytest.mark.parametrize(
    ("oom_killed", "memory", "action"),
    [
        (True, None, "raise-memory"),
        (True, 1 << 30, "raise-memory"),
        (False, 1 << 30, "check-memory"),
        (False, None, "fix-worker"),
    ],
)
def test_killed_worker_error_suggests_a_remedy(
    world: LaneWorld, oom_killed: bool, memory: int | None, action: str
) -> None:
    world.with_profile(memory=memory)
    world.new_worker(Worker(answers_after=None))

    def kill(event: object) -> None:
        if isinstance(event, Waiting):
            world.engine.exit(NAME, 137, "begins", oom_killed=oom_killed)

    outcome = world.lanes(kill).ensure(world.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, WorkerExited)
    killed = ", killed for lack of memory" if oom_killed else ""
    assert error.message == f"the worker of ws-a exited with code 137{killed} before it answered"
    assert (error.detail, error.exit_code) == ("its last lines:\nbegins", 137)
    assert [hint.action for hint in error.hints] == [action]


def test_worker_exit_with_code_zero_is_an_error(world: LaneWorld) -> None:
    world.new_worker(Worker(answers_after=None, exits_after=0.0, exit_code=0))
    begun = world.clock.now()
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert error.message == "the worker of ws-a exited with code 0 before it answered"
    assert error.detail == "it wrote nothing"
    assert world.clock.now() - begun < 2


def test_unready_worker_is_kept_and_reported(world: LaneWorld) -> None:
    world.new_worker(Worker(answers_after=None, output=("starting",)))
    begun = world.clock.now()
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), NotReady)
    assert "starting" in outcome.failure().detail
    assert 10 <= world.clock.now() - begun <= 12
    assert [c.name for c in world.running()] == [NAME]
    assert any(isinstance(event, Waiting) for event in world.events)
    assert not any(isinstance(event, OperationUndone) for event in world.events)


def test_a_slow_worker_is_waited_for(world: LaneWorld) -> None:
    world.new_worker(Worker(answers_after=8.0))
    assert or_raise(world.lanes().ensure(world.lane)).seconds >= 8


def test_unready_replacement_is_undone(world: LaneWorld) -> None:
    _ = or_raise(world.lanes().ensure(world.lane))
    (old,) = world.running()
    world.drift()
    world.new_worker(Worker(answers_after=None))
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert [c.id for c in world.running()] == [old.id]
    assert [c.name for c in world.ours()] == [NAME]


def test_mismatched_new_container_fails_and_old_one_is_kept(
    world: LaneWorld,
) -> None:
    _ = or_raise(world.lanes().ensure(world.lane))
    before = world.ours()
    world.drift()

    def tamper(event: object) -> None:
        if "copy config" in str(getattr(event, "operation", "")) and "Finished" in repr(event):
            world.engine.tamper(f"{NAME}.next", restart_policy="always")

    lanes = world.lanes(tamper)
    outcome = lanes.ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), SpecMismatch)
    assert "restart_policy" in outcome.failure().detail
    assert world.ours() == before


def test_repeated_name_in_use_is_reported_as_conflict(world: LaneWorld) -> None:
    world.engine.fail("create", NameInUse("taken"), times=None)
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), Conflict)
    assert world.ours() == []


def test_timed_out_stop_is_undone(world: LaneWorld) -> None:
    _ = or_raise(world.lanes().ensure(world.lane))
    (old,) = world.running()
    world.drift()
    world.engine.fail("stop", EngineTimeout("no answer"), when="before")

    def cut_off(event: object) -> None:
        if "stop ws-a" in str(getattr(event, "operation", "")) and "Failed" in repr(event):
            world.engine.simulate_stopping(NAME)

    lanes = world.lanes(cut_off)
    outcome = lanes.ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert [c.id for c in world.running()] == [old.id]


def test_secrets_in_podman_errors_are_redacted(world: LaneWorld) -> None:
    world.with_profile(env={"TOKEN": "s3cret-value"})
    world.engine.fail("create", NameInUse("s3cret-value", "x s3cret-value y"), times=None)
    outcome = world.lanes().ensure(world.lane)
    assert isinstance(outcome, Failure)
    assert "s3cret" not in str(outcome.failure())


def test_exit_during_hanging_probe_is_noticed_within_a_second() -> None:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(world.lane))
    begun = world.clock.now()
    hangs = Worker(answers_after=None, exits_after=begun + 0.5, exit_code=3)
    world.engine.replace_worker(world.lane.container_name, hangs)
    assert world.lanes().ensure(world.lane).failure().kind == "WorkerExited"
    assert world.clock.now() - begun <= 1.5
