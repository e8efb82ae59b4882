"""Every command beside a podman that tells all secrets it knows: at a terminal and elsewhere."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.podman.terminal import on_a_terminal
from tests.unit.adapters.test_refused_paths import Host
from tests.unit.adapters.test_secrets_recorded import SECRET, player

MARK = "s3cret"
LANEKIT = [sys.executable, "-m", "lanekit"]


@dataclass
class Fleet:
    """Two lanes in a fleet file, and a podman that never keeps a secret to itself."""

    host: Host

    def environ(self, fails: str, garbage: bool) -> Mapping[str, str]:
        """An environment in which `podman` tells all when it comes to `fails`."""
        _ = player(self.host, fails, garbage=garbage)
        path = f"{self.host.folder}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "LANEKIT_ENGINE": "cli", "TERM": "xterm"}

    def at_a_terminal(self, env: Mapping[str, str], *args: str) -> str:
        """All that was seen on the screen."""
        # A line of many columns, so that nothing is cut away that might have been seen.
        with on_a_terminal([*LANEKIT, *args, *self.file], env, (40, 4000)) as terminal:
            _ = terminal.end()
            return terminal.seen

    def in_a_pipe(self, env: Mapping[str, str], *args: str) -> str:
        """All that was said, to whichever stream."""
        done = subprocess.run(
            [*LANEKIT, *args, *self.file],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    @property
    def file(self) -> tuple[str, str]:
        return ("--file", f"{self.host.folder}/lanes.toml")


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    host = Host(tmp_path)
    lanes = "".join(
        f'[[lane]]\nworkspace = "telltale"\nid = "{name}"\nworktree = "tree"\n' for name in "ab"
    )
    env = "".join(f"{name} = {json.dumps(value)}\n" for name, value in SECRET.items())
    _ = (tmp_path / "lanes.toml").write_text(
        'fleet = "telltale"\n[profile]\nworker = "worker"\ninbox = "inbox"\nconfig_dir = ""\n'
        f"[profile.env]\n{env}{lanes}"
    )
    return Fleet(host)


@pytest.mark.parametrize(
    ("fails", "garbage", "commands"),
    [
        ("create", False, ["ensure", "ensure telltale/a"]),
        ("create", True, ["ensure telltale/a"]),
        ("container", False, ["status", "plan", "ensure"]),
    ],
)
def test_a_terminal_shows_no_secret(
    fleet: Fleet, fails: str, garbage: bool, commands: list[str]
) -> None:
    env = fleet.environ(fails, garbage)
    for command in commands:
        seen = fleet.at_a_terminal(env, *command.split())
        assert MARK not in seen, command
        assert "(hidden)" in seen, command


@pytest.mark.parametrize("option", ["", "--json"])
@pytest.mark.parametrize(("command", "fails"), [("gc", "ps"), ("doctor", "--version")])
def test_what_looks_at_the_whole_machine_says_no_secret(
    fleet: Fleet, command: str, fails: str, option: str
) -> None:
    said = fleet.in_a_pipe(fleet.environ(fails, garbage=False), command, *option.split())
    assert MARK not in said
    assert "(hidden)" in said


@pytest.mark.parametrize("option", ["", "--json"])
@pytest.mark.parametrize(
    ("fails", "what"), [("container", r"cannot be reached|engine lost"), ("create", "failing")]
)
def test_a_watch_says_no_secret(fleet: Fleet, fails: str, what: str, option: str) -> None:
    env = fleet.environ(fails, garbage=False)
    command = [*LANEKIT, "watch", *option.split(), *fleet.file]
    with on_a_terminal(command, env, (40, 4000)) as terminal:
        said = terminal.wait_for(r"(?s)^.*lanekit doctor").group()
        terminal.program.terminate()
        assert terminal.end() == 0
    assert MARK not in said + terminal.seen
    assert "(hidden)" in said
    assert re.search(what, said)
