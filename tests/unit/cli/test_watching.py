"""`lanekit watch` as a process, on the in-memory engine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Run:
    """A process, and where its words go."""

    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path

    def lines(self) -> list[str]:
        return self.out.read_text().splitlines()

    def wait_for(self, *words: str) -> None:
        _soon(lambda: all(word in self.out.read_text() for word in words), self)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def _soon(true: Callable[[], bool], run: Run) -> None:
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline, run.out.read_text() + run.err.read_text()
        assert run.process.poll() is None, run.err.read_text()
        time.sleep(0.05)


@contextmanager
def _run(folder: Path, *args: str) -> Generator[Run]:
    out, err = folder / "out", folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "lanekit", "--engine", "memory", "watch", *args],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield Run(process, out, err)
    finally:
        process.kill()
        _ = process.wait(20)


def _fleet(*ids: str, more: str = "") -> str:
    head = '[profile]\nworker = "worker"\ninbox = "inbox"\nconfig_dir = ""\n'
    lanes = (f'[[lane]]\nworkspace = "ws"\nid = "{n}"\nworktree = "tree"\n' for n in ids)
    return head + more + "".join(lanes)


def _write(folder: Path, text: str) -> None:
    _ = (folder / "new").write_text(text)
    os.replace(folder / "new", folder / "lanes.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("worker", "inbox"):
        (tmp_path / name).touch(0o755)
    (tmp_path / "tree").mkdir()
    _write(tmp_path, _fleet("a", "b"))
    return tmp_path


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_clean(folder: Path, number: int, code: int) -> None:
    with _run(folder) as run:
        run.wait_for("ws/a  created", "ws/b  created")
        assert run.end(number) == code
        assert run.lines()[0].endswith("  watching: 2 lanes of lanes.toml")
        assert len(run.lines()) == 3
        assert run.err.read_text() == (
            "lanekit: stopping; finishing or rolling back what is under way "
            "(press Ctrl-C again to exit immediately)\n"
        )


def test_the_file_is_followed(folder: Path) -> None:
    with _run(folder, "--json") as run:
        run.wait_for('"lane": "ws/a"', '"lane": "ws/b"')
        _write(folder, "[profile")
        run.wait_for('"file invalid"')
        _write(folder, "[profile ")
        time.sleep(1.2)
        _write(folder, _fleet("b", "c"))
        run.wait_for('"file valid"', '"lane": "ws/c"', '"gone"')
        assert run.end(signal.SIGTERM) == 0
        said = [json.loads(line) for line in run.lines()]
    events = [(record["event"], record.get("lane")) for record in said]
    assert sorted(events[1:3]) == [("reconciled", "ws/a"), ("reconciled", "ws/b")]
    assert events[3] == ("file invalid", None)
    assert sorted(events[4:], key=str) == [
        *(("file valid", None), ("gone", "ws/a"), ("reconciled", "ws/c")),
    ]
    assert all(record["time"].endswith("Z") for record in said)


def test_a_file_that_is_gone_or_empty_leaves_the_lanes(folder: Path) -> None:
    with _run(folder) as run:
        run.wait_for("ws/b  created")
        (folder / "lanes.toml").unlink()
        run.wait_for("cannot be read")
        _write(folder, "")
        run.wait_for("has no lanes")
        assert run.end(signal.SIGTERM) == 0
        assert "no longer watched" not in run.out.read_text()


def test_only_the_lanes_that_were_named(folder: Path) -> None:
    with _run(folder, "ws/b") as run:
        run.wait_for("ws/b  created")
        _write(folder, _fleet("a", "c"))
        run.wait_for("ws/b  no longer watched; its container was left as it is")
        assert run.end(signal.SIGTERM) == 0
        assert "ws/a" not in run.out.read_text()
        assert "ws/c" not in run.out.read_text()


def test_a_secret_in_an_error_is_not_shown(folder: Path) -> None:
    _write(
        folder, _fleet("a", more='image = "localhost/none:hush-hush"\nenv = {K = "hush-hush"}\n')
    )
    (folder / "worker").chmod(0o644)
    with _run(folder) as run:
        run.wait_for("failing: ")
        assert run.end(signal.SIGTERM) == 0
        assert "hush-hush" not in run.out.read_text()


def test_a_lane_that_is_not_there_is_a_wrong_call(folder: Path) -> None:
    with _run(folder, "ws/z") as run:
        assert run.process.wait(20) == 2
        assert "no lane 'ws/z'" in run.err.read_text()


def test_the_shortest_resync_is_said(folder: Path) -> None:
    with _run(folder, "--resync", "0") as run:
        assert run.process.wait(20) == 2
        assert "--resync" in run.err.read_text()
