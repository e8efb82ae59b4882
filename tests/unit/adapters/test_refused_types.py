"""What is of another type than a lane's fields are: an error from every call, never a traceback."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure
from tests.unit.adapters.test_refused_paths import Host

from lanekit.api import Lanes
from lanekit.core.domain.errors import InvalidLane, Outcome
from lanekit.core.domain.lanes import Lane

Call = Callable[[Lanes, Lane], Outcome[Any]]
# Those that need no more than the lane's names, and those that need all of it.
BY_NAME: dict[str, Call] = {
    "endpoint": Lanes.endpoint,
    "logs": Lanes.logs,
    "stop": Lanes.stop,
    "remove": Lanes.remove,
    "execute": lambda lanes, lane: lanes.execute(lane, ["true"]),
}
BY_ALL: dict[str, Call] = {
    "ensure": Lanes.ensure,
    "plan": Lanes.plan,
    "status": Lanes.status,
    "spec": Lanes.spec,
    "ensure_all": lambda lanes, lane: next(iter(lanes.ensure_all([lane, lane])))[1],
}


def _refusal(host: Host, call: Call) -> str:
    outcome = call(Lanes(host.engine, host.profile), host.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, InvalidLane)
    assert host.engine.containers == ()
    return error.message


@pytest.mark.parametrize("call", [*BY_NAME.values(), *BY_ALL.values()], ids=[*BY_NAME, *BY_ALL])
@pytest.mark.parametrize("field", ["workspace", "id", "container"])
def test_lane_name_that_is_not_a_string_is_rejected(tmp_path: Path, call: Call, field: str) -> None:
    host = Host(tmp_path)
    host.lane = replace(host.lane, **{field: 7})  # type: ignore[arg-type]  # the point
    assert _refusal(host, call) == f"{field} must be str, not int"


@pytest.mark.parametrize("call", BY_ALL.values(), ids=BY_ALL)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, 7) for name in ("worker", "inbox", "image", "config_dir", "env", "mounts", "git")),
        *((name, "2g") for name in ("memory", "cpus", "stop_grace", "ready_timeout")),
        ("credentials", "auth.json"),
        ("env", {"A": 7}),
    ],
)
def test_profile_value_of_wrong_type_is_rejected(
    tmp_path: Path, call: Call, field: str, value: object
) -> None:
    host = Host(tmp_path)
    host.profile = replace(host.profile, **{field: value})  # type: ignore[arg-type]  # the point
    assert _refusal(host, call).startswith(field)
