"""`make bench`: what lanekit's start costs, as a ratio to importing what it is built on.

The podman that a warm ensure calls here answers at once from a file, so that podman's own time is
taken out by measuring that same program alone, as often as ensure calls it.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from lanekit import Lane, Profile
from lanekit.adapters.memory.engine import InMemory
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.podman_create.args import labels_of

ROUNDS = 15
# Asked for leftovers too, as long as no ensure left a note that there are none.
PODMAN = """#!/bin/sh
cat "{folder}/$1"
for name in "$@"; do
    case $name in *.next | *.prev)
        echo "Error: inspecting object: no such container $name" >&2
        status=125
    esac
done
exit ${{status:-0}}
"""
BASE = [sys.executable, "-c", "import typer, returns.result"]


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer as a worker does."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _seconds(command: Sequence[str], env: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    _ = subprocess.run(command, env=env, check=True, capture_output=True)
    return time.perf_counter() - begun


def _quickest(commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> dict[str, float]:
    # Taking turns, and the quickest of each: what disturbs the machine only ever adds.
    rounds = [{n: _seconds(c, env) for n, c in commands.items()} for _ in range(ROUNDS)]
    return {name: min(r[name] for r in rounds) for name in commands}


def _fleet(folder: Path) -> tuple[Lane, Profile]:
    for name in ("worker", "inbox"):
        _ = (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    for name in ("tree", ".codex"):
        (folder / name).mkdir()
    _ = (folder / "lanes.toml").write_text(
        '[profile]\nworker = "worker"\ninbox = "inbox"\nconfig_dir = ".codex"\n'
        '[[lane]]\nworkspace = "w"\nid = "a"\nworktree = "tree"\n'
    )
    worker, inbox, config = (str(folder / n) for n in ("worker", "inbox", ".codex"))
    profile = Profile(worker, inbox, config_dir=config)
    return Lane("w", "a", str(folder / "tree")), profile


def _podman(folder: Path, port: int) -> None:
    """A podman that shows the lane's container as it should be."""
    lane, profile = _fleet(folder)
    spec = or_raise(Lanes(InMemory(), profile).spec(lane))
    binding = [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
    container = {
        "Id": "c" * 64,
        "Name": spec.name,
        "State": {"Status": "running"},
        "Image": "1" * 64,
        "ImageName": spec.image,
        "Path": spec.entrypoint[0],
        "Config": {
            "User": spec.user,
            "WorkingDir": spec.workdir,
            "Env": [f"{var.name}={var.value}" for var in spec.env],
            "Labels": labels_of(spec),
        },
        "Mounts": [
            {"Type": "bind", "Source": m.source, "Destination": m.target, "RW": not m.read_only}
            for m in spec.mounts
        ],
        "NetworkSettings": {"Ports": {"31417/tcp": binding}},
    }
    image = {"Id": "1" * 64, "RepoTags": [spec.image]}
    _ = (folder / "container").write_text(json.dumps([container]))
    _ = (folder / "image").write_text(json.dumps([image]))
    program = folder / "podman"
    _ = program.write_text(PODMAN.format(folder=folder))
    program.chmod(0o755)


def main() -> None:
    """Measure and print the table."""
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _podman(folder, server.server_port)
        env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        # An installed lanekit has its bytecode beside it.
        _ = env.pop("PYTHONDONTWRITEBYTECODE", None)
        lanekit = str(Path(sys.executable).parent / "lanekit")
        fleet = ["--file", str(folder / "lanes.toml")]
        said = subprocess.run([lanekit, "ensure", *fleet], env=env, check=True, capture_output=True)
        if b"none" not in said.stdout:
            raise SystemExit(f"the lane is not as it should be: {said}")
        commands = {
            "import typer, returns.result": BASE,
            "lanekit --help": [lanekit, "--help"],
            "lanekit ensure, warm": [lanekit, "ensure", *fleet],
            "its two podman processes": ["sh", "-c", "podman container; podman image"],
        }
        found = _quickest(commands, env)
    server.shutdown()
    base = found["import typer, returns.result"]
    own = found["lanekit ensure, warm"] - found["its two podman processes"]
    found["lanekit ensure, podman aside"] = own
    for what, seconds in found.items():
        print(f"{what:32} {seconds * 1000:6.0f} ms   {seconds / base:5.2f} x")  # noqa: T201


if __name__ == "__main__":
    main()
