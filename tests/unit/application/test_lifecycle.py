"""What is done with a lane besides ensure: what each call says, and what it leaves alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from returns.result import Failure
from tests.support.lane_world import LANE, LaneWorld

from lanekit.adapters.memory.engine import InMemory, SimulatedKill, Worker
from lanekit.core.application import lifecycle
from lanekit.core.domain.errors import EngineFailed, LaneError, Outcome, or_raise
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import Endpoint, MountHealth
from lanekit.core.domain.progress import Waiting
from lanekit.core.domain.results import LaneStatus
from lanekit.core.ports.engine import Streams

NAME = "ws-a"
ENDED = Waiting("ws/a", "ws-a to end (killed if it takes 10 s)", 0.0)
BROKEN = EngineFailed("podman said no")


@pytest.fixture
def world() -> LaneWorld:
    """A lane that is as asked and answers."""
    world = LaneWorld()
    world.new_worker(Worker(output=("one", "two", "three")))
    return world.made()


def _endpoint(world: LaneWorld) -> Endpoint:
    port = world.ours()[0].ports[0].host_port
    assert port
    return Endpoint("127.0.0.1", port)


def _status(world: LaneWorld) -> LaneStatus:
    return or_raise(world.lanes().status(LANE))


def _error(outcome: Outcome[object]) -> LaneError:
    assert isinstance(outcome, Failure)
    return outcome.failure()


def _methods(world: LaneWorld) -> list[str]:
    return [call.method for call in world.engine.calls]


# --- status ---------------------------------------------------------------------------------------


def test_status_of_matching_lane_is_ready_without_drift(world: LaneWorld) -> None:
    where = _endpoint(world)
    assert _status(world) == LaneStatus("ws/a", NAME, "running", where, ready=True, drift=())
    asked = [call.about for call in world.engine.calls if call.method == "answers"]
    assert asked == [(f"{where.url}/",)]


def test_status_of_absent_lane_is_missing() -> None:
    gone = LaneStatus("ws/a", NAME, "missing", None, ready=False, drift=())
    assert _status(LaneWorld()) == gone


def test_status_of_unfinished_replacement_is_interrupted(world: LaneWorld) -> None:
    world.engine.external_rename(NAME, f"{NAME}.prev")
    cut_off = LaneStatus("ws/a", NAME, "interrupted", None, ready=False, drift=())
    assert _status(world) == cut_off


def test_status_does_not_probe_an_exited_worker(world: LaneWorld) -> None:
    where = _endpoint(world)
    world.engine.exit(NAME, 3)
    # Whoever has its port now is not the lane's worker.
    world.engine.occupy_port(where.port, answers=True)
    world.engine.forget_calls()
    assert _status(world) == LaneStatus("ws/a", NAME, "exited", where, ready=False, drift=())
    assert "answers" not in _methods(world)


def test_status_waits_one_second_for_a_silent_worker(world: LaneWorld) -> None:
    world.engine.replace_worker(NAME, Worker(answers_after=None))
    begun = world.clock.now()
    assert not _status(world).ready
    assert world.clock.now() - begun == 1.0


def test_status_without_port_has_drift_and_no_endpoint(world: LaneWorld) -> None:
    world.engine.tamper(NAME, ports=())
    seen = _status(world)
    assert (seen.endpoint, seen.ready) == (None, False)
    assert [difference.field for difference in seen.drift] == ["port.31417/tcp"]


def test_status_reports_all_drift(world: LaneWorld) -> None:
    world.drift()
    world.engine.tamper(NAME, pid=1)
    world.files.lost = MountHealth(("/workspace",), config_missing=True)
    _ = world.engine.add_image(DEFAULT_IMAGE)
    fields = [difference.field for difference in _status(world).drift]
    assert "image.id" in fields
    assert "worker.digest" in fields
    assert fields[-2:] == ["mount./workspace", "config"]


def _without_image(world: LaneWorld) -> None:
    world.engine.remove_image(DEFAULT_IMAGE)


def _without_worktree(world: LaneWorld) -> None:
    world.files.broken = [LANE.worktree]


@pytest.mark.parametrize(
    ("take", "kind"), [(_without_image, "ImageMissing"), (_without_worktree, "InvalidLane")]
)
def test_status_shows_state_and_fault_if_drift_is_unknown(
    world: LaneWorld, take: Callable[[LaneWorld], None], kind: str
) -> None:
    where = _endpoint(world)
    take(world)
    seen = _status(world)
    assert (seen.state, seen.endpoint, seen.ready, seen.drift) == ("running", where, True, ())
    assert seen.fault is not None
    assert (seen.fault.kind, seen.fault.lane) == (kind, "ws/a")
    _ = world.engine.remove(world.ours()[0].id, 0)
    assert (_status(world).state, _status(world).fault) == ("missing", seen.fault)
    _ = world.engine.external_create(NAME)
    assert _error(world.lanes().status(LANE)).kind == "NotOwned"


def test_status_does_not_probe_an_invalid_ready_path(world: LaneWorld) -> None:
    world.profile = replace(world.profile, ready_path="x")
    world.engine.forget_calls()
    seen = _status(world)
    assert (seen.state, seen.ready) == ("running", False)
    assert "answers" not in _methods(world)


def test_status_drift_follows_the_policy(world: LaneWorld) -> None:
    world.engine.tamper(NAME, privileged=True)
    assert [difference.field for difference in _status(world).drift] == ["privileged"]
    world.policy = "reference"
    assert _status(world).drift == ()


def test_status_of_unowned_container_is_an_error() -> None:
    world = LaneWorld()
    _ = world.engine.external_create(NAME)
    error = _error(world.lanes().status(LANE))
    assert (error.kind, error.lane) == ("NotOwned", "ws/a")


# --- endpoint, logs, execute ----------------------------------------------------------------------


def test_endpoint_is_read_from_container_without_probing(world: LaneWorld) -> None:
    assert or_raise(world.lanes().endpoint(LANE)) == _endpoint(world)
    assert _methods(world) == ["inspect"], "it is not probed"


def test_endpoint_of_exited_worker_is_an_error(world: LaneWorld) -> None:
    world.engine.exit(NAME, 3)
    error = _error(world.lanes().endpoint(LANE))
    says = "the container ws-a does not run: it is exited (its worker ended with 3)"
    assert (error.kind, error.message) == ("InvalidState", says)


@pytest.mark.parametrize("tail", [1, 2])
def test_logs_return_the_last_lines(world: LaneWorld, tail: int) -> None:
    words = or_raise(world.lanes().logs(LANE, tail))
    assert words.splitlines() == ["one", "two", "three"][-tail:]


def test_missing_container_error_suggests_ensure() -> None:
    lanes = LaneWorld().lanes()
    outcomes: list[Outcome[object]] = [
        lanes.endpoint(LANE),
        lanes.logs(LANE),
        lanes.execute(LANE, ["true"]),
    ]
    texts = {str(_error(outcome)) for outcome in outcomes}
    assert texts == snapshot(
        {
            """\
