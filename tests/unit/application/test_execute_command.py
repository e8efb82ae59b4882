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


def test_the_status_of_the_command_is_the_answer() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    assert _executed(world) == (Success(42), True)


def test_nothing_is_executed_in_a_lane_that_does_not_run() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    _ = or_raise(world.lanes().stop(LANE))
    outcome, executed = _executed(world)
    assert isinstance(outcome, Failure)
    assert not executed
    assert (outcome.failure().kind, outcome.failure().lane) == ("InvalidState", LANE.name)
    assert outcome.failure().hints == (Hint("start-lane"), Hint("show-logs"))


def test_nothing_is_executed_in_a_container_of_somebody_elses() -> None:
    world = _world()
    _ = world.engine.external_create(LANE.container_name)
    world.engine.external_start(LANE.container_name)
    outcome, executed = _executed(world)
    assert (outcome.failure().kind, executed) == ("NotOwned", False)


def test_nothing_is_executed_where_there_is_no_container() -> None:
    outcome, executed = _executed(_world())
    assert (outcome.failure().kind, executed) == ("NotFound", False)


def test_the_container_is_named_by_its_id() -> None:
    world = _world()
    _ = or_raise(world.lanes().ensure(LANE))
    (ours,) = world.ours()
    assert or_raise(world.lanes().execute(LANE, COMMAND)) == 42
    call = next(call for call in world.engine.calls if call.method == "execute")
    assert (call.container, call.about) == (ours.name, COMMAND)
