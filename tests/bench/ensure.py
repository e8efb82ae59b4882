"""`make bench`, second table: a warm ensure inside one process, against the bare calls it needs.

On real podman, in a storage of its own; without one it says so and measures nothing.
"""

import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, PodmanUnusable, Sandbox, open_sandbox

from lanekit import Lane, Profile
from lanekit.adapters.http.probe import HttpProbe
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise

WORKER = "#!/bin/sh\nmkdir -p /tmp/w && exec httpd -f -p 31417 -h /tmp/w\n"
ROUNDS = {"socket": 200, "command": 15}


class OverUnix(http.client.HTTPConnection):
    """http.client over a unix socket, and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__("bare")
        self._path = path

    def connect(self) -> None:
        """Over the unix socket."""
        self.sock = own = socket.socket(socket.AF_UNIX)
        own.connect(str(self._path))


def write_files(folder: Path) -> Profile:
    """A worker, an inbox and a config, if they are not there, and the profile that names them."""
    folder.mkdir(exist_ok=True)
    for name, text in (("worker", WORKER), ("inbox", "#!/bin/sh\n")):
        _ = (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / ".codex").mkdir(exist_ok=True)
    for name in ("config.toml", "auth.json", "AGENTS.md"):
        _ = (folder / ".codex" / name).write_text(name * 50)
    worker, inbox, config = (str(folder / name) for name in ("worker", "inbox", ".codex"))
    return Profile(worker, inbox, image=DEMO_IMAGE, config_dir=config)


def _lane(folder: Path) -> tuple[Lane, Profile]:
    (folder / "tree").mkdir()
    return Lane("bench", "a", str(folder / "tree")), write_files(folder)


def measure(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The quickest of each, in seconds, taking turns: what disturbs the machine only ever adds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begun = time.perf_counter()
            _ = call()
            taken[name].append(time.perf_counter() - begun)
    return {name: min(seconds) for name, seconds in taken.items()}


def _bare_get(socket_path: Path, name: str) -> Callable[[], bytes]:
    connection = OverUnix(socket_path)

    def get() -> bytes:
        connection.request("GET", f"/v4.0.0/libpod/containers/{name}/json")
        with connection.getresponse() as answer:
            return answer.read()

    return get


def _table(found: Mapping[str, float], base: tuple[str, str]) -> None:
    whole = sum(found[name] for name in base)
    for what, seconds in found.items():
        print(f"{what:44} {seconds * 1000:8.2f} ms   {seconds / whole:5.2f} x")  # noqa: T201


def _bench(podman: Sandbox, folder: Path) -> None:
    lane, profile = _lane(folder)
    with podman.service() as service:
        lanes = Lanes(PodmanSocket(str(service)), profile)
        probe, where = HttpProbe(), or_raise(lanes.ensure(lane)).endpoint
        base = ("bare GET of the inspect", "the probe")
        calls: dict[str, Callable[[], object]] = {
            base[0]: _bare_get(service, lane.container_name),
            base[1]: lambda: probe.answers(where, "/", 5),
            "warm ensure of one lane, over the socket": lambda: or_raise(lanes.ensure(lane)),
        }
        _table(measure(calls, ROUNDS["socket"]), base)
        by_command = Lanes(PodmanCli(podman.argv, env=podman.env), profile)
        base = ("podman container inspect", "the probe")
        calls = {
            base[0]: lambda: podman.run("container", "inspect", lane.container_name),
            base[1]: lambda: probe.answers(where, "/", 5),
            "warm ensure of one lane, by the command": lambda: or_raise(by_command.ensure(lane)),
        }
        _table(measure(calls, ROUNDS["command"]), base)
        _ = or_raise(lanes.remove(lane))


def main() -> None:
    """Measure and print the table."""
    try:
        with open_sandbox() as podman, tempfile.TemporaryDirectory() as folder:
            _bench(podman, Path(folder))
    except PodmanUnusable as reason:
        _ = sys.stderr.write(f"nothing measured on podman: {reason}\n")


if __name__ == "__main__":
    main()
