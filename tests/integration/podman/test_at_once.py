"""Many at one lane at once: eight ensures; an ensure beside a stop, an rm, another fleet file."""

import json
import os
import signal
import subprocess
import time

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane

from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

# Of eight processes each; by the command a round costs three times as much.
ROUNDS = {"command": 6, "socket": 20}
EIGHT = 8


# It listens as soon as there is a file "go" in its worktree.
WHEN_TOLD = WORKER.format(word="one").replace(
    "#!/bin/sh\n",
    "#!/bin/sh\ntrap 'exit 0' TERM\nuntil [ -e /workspace/go ]; do sleep 0.1; done\n",
)


def _awaiting(ensures: "list[subprocess.Popen[str]]") -> "list[subprocess.Popen[str]]":
    """They hold their lanes' locks, and wait for their workers."""
    for process in ensures:
        assert process.stderr is not None
        while "await " not in (line := process.stderr.readline()):
            assert line
    return ensures


def _another_file(real: RealLane) -> str:
    """A fleet file that asks for another container in the lane."""
    path = real.folder / "other.toml"
    text = real.fleet_file().read_text()
    _ = path.write_text(text.replace("[[lane]]", "[profile.env]\nX = '1'\n[[lane]]"))
    return str(path)


def _one_remains(real: RealLane) -> None:
    made = or_raise(real.lanes().ensure(real.lane))
    (after,) = real.containers()
    assert (after.name, after.state) == (real.lane.container_name, "running")
    assert made.endpoint.port == after.ports[0].host_port
    assert or_raise(real.lanes().ensure(real.lane)).action == "none"


@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.nightly)])
def test_eight_at_once_make_one_container(real_lane: RealLane, times: int) -> None:
    done = {0: "created", 1: "none", 2: "replaced"}
    for turn in range(times * ROUNDS["socket" if real_lane.socket else "command"]):
        kind = turn % 3
        if kind == 0:
            _ = or_raise(real_lane.lanes().remove(real_lane.lane))
        elif kind == 2:
            real_lane.worker(WORKER.format(word=f"turn{turn}"))
        told = results([lanekit(real_lane, "ensure", "--json") for _ in range(EIGHT)])
        assert [(code, err) for code, _, err in told] == [(0, "")] * EIGHT
        reports = [json.loads(out) for _, out, _ in told]
        assert len({json.dumps(report["endpoint"]) for report in reports}) == 1
        actions = sorted(report["action"] for report in reports)
        assert actions == sorted([done[kind]] + ["none"] * (EIGHT - 1))
        (only,) = real_lane.containers()
        assert (only.name, only.state) == (real_lane.lane.container_name, "running")


@pytest.mark.parametrize("other", ["stop", "rm"])
def test_an_ensure_beside_a_stop_or_rm_is_one_after_the_other(
    real_lane: RealLane, other: str
) -> None:
    for word in ("two", "three"):
        _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
        real_lane.worker(WORKER.format(word=word))
        both = [lanekit(real_lane, "ensure", "--json"), lanekit(real_lane, other, "--json")]
        assert [(code, err) for code, _, err in results(both)] == [(0, "")] * 2
        left = [(c.name, c.state) for c in real_lane.containers()]
        name = real_lane.lane.container_name
        last = {"stop": [(name, "exited")], "rm": []}[other]
        assert left in ([(name, "running")], last)
    _one_remains(real_lane)


def test_ensures_by_two_fleet_files_are_one_after_the_other(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    both = [
        lanekit(real_lane, "ensure", "--json"),
        lanekit(real_lane, "ensure", "--json", "--file", _another_file(real_lane)),
    ]
    told = results(both)
    assert [(code, err) for code, _, err in told] == [(0, "")] * 2
    (only,) = real_lane.containers()
    assert (only.name, only.state) == (real_lane.lane.container_name, "running")
    _one_remains(real_lane)


AFTER: dict[str, tuple[str, list[str]]] = {
    "stop": ("stopped", ["exited"]),
    "rm": ("removed", []),
    "ensure": ("replaced", ["running"]),
}


@pytest.mark.parametrize("other", list(AFTER))
def test_who_comes_while_an_ensure_is_at_work_says_for_whom_it_waits_and_then_goes_on(
    both_lanes: list[RealLane], other: str
) -> None:
    for real in both_lanes:
        real.worker(WHEN_TOLD)
    holders = _awaiting([lanekit(real, "ensure", "-v") for real in both_lanes])
    made = [real.containers() for real in both_lanes]
    own_file = other == "ensure"
    more = [("--file", _another_file(real)) if own_file else () for real in both_lanes]
    waiting = [lanekit(real, other, *file) for real, file in zip(both_lanes, more, strict=True)]
    for holder, process in zip(holders, waiting, strict=True):
        assert process.stderr is not None
        told = f"waiting for the lane lock: another lanekit (process {holder.pid}) is working on "
        assert told in process.stderr.readline()
        assert (holder.poll(), process.poll()) == (None, None)
    assert [real.containers() for real in both_lanes] == made
    for real in both_lanes:
        (real.folder / "tree/go").touch()
    assert [(code, "created" in out) for code, out, _ in results(holders)] == [(0, True)] * 2
    word, states = AFTER[other]
    for (code, out, err), real, (old,) in zip(results(waiting), both_lanes, made, strict=True):
        assert (code, word in out) == (0, True), err
        left = real.containers()
        assert [container.state for container in left] == states
        assert [container.id == old.id for container in left] == [not own_file for _ in left]


def test_a_name_that_two_lanes_want_is_the_firsts(real_lane: RealLane) -> None:
    other = real_lane.folder / "other.toml"
    text = real_lane.fleet_file().read_text().replace('id = "a"', 'id = "b"')
    _ = other.write_text(text)
    both = [
        lanekit(real_lane, "ensure", "--json"),
        lanekit(real_lane, "ensure", "--json", "--file", str(other)),
    ]
    told = results(both)
    assert sorted(code for code, _, _ in told) == [0, 1]
    (err,) = [err for code, _, err in told if code == 1]
    assert "is not this lane's" in err
    assert "it was not touched" in err
    (only,) = real_lane.containers()
    assert only.state == "running"


def test_a_holder_of_the_lock_that_is_killed_keeps_nobody_waiting(real_lane: RealLane) -> None:
    real_lane.worker("#!/bin/sh\ntrap 'exit 0' TERM\nsleep 600 &\nwait\n")
    (holder,) = _awaiting([lanekit(real_lane, "ensure", "-v")])
    real_lane.worker(WORKER.format(word="two"))
    waiting = lanekit(real_lane, "ensure", "--json")
    time.sleep(1.5)
    assert waiting.poll() is None, "it waits for the lock"
    begun = time.monotonic()
    os.kill(holder.pid, signal.SIGKILL)
    _ = holder.communicate(timeout=20)
    ((code, out, err),) = results([waiting])
    assert (code, err) == (0, ""), out
    assert time.monotonic() - begun < 12
    _one_remains(real_lane)
