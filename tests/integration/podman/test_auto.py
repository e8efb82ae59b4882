"""Without --engine `lanekit` takes the socket where one answers, else the command, and says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane

pytestmark = pytest.mark.podman


def _lanekit(real: RealLane, runtime: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    env = real.sandbox.environ(XDG_RUNTIME_DIR=str(runtime))
    del env["LANEKIT_ENGINE"]
    return subprocess.run(
        [sys.executable, "-m", "lanekit", *args, "--file", str(real.fleet_file())],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A user's runtime folder, in which there may be a socket of podman's."""
    folder = tmp_path / "user"
    (folder / "podman").mkdir(parents=True)
    return folder


def test_auto_engine_uses_socket_that_answers(
    cli_lane: RealLane, podman_service: Path, runtime: Path
) -> None:
    socket = runtime / "podman" / "podman.sock"
    socket.symlink_to(podman_service)
    made = _lanekit(cli_lane, runtime, "ensure", "--json")
    assert json.loads(made.stdout)["action"] == "created", made.stderr
    assert f"engine: podman socket unix://{socket}" in _lanekit(cli_lane, runtime, "status").stdout
    # The same lane by the other way: nothing differs.
    socket.unlink()
    said = _lanekit(cli_lane, runtime, "status", "--engine", "cli")
    assert "engine: podman command" in said.stdout
    assert (
        json.loads(_lanekit(cli_lane, runtime, "ensure", "--json", "--engine", "cli").stdout)[
            "action"
        ]
        == "none"
    )


def test_auto_engine_skips_socket_without_listener(cli_lane: RealLane, runtime: Path) -> None:
    _ = (runtime / "podman" / "podman.sock").write_text("")
    assert "engine: podman command" in _lanekit(cli_lane, runtime, "status").stdout


def test_requested_but_missing_socket_is_an_error(cli_lane: RealLane, runtime: Path) -> None:
    env = {"CONTAINER_HOST": f"unix://{runtime}/none.sock", "LANEKIT_ENGINE": "socket"}
    said = subprocess.run(
        [sys.executable, "-m", "lanekit", "ensure", "--file", str(cli_lane.fleet_file())],
        env=cli_lane.sandbox.environ(**env),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 1
    assert "podman's service cannot be reached" in said.stderr
    assert "systemctl --user start podman.socket" in said.stderr
    assert "Traceback" not in said.stderr
