"""No secret leaves `Lanes`, whichever call of the engine fails and whatever its error says."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.lane_world import LaneWorld

from lanekit.adapters.memory.faults import When
from lanekit.core.application.lanes import Lanes
from lanekit.core.domain.errors import EngineFailed, InvalidState, LaneError, NameInUse, PortInUse
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane

SECRET = "s3cret-value"
METHODS = (
    *("inspect", "inspect_many", "create", "start", "stop", "unpause", "rename", "remove"),
    *("put_archive", "logs", "diff", "images", "list_by_labels", "update"),
)
ERRORS = st.sampled_from([EngineFailed, InvalidState, NameInUse, PortInUse]).map(
    lambda kind: kind(f"no {SECRET}", f"it is '{SECRET}'", (Hint("pull-image", SECRET),))
)
CALLS: tuple[Callable[[Lanes, Lane], Any], ...] = (
    lambda lanes, lane: lanes.plan(lane),
    lambda lanes, lane: lanes.ensure(lane),
    lambda lanes, lane: lanes.status(lane),
    lambda lanes, lane: lanes.endpoint(lane),
    lambda lanes, lane: lanes.logs(lane),
    lambda lanes, lane: lanes.find_orphans("fleet", [lane]),
    lambda lanes, lane: list(lanes.ensure_all([lane])),
    lambda lanes, lane: lanes.stop(lane),
    lambda lanes, lane: lanes.remove(lane),
)


@given(
    st.lists(st.tuples(st.sampled_from(METHODS), st.integers(0, 3)), min_size=1, max_size=3),
    ERRORS,
    st.sampled_from(["before", "after"]),
    st.booleans(),
)
def test_failing_engine_reveals_no_secret(
    faults: list[tuple[str, int]], error: LaneError, when: When, drifts: bool
) -> None:
    world = LaneWorld()
    world.with_profile(env={"KEY": SECRET}, config_dir="/c/.codex")
    _ = world.made()
    if drifts:
        world.drift()
    for method, skip in faults:
        world.engine.fail(method, error, when=when, skip=skip, times=None)
    results = [call(world.lanes(), world.lane) for call in CALLS]
    assert SECRET not in repr(results)
    assert SECRET not in repr(world.events)
