"""What an ensure costs podman: processes of its command, requests to its socket. Both are exact."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.counting_proxy import counting_proxy

from lanekit.adapters.host.lane_lock import FileLock
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane

pytestmark = pytest.mark.podman

LOOK = "GET containers json"
IMAGE = "GET images json"


def test_warm_ensure_of_many_lanes_starts_two_processes(
    cli_lane: RealLane, another: Callable[[str], Lane]
) -> None:
    fleet = [cli_lane.lane, *(another(name) for name in ("b", "c"))]
    cold = cli_lane.counted(
        lambda lanes: [or_raise(outcome) for _, outcome in lanes.ensure_all(fleet)]
    )
    assert len(cold) <= 7 * len(fleet)
    warm = cli_lane.counted(
        lambda lanes: [or_raise(outcome) for _, outcome in lanes.ensure_all(fleet)]
    )
    assert sorted(call[:2] for call in warm) == [["container", "inspect"], ["image", "inspect"]]


def test_cold_ensure_starts_seven_processes(cli_lane: RealLane) -> None:
    cold = cli_lane.counted(lambda lanes: or_raise(lanes.ensure(cli_lane.lane)))
    assert [call[0] for call in cold] == [
        *("container", "create", "cp", "container", "rename", "start", "container"),
    ]


def test_missing_podman_reports_engine_unavailable(cli_lane: RealLane) -> None:
    cli_lane.sandbox = replace(cli_lane.sandbox, folder=Path("/nonexistent"))
    outcome = cli_lane.lanes().ensure(cli_lane.lane)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "EngineUnavailable"
    assert Hint("install-podman") in outcome.failure().hints


def _requests(lane: RealLane, service: Path, act: Callable[[Lanes], object]) -> list[str]:
    """What `act` asks of podman's service, by a new process's connections."""
    with counting_proxy(lane.folder, service) as proxy:
        lane.socket = proxy.path
        _ = act(lane.lanes())
    return proxy.requests


def test_cold_and_warm_ensure_send_only_expected_requests(
    cli_lane: RealLane, podman_service: Path
) -> None:
    def ensure(lanes: Lanes) -> object:
        return or_raise(lanes.ensure(cli_lane.lane))

    assert _requests(cli_lane, podman_service, ensure) == [
        *(LOOK, LOOK),  # the lane's name, and that of one that a replace left
        *("POST containers create", "PUT containers archive", LOOK),
        *("POST containers rename", "POST containers start", LOOK),
    ]
    assert sorted(_requests(cli_lane, podman_service, ensure)) == [LOOK, IMAGE]
    cli_lane.worker(WORKER.format(word="two"))
    replaced = _requests(cli_lane, podman_service, ensure)
    assert len(replaced) <= 12, replaced  # one of them sees that ids lead to what was seen
    assert sorted(_requests(cli_lane, podman_service, ensure)) == [LOOK, IMAGE]


def test_warm_fleet_sends_one_request_per_lane_and_image(
    cli_lane: RealLane, another: Callable[[str], Lane], podman_service: Path
) -> None:
    fleet = [cli_lane.lane, *(another(name) for name in "bcdef")]

    def ensure(lanes: Lanes) -> object:
        return [or_raise(outcome) for _, outcome in lanes.ensure_all(fleet)]

    cold = _requests(cli_lane, podman_service, ensure)
    assert len(cold) <= 8 * len(fleet)
    warm = _requests(cli_lane, podman_service, ensure)
    assert sorted(warm) == [*[LOOK] * len(fleet), IMAGE]


def test_lost_journal_costs_two_more_requests_once(
    cli_lane: RealLane, podman_service: Path
) -> None:
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    lost = FileLock(str(cli_lane.folder / "locks"))

    def ensure(lanes: Lanes) -> object:
        elsewhere = Lanes(lanes.engine, cli_lane.profile, lock=lost)
        return or_raise(elsewhere.ensure(cli_lane.lane))

    assert sorted(_requests(cli_lane, podman_service, ensure)) == [*[LOOK] * 3, IMAGE]
    assert sorted(_requests(cli_lane, podman_service, ensure)) == [LOOK, IMAGE]