ws/a: there is no container ws-a
-> call `ensure` to create it\
"""
        }
    )


class _Terminals(InMemory):
    """Notes who asked for a terminal."""

    asked: tuple[bool, ...] = ()

    def execute(
        self, container: str, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        self.asked = (*self.asked, tty)
        return super().execute(container, command, streams, tty=tty)


def test_execute_passes_the_tty_option_to_the_engine() -> None:
    world = LaneWorld()
    engine = _Terminals((DEFAULT_IMAGE,), clock=world.clock)
    world.engine = engine
    _ = or_raise(world.lanes().ensure(LANE))
    for tty in (True, False):
        assert or_raise(world.lanes().execute(LANE, ["true"], tty=tty)) == 0
    assert engine.asked == (True, False)


def test_execute_in_paused_or_exited_container_reports_state(world: LaneWorld) -> None:
    world.engine.pause(NAME)
    assert str(_error(world.lanes().execute(LANE, ["true"]))) == snapshot("""\
ws/a: the container ws-a does not run: it is paused
-> call `ensure` to start it
-> `logs` returns its last output\
""")
    world.engine.kill(NAME)
    world.engine.tamper(NAME, exit_code=3)
    assert str(_error(world.lanes().execute(LANE, ["true"]))) == snapshot("""\
