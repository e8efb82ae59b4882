"""Workers that end at once, come late, or do not want to end: what is told, and when."""

import os
import time

import pytest
from tests.podman.between import lanekit, results
from tests.podman.conftest import WORKER, RealLane

from lanekit.core.errors import or_raise

pytestmark = pytest.mark.podman

LATE = 20 if os.environ.get("LANEKIT_LONG") == "1" else 6
STUBBORN = WORKER.replace("trap 'kill $server; exit 0' TERM\n", "")
# The deadline of the fleet file is 20 s.
AT_ONCE = 12.0


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_worker_that_ends_is_told_well_before_the_deadline(
    real_lane: RealLane, seconds: int
) -> None:
    real_lane.worker(f"#!/bin/sh\necho begins\nsleep {seconds}\necho no key >&2\nexit 7\n")
    begun = time.monotonic()
    ((code, _, err),) = results([lanekit(real_lane, "ensure")])
    assert time.monotonic() - begun < AT_ONCE
    assert code == 1
    for words in ("exited with code 7", "begins\n", "no key\n", "the worker itself has to be"):
        assert words in err
    assert "Traceback" not in err


def test_a_late_worker_is_waited_for_and_that_is_shown(real_lane: RealLane) -> None:
    real_lane.worker(WORKER.format(word="late").replace("httpd", f"sleep {LATE}; httpd", 1))
    begun = time.monotonic()
    ((code, out, err),) = results([lanekit(real_lane, "ensure", "--timeout", "30", "-v")])
    assert time.monotonic() - begun >= LATE
    assert code == 0, err
    assert "created" in out
    waits = [line for line in err.splitlines() if "waits for an answer at http://" in line]
    assert len(waits) >= LATE // 2


def test_a_stop_of_a_stubborn_worker_takes_the_grace_and_is_told(real_lane: RealLane) -> None:
    name = real_lane.lane.container_name
    real_lane.worker(STUBBORN.format(word="one"))
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    told = f"waits for {name} to end (killed after 2 s)\n"
    begun = time.monotonic()
    ((code, _, err),) = results([lanekit(real_lane, "stop", "-v")])
    assert (code, told in err) == (0, True), err
    assert 2 <= time.monotonic() - begun < AT_ONCE
    ((_, _, err),) = results([lanekit(real_lane, "rm", "-v")])
    assert "waits for" not in err, "it had ended"
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    real_lane.worker(STUBBORN.format(word="two"))
    ((code, out, err),) = results([lanekit(real_lane, "ensure", "-v")])
    assert (code, "replaced" in out) == (0, True), err
    assert f"stop {name} (killed after 2 s), because " in err
    ((code, _, err),) = results([lanekit(real_lane, "rm", "-v")])
    assert (code, told in err) == (0, True), err
    assert real_lane.containers() == []
