"""Waits of commands that are processes of their own: a line in a pipe, shown at a terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.podman.terminal import on_a_terminal
from tests.unit.cli.test_process import ENGINE

from lanekit.adapters.host.lane_lock import FileLock

# Locks of their own: two of these commands on one lane, each with an engine of its own, are two
# lanes.
LOCKS = "locks = {folder!r}"
SLOW = 'engine.set_worker("ws1-a", Worker(answers_after=3))'
MADE = """
wiring.ENGINES = dict.fromkeys(EngineName, lambda _lanes: engine)
engine.set_worker("ws1-a", Worker(stop_seconds=0.1))
try:
    app(["ensure", "ws1/a", "--json"])
except SystemExit:
    pass
"""
WAITS = {
    "ensure": (SLOW, r"ws1/a: waiting for an answer at http://127\.0\.0\.1:\d+, \d+s"),
    "stop": (MADE, r"ws1/a: waiting for ws1-a to end \(killed if it takes 10 s\)"),
    "rm": (MADE, r"ws1/a: waiting for ws1-a to end \(killed if it takes 10 s\)"),
}
TERMINAL = {**os.environ, "TERM": "xterm"}


def _command(locks: Path, rules: str, *arguments: str) -> list[str]:
    rules = f"{LOCKS.format(folder=str(locks))}\n{rules}"
    return [sys.executable, "-c", ENGINE.format(rules=rules), *arguments]


def _piped(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("command", WAITS)
def test_what_is_waited_for_is_told_in_a_pipe_and_shown_at_a_terminal(
    fleet: Path, command: str
) -> None:
    rules, words = WAITS[command]
    piped = _piped(_command(fleet / "piped", rules, command, "ws1/a"))
    with on_a_terminal(_command(fleet / "shown", rules, command, "ws1/a"), TERMINAL) as terminal:
        _ = terminal.wait_for(rf"\r\x1b\[K{words}")
        assert terminal.end() == 0
    _, err = piped.communicate(timeout=60)
    assert piped.returncode == 0
    assert re.search(rf"^{words}$", err, re.MULTILINE), err


def test_a_turn_that_is_waited_for_is_told_in_a_pipe_and_shown_at_a_terminal(fleet: Path) -> None:
    command = _command(fleet / "locks", "", "stop", "ws1/a")
    words = f"ws1/a: waiting for the lane lock: another lanekit (process {os.getpid()})"
    held = FileLock(str(fleet / "locks")).hold("ws1-a", 0).unwrap()
    piped = _piped(command)
    with on_a_terminal(command, TERMINAL) as terminal:
        with held:
            _ = terminal.wait_for(rf"\r\x1b\[K{re.escape(words)}")
            assert piped.stderr is not None
            assert piped.stderr.readline().startswith(words)
            assert (piped.poll(), terminal.program.poll()) == (None, None)
        assert terminal.end() == 0
    out, _ = piped.communicate(timeout=60)
    assert (piped.returncode, out) == (0, "ws1/a  missing\n")
