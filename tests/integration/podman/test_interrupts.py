"""Ctrl-C and SIGTERM at each operation of a cold ensure and of a replace, on real podman."""

import json
import signal
import time
from collections.abc import Callable
from itertools import product

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.interrupting import FIRST, SOON, Process, code_of, interrupted
from tests.support.tiers import with_nightly

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

LAST = "lanekit: exited without rolling back; the next `lanekit ensure` recovers"
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


def _again(process: Process) -> str:
    """The second signal, as soon as the first was answered; what was said until then."""
    assert process.stderr is not None
    said = process.stderr.readline()
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return said


@pytest.mark.parametrize("case", with_nightly(TURNS, ALL, arguments=1), ids=_named)
def test_a_signal_at_every_operation_loses_nothing(
    real_lane: RealLane, case: tuple[bool, tuple[str, int], str]
) -> None:
    cold, point, way = case
    real = real_lane
    old = ""
    if not cold:
        _ = or_raise(real.lanes().ensure(real.lane))
        old = real.containers()[0].id
        real.worker(WORKER.format(word="two"))
    twice: Callable[[Process], object] = _again if way == "twice" else lambda _process: None
    process, begun = interrupted(real, ("ensure", "--json"), point, way, twice)
    before = _again(process) if way == "twice" and real.socket is None else ""
    ((code, out, err),) = results([process])
    assert time.monotonic() - begun < SOON
    assert (code, out) == (code_of(way), "")
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
