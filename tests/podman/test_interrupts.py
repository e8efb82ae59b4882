"""Ctrl-C and SIGTERM at each operation of a cold ensure and of a replace, on real podman.

A terminal sends its Ctrl-C to the process group, `kill` its signal to one process.
"""

import json
import os
import signal
import subprocess
import time
from itertools import product
from pathlib import Path

import pytest
from tests.podman.between import lanekit, results
from tests.podman.conftest import WORKER, RealLane
from tests.podman.counting_proxy import counting_proxy
from tests.podman_sandbox import LOG_VARIABLE, read_log

from lanekit.adapters.http_probe import HttpProbe
from lanekit.core.endpoint import endpoint_of
from lanekit.core.errors import or_raise

pytestmark = pytest.mark.podman

LONG = os.environ.get("LANEKIT_LONG") == "1"
FIRST = "lanekit: interrupted; putting back what was begun (once more: leave at once)"
LAST = "lanekit: left at once; the next `lanekit ensure` puts right what was begun"
# Podman's own stop is waited for: the grace is 2 s here.
SOON = 15.0

REQUESTS = {
    "create": "POST containers create",
    "cp": "PUT containers archive",
    "stop": "POST containers stop",
    "rename": "POST containers rename",
    "start": "POST containers start",
    "rm": "DELETE containers",
}
WAYS = ("Ctrl-C", "SIGINT", "SIGTERM", "twice")
COLD = [("create", 0), ("cp", 0), ("start", 0)]
REPLACE = [
    *(("create", 0), ("cp", 0), ("stop", 0), ("rename", 0), ("rename", 1), ("start", 0)),
    ("rm", 0),
]
POINTS = [(True, point) for point in COLD] + [(False, point) for point in REPLACE]
# In the usual run every point comes once for each engine, every way several times.
TURNS = [(*point, WAYS[turn % len(WAYS)]) for turn, point in enumerate(POINTS)]
ALL = [(*point, way) for point, way in product(POINTS, WAYS)]


def _named(case: tuple[bool, tuple[str, int], str]) -> str:
    cold, (verb, count), way = case
    return f"{'cold' if cold else 'replace'}-{verb}-{count}-{way}"


def _send(process: "subprocess.Popen[str]", way: str) -> None:
    if way == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGINT)


def _interrupted(
    real: RealLane, point: tuple[str, int], way: str, service: Path | None
) -> tuple["subprocess.Popen[str]", float]:
    """The ensure that got its (first) signal at the point, and when that was."""
    verb, count = point
    if service is None:
        log = real.folder / "interrupted"
        process = lanekit(real, "ensure", "--json", **{LOG_VARIABLE: str(log)})
        deadline = time.monotonic() + 60
        while [call[0] for call in read_log(log)].count(verb) <= count:
            assert time.monotonic() < deadline, "the operation never came"
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        begun = time.monotonic()
        _send(process, way)
        return process, begun
    sent: list[float] = []
    processes: list[subprocess.Popen[str]] = []

    def before(request: str) -> None:
        if request == REQUESTS[verb] and proxy.requests.count(request) == count + 1 and not sent:
            sent.append(time.monotonic())
            _send(processes[0], way)

    with counting_proxy(real.folder, service, before) as proxy:
        real.socket = proxy.path
        processes.append(lanekit(real, "ensure", "--json"))
        if way == "twice":
            _ = _again(processes[0])
        _ = processes[0].wait(60)
    real.socket = service
    assert sent, "the request never came"
    return processes[0], sent[0]


def _again(process: "subprocess.Popen[str]") -> str:
    """The second signal, as soon as the first was answered; what was said until then."""
    assert process.stderr is not None
    said = process.stderr.readline()
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return said


@pytest.mark.parametrize("case", ALL if LONG else TURNS, ids=_named)
def test_a_signal_at_every_operation_loses_nothing(
    real_lane: RealLane, case: tuple[bool, tuple[str, int], str]
) -> None:
    cold, point, way = case
    real, service = real_lane, real_lane.socket
    old = ""
    if not cold:
        _ = or_raise(real.lanes().ensure(real.lane))
        old = real.containers()[0].id
        real.worker(WORKER.format(word="two"))
    process, begun = _interrupted(real, point, way, service)
    before = _again(process) if way == "twice" and service is None else ""
    ((code, out, err),) = results([process])
    assert time.monotonic() - begun < SOON
    assert (code, out) == (143 if way == "SIGTERM" else 130, "")
    lines = [line for line in (before + err).splitlines() if line]
    assert set(lines) <= ({FIRST, LAST} if way == "twice" else {FIRST}), lines
    if way != "twice":
        assert lines == [FIRST]
        _put_back(real, old, point[0])
    _converges(real, old)


def _put_back(real: RealLane, old: str, verb: str) -> None:
    """At once, without another ensure."""
    name = real.lane.container_name
    there = real.containers()
    if verb == "create":
        # A create that was cut off may come to its end all the same, and nobody knows its id.
        there = [c for c in there if (c.name, c.state) != (f"{name}.next", "created")]
    if verb != "rm":
        assert [(c.id, c.name, c.state) for c in there] == ([(old, name, "running")] if old else [])


def _converges(real: RealLane, old: str) -> None:
    if old:
        assert real.containers(), "the lane was lost"
    ((code, out, err),) = results([lanekit(real, "ensure", "--json")])
    assert code == 0, err
    (after,) = real.containers()
    assert (after.name, after.state) == (real.lane.container_name, "running")
    assert after.id != old
    assert HttpProbe().answers(or_raise(endpoint_of(after)), "/", 5)
    again = or_raise(real.lanes().ensure(real.lane))
    assert (again.action, again.endpoint.url) == ("none", json.loads(out)["endpoint"])
