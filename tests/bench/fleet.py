"""`make bench`: what a fleet costs, as ratios to the bare calls that podman cannot be spared.

All in one run, taking turns, the quickest of each: what disturbs the machine only ever adds.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from tests.bench.ensure import OverUnix, measure, write_files
from tests.support.sandbox.podman_sandbox import PodmanUnusable, Sandbox, open_sandbox

from lanekit import Lane, Profile
from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.memory.engine import InMemory
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ImageInfo
from lanekit.core.domain.podman_create.body import create_body

SIZES = (1, 10, 50)
MANY = 200
API = "/v4.0.0/libpod"
AT_ONCE = 4
# As lanekit copies: without it podman looks up the container's user, which takes longer.
COPY = "path=/&copyUIDGID=false&noOverwriteDirNonDir=true"


def at_once(connections: int, service: Path, works: Iterable[Callable[[OverUnix], None]]) -> None:
    """Each work once, on so many kept connections."""
    todo, lock = iter(works), threading.Lock()

    def serve() -> None:
        connection = OverUnix(service)
        while True:
            with lock:
                work = next(todo, None)
            if work is None:
                return connection.close()
            work(connection)

    threads = [threading.Thread(target=serve) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> bytes:
    """The answer; SystemExit when it is no success."""
    headers = {"Content-Type": "application/json" if body[:1] == b"{" else "application/x-tar"}
    connection.request(method, API + path, body or None, headers if body else {})
    with connection.getresponse() as answer:
        text = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{method} {path}: {answer.status} {text!r}")
    return text


def bare_inspects(service: Path, names: Sequence[str]) -> None:
    """GET of each inspect, on four connections."""

    def get(name: str) -> Callable[[OverUnix], None]:
        return lambda connection: void(ask(connection, "GET", f"/containers/{name}/json"))

    at_once(AT_ONCE, service, map(get, names))


def void(_text: bytes) -> None:
    """Nothing: the bare calls only cost."""


def bare_creates(service: Path, lanes: Lanes, fleet: Sequence[Lane]) -> None:
    """create, PUT of the config, rename and start of each, on four connections."""
    specs = [or_raise(lanes.spec(lane)) for lane in fleet]
    config = or_raise(DiskFiles().config(_config(fleet[0], lanes)))
    tar = b"".join(config.archive(specs[0].config_target))

    def make(at: int) -> Callable[[OverUnix], None]:
        spec = specs[at]
        body = json.dumps(create_body(spec, f"{spec.name}.next")).encode()

        def work(connection: OverUnix) -> None:
            identifier = json.loads(ask(connection, "POST", "/containers/create", body))["Id"]
            void(ask(connection, "PUT", f"/containers/{identifier}/archive?{COPY}", tar))
            void(ask(connection, "POST", f"/containers/{identifier}/rename?name={spec.name}"))
            void(ask(connection, "POST", f"/containers/{identifier}/start"))

        return work

    at_once(AT_ONCE, service, (make(at) for at in range(len(fleet))))


def _config(lane: Lane, lanes: Lanes) -> str:
    profile = lane.profile
    if profile is None:
        raise AssertionError(f"a lane without a profile: {lanes}")
    return profile.config_dir


def ensure(lanes: Lanes, fleet: Sequence[Lane], action: str) -> None:
    """All of them; SystemExit when another thing was done than was meant to be measured."""
    done = [or_raise(outcome).action for _, outcome in lanes.ensure_all(fleet)]
    if set(done) != {action}:
        raise SystemExit(f"meant to measure {action}, got {done}")


def row(what: str, seconds: float, base: str = "", ratio: float | None = None) -> None:
    """A line of the table, its ratio first."""
    shown = "" if ratio is None else f"{ratio:6.2f} x {base}"
    print(f"{shown:34} {what:46} {seconds * 1000:9.1f} ms")  # noqa: T201


def warm(podman: Sandbox, service: Path, fleet: Sequence[Lane]) -> None:
    """Nothing to do, over the socket and by the command."""
    names, size = [lane.container_name for lane in fleet], len(fleet)
    socket, command = (
        Lanes(PodmanSocket(str(service))),
        Lanes(PodmanCli(podman.argv, env=podman.env)),
    )
    found = measure(
        {
            "bare": lambda: bare_inspects(service, names),
            "warm": lambda: ensure(socket, fleet, "none"),
        },
        rounds=40,
    )
    row(f"warm, {size} lanes, socket", found["warm"], "bare GETs", found["warm"] / found["bare"])
    found = measure(
        {
            "bare": lambda: podman.run("container", "inspect", *names),
            "warm": lambda: ensure(command, fleet, "none"),
        },
        rounds=8,
    )
    ratio = found["warm"] / found["bare"]
    row(f"warm, {size} lanes, command", found["warm"], "podman inspect", ratio)


def cold(podman: Sandbox, service: Path, fleet: Sequence[Lane]) -> None:
    """Nothing is there yet."""
    lanes = Lanes(PodmanSocket(str(service)))
    found: dict[str, list[float]] = {"bare": [], "cold": []}
    for _ in range(2):
        for name, taken in found.items():
            podman.remove("bench-")
            begun = time.perf_counter()
            if name == "bare":
                bare_creates(service, lanes, fleet)
            else:
                ensure(lanes, fleet, "created")
            taken.append(time.perf_counter() - begun)
    bare, own = min(found["bare"]), min(found["cold"])
    row(f"cold, {len(fleet)} lanes, socket", own, "bare calls", own / bare)


def drifted(service: Path, fleet: Sequence[Lane], folder: Path) -> None:
    """One of them differs."""
    lanes = Lanes(PodmanSocket(str(service)))
    one = fleet[len(fleet) // 2]
    begun = time.perf_counter()
    other = write_files(folder / "other")
    changed = [*(lane for lane in fleet if lane is not one)]
    changed.append(Lane(one.workspace, one.id, one.worktree, profile=other))
    actions = [or_raise(outcome).action for _, outcome in lanes.ensure_all(changed)]
    if sorted(set(actions)) != ["none", "replaced"]:
        raise SystemExit(f"meant to replace one: {actions}")
    row(f"one drifted of {len(fleet)}, socket", time.perf_counter() - begun)


def fleet_of(folder: Path, size: int, profile: Profile) -> list[Lane]:
    """So many lanes, each with a worktree of its own."""
    trees = [folder / f"tree{number}" for number in range(size)]
    for tree in trees:
        tree.mkdir(exist_ok=True)
    return [Lane("bench", f"l{n}", str(tree), profile=profile) for n, tree in enumerate(trees)]


def on_podman(podman: Sandbox, folder: Path) -> None:
    """What podman is needed for."""
    profile = write_files(folder / "own")
    with podman.service() as service:
        for size in SIZES:
            fleet = fleet_of(folder, size, profile)
            cold(podman, service, fleet)
            warm(podman, service, fleet)
        drifted(service, fleet_of(folder, SIZES[-1], profile), folder)
        podman.remove("bench-")
        fleet = fleet_of(folder, MANY, profile)
        begun = time.perf_counter()
        ensure(Lanes(PodmanSocket(str(service))), fleet, "created")
        row(f"cold, {MANY} lanes, socket, each", (time.perf_counter() - begun) / MANY)
        begun = time.perf_counter()
        ensure(Lanes(PodmanSocket(str(service))), fleet, "none")
        row(f"warm, {MANY} lanes, socket, each", (time.perf_counter() - begun) / MANY)


def in_memory(folder: Path) -> None:
    """How the cost of a lane grows with their number, podman aside; and the process's memory."""
    profile = write_files(folder / "own")
    for size in (100, 1_000, 10_000):
        lanes = Lanes(InMemory(images=[profile.image]))
        tree = str(folder)
        fleet = [Lane("bench", f"l{n}", tree, profile=profile) for n in range(size)]
        for action in ("created", "none"):
            begun = time.perf_counter()
            ensure(lanes, fleet, action)
            each = (time.perf_counter() - begun) / size
            row(f"{action}, {size:,} lanes, in-memory engine, each", each)
    for size in (50, 500):
        code = f"from tests.bench.fleet import memory_of; memory_of({size}, {str(folder)!r})"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        print(f"{'':34} memory of the process, {size} lanes:  {done.stdout.decode().strip()}")  # noqa: T201


