"""kill -9 of `lanekit ensure` in the middle of a replace, at every operation, on real podman."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.podman.conftest import WORKER, RealLane
from tests.podman_sandbox import LOG_VARIABLE, read_log

from lanekit.adapters.http_probe import HttpProbe
from lanekit.core.endpoint import endpoint_of
from lanekit.core.errors import or_raise
from lanekit.core.model import Snapshot

pytestmark = pytest.mark.podman

# The processes of a replace, by their first argument and how many of that kind came before.
POINTS: Sequence[tuple[str, int]] = [
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


def _ensure(real: RealLane, log: Path | None = None) -> "subprocess.Popen[str]":
    more = {LOG_VARIABLE: str(log)} if log else {}
    return subprocess.Popen(
        [sys.executable, "-m", "lanekit", "ensure", "--json", "--file", str(real.fleet_file())],
        env=real.sandbox.environ(**more),
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


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point[0]}-{point[1]}")
def test_a_kill_at_every_operation_loses_nothing(
    real_lane: RealLane, point: tuple[str, int], tmp_path: Path
) -> None:
    lane = real_lane.lane
    _ = or_raise(real_lane.lanes().ensure(lane))
    (old,) = real_lane.containers()
    _ = real_lane.sandbox.run("exec", lane.container_name, "touch", "/unfinished-work")
    real_lane.worker(WORKER.format(word="two"))
    log = tmp_path / "killed"
    _kill_when(_ensure(real_lane, log), log, point)
    # What podman was told just before goes on without us; wait until nothing moves.
    time.sleep(1)
    left = {seen.name.removeprefix(lane.container_name): seen for seen in real_lane.containers()}
    if point != ("rm", 0):
        assert old.id in [seen.id for seen in left.values()]
    elif "" in left:
        assert left[""].id != old.id
        assert _answers(left[""])
    out, err = _ensure(real_lane).communicate(timeout=60)
    report = json.loads(out)
    assert report["error"] is None, err
    (after,) = real_lane.containers()
    assert (after.name, after.state) == (lane.container_name, "running")
    assert after.id != old.id
    assert _answers(after)
    again = json.loads(_ensure(real_lane).communicate(timeout=60)[0])
    assert (again["action"], again["endpoint"]) == ("none", report["endpoint"])
