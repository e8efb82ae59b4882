"""kill -9 of an ensure in the middle of a replace, and a next ensure that fails.

The old container, which the killed run had stopped, runs again: law 1 holds for failing runs too.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.test_kill import (
    answers,
    converges,
    ensure,
    kill_when,
    killed_at,
    left_behind,
    named,
)

from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

CRASHES = "#!/bin/sh\necho no key\nexit 3\n"
PROCESSES = [("stop", 0), ("rename", 0), ("rename", 1), ("start", 0)]
REQUESTS = [
    ("POST containers stop", 0),
    ("POST containers rename", 0),
    ("POST containers rename", 1),
    ("POST containers start", 0),
]


def _image_missing(real: RealLane) -> None:
    real.profile = replace(real.profile, image="localhost/lanekit-nowhere:1")


def _worker_missing(real: RealLane) -> None:
    real.profile = replace(real.profile, worker=str(real.folder / "nothing"))


def _worker_crashes(real: RealLane) -> None:
    path = real.folder / "crashes"
    _ = path.write_text(CRASHES)
    path.chmod(0o755)
    real.profile = replace(real.profile, worker=str(path))


FAULTS: dict[str, Callable[[RealLane], None]] = {
    "image missing": _image_missing,
    "worker missing": _worker_missing,
    "worker crashes": _worker_crashes,
}


def _fails_and_runs_again(real: RealLane, killed: Callable[[], None]) -> None:
    _ = or_raise(real.lanes().ensure(real.lane))
    real.other_worker(WORKER.format(word="two"))
    killed()
    wanted = real.profile
    for fault in FAULTS.values():
        _ = left_behind(real)
        fault(real)
        outcome = real.lanes().ensure(real.lane)
        assert isinstance(outcome, Failure)
        runs = [one for one in real.containers() if one.state == "running"]
        assert [one.name for one in runs] == [real.lane.container_name], outcome.failure()
        # It was started a moment ago.
        deadline = time.monotonic() + 30
        while not answers(runs[0]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        real.profile = wanted
    _ = converges(real)


@pytest.mark.parametrize("point", PROCESSES, ids=named)
def test_failing_ensure_after_a_kill_at_a_process_runs_the_old(
    cli_lane: RealLane, point: tuple[str, int], tmp_path: Path
) -> None:
    log = tmp_path / "killed"
    _fails_and_runs_again(cli_lane, lambda: kill_when(ensure(cli_lane, log), log, point))


@pytest.mark.parametrize("point", REQUESTS, ids=named)
def test_failing_ensure_after_a_kill_at_a_request_runs_the_old(
    cli_lane: RealLane, podman_service: Path, point: tuple[str, int], tmp_path: Path
) -> None:
    with killed_at(cli_lane, podman_service, point, tmp_path) as killed:
        _fails_and_runs_again(cli_lane, killed)


def test_failing_ensure_starts_nothing_that_was_stopped_on_purpose(
    cli_lane: RealLane, tmp_path: Path
) -> None:
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    cli_lane.other_worker(WORKER.format(word="two"))
    log = tmp_path / "killed"
    kill_when(ensure(cli_lane, log), log, ("rename", 0))
    _ = left_behind(cli_lane)
    _ = or_raise(cli_lane.lanes().stop(cli_lane.lane))
    for fault in FAULTS.values():
        fault(cli_lane)
        assert isinstance(cli_lane.lanes().ensure(cli_lane.lane), Failure)
        assert [one for one in cli_lane.containers() if one.state == "running"] == []
