"""Workers that end at once, come late, or do not want to end: what is told, and when."""

import time
from dataclasses import replace

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane

from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

LATE = 20
STUBBORN = WORKER.replace("trap 'kill $server; exit 0' TERM\n", "")
# However busy the host is; the deadlines are far beyond.
AT_ONCE = 15.0
ENDS = {
    "echo begins\necho no key >&2\nexit 7": ("exited with code 7 ", "begins\n", "no key\n"),
    "echo begins\nsleep 1\nexit 7": ("exited with code 7 ", "its last lines:\n    begins\n"),
    "exit 0": ("exited with code 0 ", "    it wrote nothing\n"),
}


@pytest.mark.parametrize("script", list(ENDS), ids=["at once", "after a second", "as if done"])
def test_a_worker_that_ends_is_told_at_once(both_lanes: list[RealLane], script: str) -> None:
    for real in both_lanes:
        real.worker(f"#!/bin/sh\n{script}\n")
    begun = time.monotonic()
    told = results([lanekit(real, "ensure", "--timeout", "300") for real in both_lanes])
    assert time.monotonic() - begun < AT_ONCE
    for code, out, err in told:
        assert (code, "because WorkerExited" in out) == (1, True), err
        for words in (*ENDS[script], "  -> fix the worker, then run `lanekit ensure "):
            assert words in err
        assert "Traceback" not in err


def test_a_worker_that_takes_too_much_memory_is_told_at_once(both_lanes: list[RealLane]) -> None:
    for real in both_lanes:
        real.worker("#!/bin/sh\necho begins\nexec tail /dev/zero\n")
        real.profile = replace(real.profile, memory=32 << 20)
    begun = time.monotonic()
    told = results([lanekit(real, "ensure", "--timeout", "300") for real in both_lanes])
    assert time.monotonic() - begun < AT_ONCE
    for code, _, err in told:
        assert code == 1
        # Not every podman is told by its kernel that it was for lack of memory.
        assert "exited with code 137" in err
        assert "    its last lines:\n    begins\n" in err
        assert "raise `memory` in the profile" in err


def test_a_late_worker_is_waited_for_and_that_is_shown(both_lanes: list[RealLane]) -> None:
    for real in both_lanes:
        real.worker(WORKER.format(word="late").replace("httpd", f"sleep {LATE}; httpd", 1))
    begun = time.monotonic()
    plain, all_of_it = results(
        [
            lanekit(real, "ensure", "--timeout", "60", *more)
            for real, more in zip(both_lanes, ((), ("-v",)), strict=True)
        ]
    )
    assert time.monotonic() - begun >= LATE
    for (code, out, err), least in ((plain, 2), (all_of_it, LATE // 2)):
        assert (code, "created" in out) == (0, True), err
        waits = [line for line in err.splitlines() if ": waiting for an answer at http://" in line]
        assert len(waits) >= least


def test_a_stop_of_a_stubborn_worker_takes_the_grace_and_is_told(real_lane: RealLane) -> None:
    name = real_lane.lane.container_name
    real_lane.worker(STUBBORN.format(word="one"))
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    told = f"waiting for {name} to end (killed if it takes 2 s)\n"
    begun = time.monotonic()
    ((code, _, err),) = results([lanekit(real_lane, "stop")])
    assert (code, told in err) == (0, True), err
    assert 2 <= time.monotonic() - begun < AT_ONCE
    ((_, _, err),) = results([lanekit(real_lane, "rm")])
    assert "waiting for" not in err, "it had ended"
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    real_lane.worker(STUBBORN.format(word="two"))
    begun = time.monotonic()
    ((code, out, err),) = results([lanekit(real_lane, "ensure")])
    assert time.monotonic() - begun >= 2
    assert (code, "replaced" in out) == (0, True), err
    assert f"stop {name} (killed if it takes 2 s), because " in err
    ((code, _, err),) = results([lanekit(real_lane, "rm")])
    assert (code, told in err) == (0, True), err
    assert real_lane.containers() == []
