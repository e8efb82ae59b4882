"""What the job really needs, made with http.client: the base of the benchmarks, and how to measure.

A warm ensure cannot be spared one GET of each container and of each distinct image, and one probe
of each lane. They are made on as many connections as lanekit opens.
"""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests.support.sandbox.podman_sandbox import DEMO_IMAGE

from lanekit import Lane, Profile
from lanekit.adapters.podman.rest.http_client import MAX_CONNECTIONS
from lanekit.core.domain.observed import Endpoint

API = "/v4.0.0/libpod"
WORKER = "#!/bin/sh\nmkdir -p /tmp/w && exec httpd -f -p 31417 -h /tmp/w\n"


class UnixConnection(http.client.HTTPConnection):
    """http.client over a unix socket, and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__("bare")
        self._path = path

    def connect(self) -> None:
        """Connect to the unix socket."""
        self.sock = own = socket.socket(socket.AF_UNIX)
        own.connect(str(self._path))


Work = Callable[[UnixConnection], object]


class BareClient:
    """Kept connections to podman's service, as many as lanekit has at most."""

    def __init__(self, service: Path) -> None:
        self._connections = [UnixConnection(service) for _ in range(MAX_CONNECTIONS)]

    def run(self, works: Sequence[Work]) -> None:
        """Do each work once, on as many connections as there are works, but not more than kept."""
        todo, lock = iter(works), threading.Lock()

        def serve(connection: UnixConnection) -> None:
            while True:
                with lock:
                    work = next(todo, None)
                if work is None:
                    return
                _ = work(connection)

        own, *others = self._connections[: len(works)]
        threads = [threading.Thread(target=serve, args=(other,)) for other in others]
        for thread in threads:
            thread.start()
        serve(own)
        for thread in threads:
            thread.join()

    def warm(self, endpoints: Mapping[str, Endpoint], image: str) -> None:
        """GET each container, and probe its worker once it is known; GET the image."""
        works: list[Work] = [_container(name, where) for name, where in endpoints.items()]
        path = f"/images/{quote(image, safe='')}/json"
        # Early, because podman takes longest for it: as lanekit does.
        works.insert(min(len(works), MAX_CONNECTIONS - 1), lambda c: ask(c, "GET", path))
        self.run(works)


def _container(name: str, where: Endpoint) -> Work:
    def work(connection: UnixConnection) -> None:
        _ = ask(connection, "GET", f"/containers/{name}/json")
        probe(where)

    return work


def probe(where: Endpoint) -> None:
    """Ask the worker."""
    connection = http.client.HTTPConnection(where.host, where.port)
    connection.request("GET", "/")
    with connection.getresponse() as answer:
        _ = answer.read()
    connection.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> bytes:
    """Return the answer's body; SystemExit when it is not a success."""
    headers = {"Content-Type": "application/json" if body[:1] == b"{" else "application/x-tar"}
    connection.request(method, API + path, body or None, headers if body else {})
    with connection.getresponse() as answer:
        text = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{method} {path}: {answer.status} {text!r}")
    return text


class Cost(NamedTuple):
    """Seconds that passed, and seconds of CPU time of this process."""

    wall: float
    cpu: float


def measure(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Cost]:
    """Return the least of each, taking turns: what disturbs the machine only ever adds."""
    costs: dict[str, list[Cost]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            _ = call()
            taken = Cost(time.perf_counter() - wall, time.process_time() - cpu)
            costs[name].append(taken)
    return {
        name: Cost(min(c.wall for c in taken), min(c.cpu for c in taken))
        for name, taken in costs.items()
    }


def write_files(folder: Path) -> Profile:
    """Write a worker, an inbox and a config; return the profile that names them."""
    folder.mkdir(exist_ok=True)
    for name, text in (("worker", WORKER), ("inbox", "#!/bin/sh\n")):
        _ = (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / ".codex").mkdir(exist_ok=True)
    for name in ("config.toml", "auth.json", "AGENTS.md"):
        _ = (folder / ".codex" / name).write_text(name * 50)
    worker, inbox, config = (str(folder / name) for name in ("worker", "inbox", ".codex"))
    return Profile(worker, inbox, image=DEMO_IMAGE, config_dir=config)


def fleet_of(folder: Path, size: int, profile: Profile) -> list[Lane]:
    """Return so many lanes, each with a worktree of its own."""
    trees = [folder / f"tree{number}" for number in range(size)]
    for tree in trees:
        tree.mkdir(exist_ok=True)
    return [Lane("bench", f"l{n}", str(tree), profile=profile) for n, tree in enumerate(trees)]