def memory_of(size: int, folder: str) -> None:
    """The greatest memory of this process, with so many lanes made and looked at."""
    profile = write_files(Path(folder) / "own")
    lanes = Lanes(InMemory(images=[profile.image]))
    fleet = [Lane("bench", f"l{n}", folder, profile=profile) for n in range(size)]
    for action in ("created", "none"):
        ensure(lanes, fleet, action)
    # Not getrusage: its maximum is inherited from whoever started this process.
    status = Path("/proc/self/status").read_text()
    most = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"{int(most.split()[1]) / 1024:.0f} MiB")  # noqa: T201


def core_alone(folder: Path) -> None:
    """Drift verdicts a second; a fingerprint against plain sha256 of the same bytes."""
    profile = write_files(folder / "own")
    engine = InMemory(images=[profile.image])
    lanes, lane = Lanes(engine), Lane("bench", "x", str(folder), profile=profile)
    _ = or_raise(lanes.ensure(lane))
    spec, (seen,) = or_raise(lanes.spec(lane)), engine.containers
    image: ImageInfo = or_raise(engine.images([profile.image]))[profile.image]
    taken = measure({"drift": lambda: drift(spec, seen, image)}, rounds=2000)["drift"]
    print(f"{'':34} drift verdicts a second: {1 / taken:,.0f}")  # noqa: T201
    big = folder / "big"
    big.mkdir(exist_ok=True)
    data = os.urandom(32 << 20)
    _ = (big / "data").write_bytes(data)
    calls: dict[str, Callable[[], object]] = {
        "plain": lambda: sha256(data).digest(),
        "own": lambda: or_raise(DiskFiles().config(str(big))),
    }
    found = measure(calls, rounds=5)
    ratio = found["own"] / found["plain"]
    row("fingerprint and digest of 32 MiB", found["own"], "sha256", ratio)
    print(f"{'':34} that is {32 / found['own']:,.0f} MiB a second")  # noqa: T201


def main() -> None:
    """Measure and print the table."""
    print(f"{os.cpu_count()} cores")  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        core_alone(folder)
        in_memory(folder)
        try:
            with open_sandbox() as podman:
                on_podman(podman, folder)
        except PodmanUnusable as reason:
            _ = sys.stderr.write(f"nothing measured on podman: {reason}\n")


if __name__ == "__main__":
    main()
