"""kill -9 of `lanekit ensure` in the middle of a replace, at every operation, on real podman.

What podman was told just before goes on without us: with its command the process, with its socket
the request.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.podman.conftest import WORKER, RealLane
from tests.podman.counting_proxy import counting_proxy
from tests.podman_sandbox import LOG_VARIABLE, read_log

from lanekit.adapters.http_probe import HttpProbe
from lanekit.core.endpoint import endpoint_of
from lanekit.core.errors import or_raise
from lanekit.core.model import Snapshot

pytestmark = pytest.mark.podman

# The processes of a replace, by their first argument and how many of that kind came before.
PROCESSES: Sequence[tuple[str, int]] = [
    ("create", 0),
    ("cp", 0),
    ("container", 1),
    ("stop", 0),
    ("rename", 0),
    ("rename", 1),
    ("start", 0),
    ("container", 2),
    ("rm", 0),
]
REQUESTS: Sequence[tuple[str, int]] = [
    ("POST containers create", 0),
    ("PUT containers archive", 0),
    ("GET containers json", 1),
    ("POST containers stop", 0),
    ("POST containers rename", 0),
    ("POST containers rename", 1),
    ("POST containers start", 0),
    ("GET containers json", 2),
    ("DELETE containers", 0),
]


def _ensure(real: RealLane, log: Path | None = None) -> "subprocess.Popen[str]":
    more = {LOG_VARIABLE: str(log)} if log else {}
    return subprocess.Popen(
        [sys.executable, "-m", "lanekit", "ensure", "--json", "--file", str(real.fleet_file())],
        env=real.environ(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kill_when(process: "subprocess.Popen[str]", log: Path, point: tuple[str, int]) -> None:
    verb, before = point
    deadline = time.monotonic() + 60
    while [call[0] for call in read_log(log)].count(verb) <= before:
        assert time.monotonic() < deadline, "the operation never came"
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    _ = process.communicate()


def _answers(seen: Snapshot) -> bool:
    return HttpProbe().answers(or_raise(endpoint_of(seen)), "/", 5)


def _replace_and(real: RealLane, killed: Callable[[], None], *, removed: bool) -> None:
    lane = real.lane
    _ = or_raise(real.lanes().ensure(lane))
    (old,) = real.containers()
    real.worker(WORKER.format(word="two"))
    killed()
    time.sleep(1)  # until nothing moves
    left = {seen.name.removeprefix(lane.container_name): seen for seen in real.containers()}
    if not removed:
        assert old.id in [seen.id for seen in left.values()]
    elif "" in left:
        assert left[""].id != old.id
        assert _answers(left[""])
    out, err = _ensure(real).communicate(timeout=60)
    report = json.loads(out)
    assert report["error"] is None, err
    (after,) = real.containers()
    assert (after.name, after.state) == (lane.container_name, "running")
    assert after.id != old.id
    assert _answers(after)
    again = json.loads(_ensure(real).communicate(timeout=60)[0])
    assert (again["action"], again["endpoint"]) == ("none", report["endpoint"])


@pytest.mark.parametrize("point", PROCESSES, ids=lambda point: f"{point[0]}-{point[1]}")
def test_a_kill_at_every_process_loses_nothing(
    cli_lane: RealLane, point: tuple[str, int], tmp_path: Path
) -> None:
    log = tmp_path / "killed"
    _replace_and(
        cli_lane,
        lambda: _kill_when(_ensure(cli_lane, log), log, point),
        removed=point[0] == "rm",
    )


@pytest.mark.parametrize("point", REQUESTS, ids=lambda point: f"{point[0]}-{point[1]}")
def test_a_kill_at_every_request_loses_nothing(
    cli_lane: RealLane, podman_service: Path, point: tuple[str, int], tmp_path: Path
) -> None:
    verb, count = point
    processes: list[subprocess.Popen[str]] = []

    def before(request: str) -> None:
        if request == verb and proxy.requests.count(verb) == count + 1:
            os.kill(processes[0].pid, signal.SIGKILL)

    def killed() -> None:
        cli_lane.socket = proxy.path
        processes.append(_ensure(cli_lane))
        assert processes[0].wait(60) == -signal.SIGKILL
        _ = processes[0].communicate()
        cli_lane.socket = podman_service

    with counting_proxy(tmp_path, podman_service, before) as proxy:
        _replace_and(cli_lane, killed, removed=verb.startswith("DELETE"))
