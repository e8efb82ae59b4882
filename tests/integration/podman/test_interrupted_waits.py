"""Ctrl-C and SIGTERM while a worker is awaited, is to end, or is mended as it runs."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.interrupting import FIRST, SOON, Process, code_of, interrupted, send
from tests.support.tiers import with_nightly

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.labels import LABEL_CONFIG
from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman

SILENT = "#!/bin/sh\ntrap 'exit 0' TERM\nsleep 600 &\nwait\n"
STUBBORN = WORKER.replace("trap 'kill $server; exit 0' TERM\n", "")
WAYS = ("Ctrl-C", "SIGTERM")


def _cases(usual: Sequence[tuple[str, str, str]], *whats: str) -> list[Any]:
    """The engine, what, and the way."""
    return with_nightly(usual, product(("command", "socket"), whats, WAYS), arguments=3)


def _ended(process: Process, begun: float, way: str) -> float:
    """How many seconds after its signal it had."""
    ((code, out, err),) = results([process])
    took = time.monotonic() - begun
    assert took < SOON
    assert (code, out) == (code_of(way), ""), err
    assert [line for line in err.splitlines() if line.startswith("lanekit: ")] == [FIRST]
    assert "Traceback" not in err
    return took


def _only(real: RealLane) -> ObservedContainer:
    (container,) = real.containers()
    assert container.name == real.lane.container_name
    return container


def _converges(real: RealLane, action: str) -> None:
    assert or_raise(real.lanes().ensure(real.lane)).action == action
    now = _only(real)
    assert now.state == "running"
    assert HttpProbe().answers(or_raise(endpoint_of(now)), "/", 5)
    assert real.config_in(now.id) == now.labels[LABEL_CONFIG]
    assert or_raise(real.lanes().ensure(real.lane)).action == "none"


@pytest.mark.parametrize(
    ("real_lane", "what", "way"),
    _cases([("command", "cold", "SIGTERM"), ("socket", "replace", "Ctrl-C")], "cold", "replace"),
    indirect=["real_lane"],
)
def test_a_signal_while_a_worker_is_awaited(real_lane: RealLane, what: str, way: str) -> None:
    real, old = real_lane, ""
    if what == "replace":
        _ = or_raise(real.lanes().ensure(real.lane))
        old = _only(real).id
    real.other_worker(SILENT)
    process = lanekit(real, "ensure", "-v")
    assert process.stderr is not None
    while "await " not in (line := process.stderr.readline()):
        assert line, "it was not awaited"
    begun = time.monotonic()
    send(process, way)
    _ = _ended(process, begun, way)
    # A new one is kept, for it may still come; an old one runs again.
    assert _only(real).state == "running"
    assert _only(real).id == old or not old
    real.other_worker(WORKER.format(word="three"))
    _converges(real, "replaced")


@pytest.mark.parametrize(
    ("real_lane", "what", "way"),
    _cases([("command", "stop", "Ctrl-C"), ("socket", "rm", "SIGTERM")], "stop", "rm"),
    indirect=["real_lane"],
)
def test_a_signal_while_a_stubborn_worker_is_to_end(
    real_lane: RealLane, what: str, way: str
) -> None:
    real_lane.worker(STUBBORN.format(word="one"))
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    took = _ended(*interrupted(real_lane, (what,), (what, 0), way), way)
    # podman was told to, does, and is waited for: the grace is 2 s.
    assert took > 1.5
    if what == "stop":
        assert _only(real_lane).state == "exited"
        assert or_raise(real_lane.lanes().stop(real_lane.lane)) == "not running"
        _converges(real_lane, "started")
    else:
        assert real_lane.containers() == []
        assert or_raise(real_lane.lanes().remove(real_lane.lane)) == "missing"
        _converges(real_lane, "created")


@pytest.mark.parametrize(
    ("real_lane", "what", "way"),
    _cases([("socket", "cp", "Ctrl-C")], "cp"),
    indirect=["real_lane"],
)
def test_a_signal_in_a_copy_into_a_running_container(
    real_lane: RealLane, what: str, way: str
) -> None:
    for number in range(4):
        _ = (Path(real_lane.profile.config_dir) / f"skill-{number}").write_bytes(bytes(1 << 20))
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    _ = real_lane.sandbox.run("exec", before.name, "rm", "-r", "/root/.codex")
    _ = _ended(*interrupted(real_lane, ("ensure",), (what, 0), way), way)
    assert (_only(real_lane).id, _only(real_lane).pid) == (before.id, before.pid)
    _converges(real_lane, "adjusted")
    assert _only(real_lane).pid == before.pid


@pytest.mark.parametrize(
    ("real_lane", "what", "way"),
    _cases([("socket", "stop", "SIGTERM")], "stop", "start"),
    indirect=["real_lane"],
)
def test_a_signal_in_a_restart(real_lane: RealLane, what: str, way: str) -> None:
    tree = Path(real_lane.lane.worktree)
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    shutil.rmtree(tree)
    tree.mkdir()
    _ = (tree / "new").write_text("yes")
    _ = _ended(*interrupted(real_lane, ("ensure",), (what, 0), way), way)
    # It was started again, and so mounts what is there now.
    assert (_only(real_lane).id, _only(real_lane).state) == (before.id, "running")
    _converges(real_lane, "none")
    assert real_lane.sandbox.run("exec", before.name, "cat", "/workspace/new") == "yes"


# A Ctrl-C that is noted and breaks no wait off, as one does that comes just before the wait: it
# reaches another thread. Sent when a line comes in.
UNFELT = """
import signal, sys, threading
def send():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
threading.Thread(target=send, daemon=True).start()
from lanekit.cli.main import main
main()
"""


def test_a_signal_that_comes_just_before_a_wait_for_podman_is_noticed(real_lane: RealLane) -> None:
    real_lane.worker(STUBBORN)
    file = real_lane.fleet_file()
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    _ = file.write_text(file.read_text().replace("stop_grace = 2", "stop_grace = 12"))
    command = [sys.executable, "-c", UNFELT, "stop", "--file", str(file)]
    with subprocess.Popen(
        command,
        env=real_lane.environ(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        while "waiting for " not in (line := process.stderr.readline()):
            assert line, "it did not wait"
        time.sleep(1)
        begun = time.monotonic()
        _ = process.stdin.write("now\n")
        process.stdin.flush()
        while not (line := process.stderr.readline()).startswith("lanekit: "):
            assert line, "it was not noticed"
        assert time.monotonic() - begun < 6
        _ = process.communicate(timeout=60)
        assert process.returncode == 130
