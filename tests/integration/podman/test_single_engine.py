"""A machine that has podman's socket alone, or its command alone, can do all that lanekit does.

In a German session without a terminal, whose locale is not installed.
"""

import json
from pathlib import Path

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane

pytestmark = pytest.mark.podman


def _says(real: RealLane, env: dict[str, str], *arguments: str) -> str:
    german = {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "TERM": ""}
    ((code, out, err),) = results([lanekit(real, *arguments, **german, **env)])
    assert code == 0, (arguments, out, err)
    assert out.isascii()
    return out


def test_main_commands_work_with_one_engine_alone(real_lane: RealLane, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    # Over the socket: no program at all is found. By the command: no socket is.
    hidden = {"PATH": str(nowhere)} if real_lane.socket else {"XDG_RUNTIME_DIR": str(nowhere)}
    real_lane.worker(WORKER.format(word="one"))
    made = json.loads(_says(real_lane, hidden, "ensure", "--json"))
    assert made["action"] == "created"
    real_lane.worker(WORKER.format(word="two"))
    assert "worker.digest" in _says(real_lane, hidden, "plan")
    assert json.loads(_says(real_lane, hidden, "ensure", "--json"))["action"] == "replaced"
    name = real_lane.lane.name
    assert "running" in _says(real_lane, hidden, "status")
    assert _says(real_lane, hidden, "endpoint", name).startswith("http://127.0.0.1:")
    assert "serving two" in _says(real_lane, hidden, "logs", name)
    assert "nothing to remove" in _says(real_lane, hidden, "gc")
    assert "stopped" in _says(real_lane, hidden, "stop")
    assert "removed" in _says(real_lane, hidden, "rm", "--yes")
