"""The demo does what it says, on podman and without, and leaves nothing behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

_REPO = Path(__file__).resolve().parents[2]
_EXAMPLES = _REPO / "examples"


def _environ(tmp_path: Path, base: dict[str, str]) -> dict[str, str]:
    """With this Python's lanekit in PATH, and a temporary folder that can be looked at."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    command = tmp_path / "bin" / "lanekit"
    _ = command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lanekit "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}/bin:{base['PATH']}"
    return {**base, "PATH": path, "TMPDIR": f"{tmp_path}/tmp", "PYTHONPATH": f"{_REPO}/src"}


def _left_in(tmp_path: Path) -> list[Path]:
    """Temporary folders; files with numbers for names are left by `podman cp -`."""
    return [path for path in (tmp_path / "tmp").iterdir() if not path.name.isdigit()]


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _actions(said: str) -> list[str]:
    """What was done to lane a, in order."""
    words = [line.split() for line in said.splitlines() if line.startswith("demo/a ")]
    return [line[1] for line in words if line[1] in ("created", "none", "started", "replaced")]


def test_demo_on_podman_runs_and_leaves_nothing(podman: Sandbox, tmp_path: Path) -> None:
    said = _run([str(_EXAMPLES / "demo.sh")], _environ(tmp_path, podman.environ()))
    assert _actions(said) == ["created", "none", "replaced"]
    assert 'its config says: model = "demo-1"' in said
    assert 'its config says: model = "demo-2"' in said
    assert podman.run("ps", "-a", "-q", "--filter", "name=^demo-") == ""
    assert not _left_in(tmp_path)


def test_demo_without_podman_runs_and_leaves_nothing(tmp_path: Path) -> None:
    program = str(_EXAMPLES / "demo_in_memory.py")
    said = _run([sys.executable, program], _environ(tmp_path, dict(os.environ)))
    assert _actions(said) == ["created", "none", "replaced"]
    assert "no container is started" in said
    assert not _left_in(tmp_path)


def test_interrupted_demo_leaves_nothing(podman: Sandbox, tmp_path: Path) -> None:
    with subprocess.Popen(
        [str(_EXAMPLES / "demo.sh")],
        env=_environ(tmp_path, podman.environ()),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        assert any(line.startswith("demo/a  created") for line in demo.stdout)
        demo.terminate()
    assert demo.returncode == 143
    assert podman.run("ps", "-a", "-q", "--filter", "name=^demo-") == ""
    assert not _left_in(tmp_path)


def test_demo_worker_stops_within_its_grace(podman: Sandbox, prefix: str) -> None:
    worker = f"{_EXAMPLES}/bin/lane-worker:/usr/local/bin/lane-worker:ro"
    name = f"{prefix}worker"
    told = ("-e", "INBOX_WORKSPACE_ID=x", "-e", "INBOX_LANE_ID=y", "-e", "INBOX_WORKSPACE=/etc")
    _ = podman.run(
        "run", "-d", "--name", name, "-v", worker, *told, DEMO_IMAGE, "/usr/local/bin/lane-worker"
    )
    began = time.monotonic()
    _ = podman.run("stop", "-t", "10", name)
    assert time.monotonic() - began < 5
