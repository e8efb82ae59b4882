"""Ctrl-C and SIGTERM while a command waits for a lane that another lanekit works on."""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.cli.test_process import ENGINE

from lanekit.adapters.host.lane_lock import FileLock

FIRST = "lanekit: interrupted, rolling back; press Ctrl-C again to exit immediately"
# Tells that it begins to wait, and at its end how often podman was asked.
RULES = """
import atexit
from lanekit.adapters.host.clock import SystemClock
sleep, wait = SystemClock.sleep, SystemClock.wait
def tell():
    SystemClock.sleep, SystemClock.wait = sleep, wait
    print("waits", file=sys.stderr, flush=True)
def tell_and_sleep(self, seconds):
    tell()
    sleep(self, seconds)
def tell_and_wait(self, event, seconds):
    tell()
    return wait(self, event, seconds)
SystemClock.sleep, SystemClock.wait = tell_and_sleep, tell_and_wait
atexit.register(lambda: print("asked", len(engine.calls), file=sys.stderr))
"""
LANEKIT = [sys.executable, "-c", ENGINE.format(rules=RULES)]
# A signal that comes when the threads of many lanes have started, and nobody iterates yet.
AT_THE_START = """
import os, signal
from lanekit.core.application.ensure_batch import EnsureBatch
begin = EnsureBatch.__init__
def interrupted(self, *args, **more):
    begin(self, *args, **more)
    os.kill(os.getpid(), signal.SIGINT)
EnsureBatch.__init__ = interrupted
"""


@pytest.fixture
def held(fleet: Path) -> Iterator[str]:
    """The name of the first lane's container, whose lock is held."""
    name = f"t{secrets.token_hex(4)}-a"
    text = (fleet / "lanes.toml").read_text().replace('id = "a"', f'id = "a"\ncontainer = "{name}"')
    _ = (fleet / "lanes.toml").write_text(text)
    with FileLock(str(fleet / "locks")).hold(name, 0).unwrap():
        yield name


def _interrupted(number: signal.Signals, *command: str) -> tuple[int, str, str]:
    """The exit code, stdout, and stderr since the wait began."""
    with subprocess.Popen(
        [*LANEKIT, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            while (line := process.stderr.readline()) != "waits\n":
                assert line, "it did not wait"
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        ("ensure", signal.SIGINT, 130),
        ("ensure", signal.SIGTERM, 143),
        ("stop", signal.SIGTERM, 143),
        ("rm", signal.SIGINT, 130),
    ],
)
def test_a_signal_ends_the_wait_for_one_lane(
    held: str, command: str, number: signal.Signals, code: int
) -> None:
    _ = held
    found, out, err = _interrupted(number, command, "ws1/a")
    assert (found, out) == (code, "")
    assert [line for line in err.splitlines() if line.startswith("lanekit: ")] == [FIRST]
    assert err.endswith("asked 0\n"), "nothing was begun"
    assert "Traceback" not in err


def test_a_signal_ends_the_wait_for_one_of_many(held: str) -> None:
    _ = held
    code, out, err = _interrupted(signal.SIGINT, "ensure")
    assert code == 130
    told = sorted(line.split()[:2] for line in out.splitlines())
    assert told[0] == ["ws1/a", "failed"]
    assert told[1][0] == "ws1/long"
    assert [line for line in err.splitlines() if line.startswith("lanekit: ")] == [FIRST]
    assert "Traceback" not in err


def test_signal_at_the_start_of_many_lanes_ends_them(held: str) -> None:
    _ = held
    command = [sys.executable, "-c", ENGINE.format(rules=AT_THE_START), "ensure"]
    done = subprocess.run(command, timeout=20, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == ["ws1/a", "ws1/long"]
    assert [line for line in done.stderr.splitlines() if line.startswith("lanekit: ")] == [FIRST]
    assert "Traceback" not in done.stderr
