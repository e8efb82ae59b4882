"""A fleet on disk, an engine in memory that outlives a command, and a way to call commands."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from lanekit.adapters.host.lane_lock import FileLock
from lanekit.adapters.memory.engine import InMemory
from lanekit.cli import wiring
from lanekit.cli.app import app
from lanekit.cli.options import EngineName
from lanekit.core.domain.lanes import Lane

SECRET = "s3cret-value"
FLEET = f"""
[profile]
worker = "worker"
inbox = "inbox"
config_dir = "conf"

[profile.env]
API_TOKEN = "{SECRET}"

[[lane]]
workspace = "ws1"
id = "a"
worktree = "wt-a"

[[lane]]
workspace = "ws1"
id = "long"
worktree = "wt-b"
"""


def write_fleet(folder: Path, text: str = FLEET) -> None:
    """The fleet file, and all that it names."""
    _ = (folder / "lanes.toml").write_text(text)
    for name in ("wt-a", "wt-b", "conf"):
        (folder / name).mkdir()
    _ = (folder / "conf" / "config.toml").write_text("model = 1\n")
    for name in ("worker", "inbox"):
        _ = (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def stable(text: str) -> str:
    """Return the text with its ports, seconds and temporary folders made the same in every run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\b\d+\.\d+ ?s\b", "0.0s", text)
    return re.sub(r"/tmp/\S*?/[a-z_]*\d+(?=/)", "TMP", text)


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines of --json."""
        return [cast("dict[str, Any]", json.loads(line)) for line in self.out.splitlines()]


Lanekit = Callable[..., Said]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a fleet of two lanes; the current folder."""
    write_fleet(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InMemory:
    """What all commands of the test talk to, whatever their --engine."""
    one = InMemory(seed=1)

    def same(_lanes: Sequence[Lane]) -> InMemory:
        return one

    monkeypatch.setattr(wiring, "ENGINES", dict.fromkeys(EngineName, same))
    # Not the user's: lanes of the same name in another run of the tests would be in the way.
    monkeypatch.setattr(wiring, "lane_lock", lambda: FileLock(str(tmp_path / "locks")))
    return one


@pytest.fixture
def lanekit(fleet: Path, engine: InMemory) -> Lanekit:
    """Calls the command line in this process, with the fleet and the engine above."""
    _ = fleet, engine

    def call(*arguments: str, stdin: str | None = None) -> Said:
        result = CliRunner().invoke(app, arguments, input=stdin, catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    return call