ws/a: the container ws-a does not run: it is exited (its worker ended with 3)
-> call `ensure` to start it
-> `logs` returns its last output\
""")


# --- stop, remove ---------------------------------------------------------------------------------


def test_stop_returns_what_it_did(world: LaneWorld) -> None:
    assert or_raise(world.lanes().stop(LANE)) == "stopped"
    assert [one.state for one in world.ours()] == ["exited"]
    assert world.events == [ENDED]
    assert or_raise(world.lanes().stop(LANE)) == "not running"
    world.engine.external_remove(NAME)
    assert or_raise(world.lanes().stop(LANE)) == "missing"
    assert world.events == [ENDED]
    assert _methods(world).count("stop") == 1


def test_paused_container_is_unpaused_before_stop(world: LaneWorld) -> None:
    world.engine.pause(NAME)
    assert or_raise(world.lanes().stop(LANE)) == "stopped"
    assert [m for m in _methods(world) if m != "inspect"] == ["unpause", "stop"]


def test_container_that_fails_to_unpause_is_not_stopped(world: LaneWorld) -> None:
    world.engine.pause(NAME)
    world.engine.fail("unpause", BROKEN)
    assert _error(world.lanes().stop(LANE)).message == BROKEN.message
    assert "stop" not in _methods(world)


@pytest.mark.parametrize("verb", ["stop", "remove"])
def test_engine_error_of_stop_or_remove_is_reported(world: LaneWorld, verb: str) -> None:
    world.engine.fail(verb, BROKEN)
    error = _error(getattr(world.lanes(), verb)(LANE))
    assert (error.message, error.lane) == (BROKEN.message, "ws/a")


@pytest.mark.parametrize("verb", ["stop", "remove"])
def test_failed_id_check_prevents_stop_and_remove(world: LaneWorld, verb: str) -> None:
    # The first look is for the names, the second for the ids.
    world.engine.fail("inspect", BROKEN, skip=1)
    error = _error(getattr(world.lanes(), verb)(LANE))
    assert error.message == BROKEN.message
    assert [one.state for one in world.ours()] == ["running"]
    assert verb not in _methods(world)


def test_remove_takes_all_containers_of_the_lane(world: LaneWorld) -> None:
    world.drift()
    world.engine.crash("stop", "after")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(LANE)
    assert len(world.ours()) == 2
    assert or_raise(world.lanes().remove(LANE)) == "removed"
    assert world.ours() == []
    assert or_raise(world.lanes().remove(LANE)) == "missing"


def test_remove_reports_waiting_only_for_running_container(world: LaneWorld) -> None:
    assert or_raise(world.lanes().remove(LANE)) == "removed"
    assert world.events == [ENDED]
    _ = or_raise(world.lanes().ensure(LANE))
    world.engine.exit(NAME, 0)
    world.events.clear()
    assert or_raise(world.lanes().remove(LANE)) == "removed"
    assert world.events == []


def test_stop_waits_for_the_stop_grace(world: LaneWorld) -> None:
    world.engine.replace_worker(NAME, Worker(stop_seconds=100.0))
    begun = world.clock.now()
    assert or_raise(world.lanes().stop(LANE)) == "stopped"
    assert world.clock.now() - begun == pytest.approx(10.0)


def test_remove_waits_for_the_stop_grace(world: LaneWorld) -> None:
    world.engine.replace_worker(NAME, Worker(stop_seconds=100.0))
    begun = world.clock.now()
    assert or_raise(lifecycle.remove(world.engine, LANE, 4.0, world.events.append)) == "removed"
    assert world.clock.now() - begun == pytest.approx(4.0)
