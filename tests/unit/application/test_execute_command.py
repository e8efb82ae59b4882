"""Which containers are entered: the lane's own, while it runs."""

from returns.result import Failure, Success
from tests.support.lane_world import LANE, LaneWorld

from lanekit.adapters.memory.engine import Program
from lanekit.core.domain.errors import Outcome, or_raise
from lanekit.core.domain.hints import Hint

COMMAND = ("make", "test")


def _world() -> LaneWorld:
    world = LaneWorld()
    world.engine.set_program(COMMAND, Program(status=42))
    return world


def _executed(world: LaneWorld) -> tuple[Outcome[int], bool]:
    """The outcome, and whether anything was executed."""
    outcome = world.lanes().execute(LANE, COMMAND)
    return outcome, any(call.method == "execute" for call in world.engine.calls)


def test_execute_returns_the_exit_status_of_the_command() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    assert _executed(world) == (Success(42), True)


def test_execute_in_stopped_lane_runs_nothing() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    _ = or_raise(world.lanes().stop(LANE))
    outcome, executed = _executed(world)
    assert isinstance(outcome, Failure)
    assert not executed
    assert (outcome.failure().kind, outcome.failure().lane) == ("InvalidState", LANE.name)
    assert outcome.failure().hints == (Hint("start-lane"), Hint("show-logs"))


def test_execute_in_unowned_container_runs_nothing() -> None:
    world = _world()
    _ = world.engine.external_create(LANE.container_name)
    world.engine.external_start(LANE.container_name)
    outcome, executed = _executed(world)
    assert (outcome.failure().kind, executed) == ("NotOwned", False)


def test_execute_without_container_runs_nothing() -> None:
    outcome, executed = _executed(_world())
    assert (outcome.failure().kind, executed) == ("NotFound", False)


def test_execute_addresses_the_container_by_its_id() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    (ours,) = world.ours()
    assert or_raise(world.lanes().execute(LANE, COMMAND)) == 42
    call = next(call for call in world.engine.calls if call.method == "execute")
    assert (call.container, call.about) == (ours.name, COMMAND)
