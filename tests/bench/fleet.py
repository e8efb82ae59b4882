"""`make bench`: what lanes cost, as ratios to the calls that the job cannot be spared.

All in one run, taking turns, the least of each: what disturbs the machine only ever adds. Each
warm row stands beside its goal.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from tests.bench.bare import (
    BareClient,
    UnixConnection,
    Work,
    ask,
    fleet_of,
    measure,
    write_files,
)
from tests.support.sandbox.podman_sandbox import PodmanUnusable, Sandbox, open_sandbox

from lanekit import Lane
from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.adapters.memory.engine import InMemory
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ImageInfo
from lanekit.core.domain.podman_create.body import create_body
from lanekit.core.ports.engine import ContainerEngine

# Rounds and goals (of the time that passes, of CPU time) for each number of lanes.
SIZES = {1: (300, "1.0", "-"), 10: (80, "-", "-"), 50: (40, "1.2", "1.4")}
MANY = 200
# As lanekit copies: without it podman looks up the container's user, which takes longer.
COPY = "path=/&copyUIDGID=false&noOverwriteDirNonDir=true"


_STATE = tempfile.TemporaryDirectory(prefix="lanekit-bench-")


def lanes_over(engine: ContainerEngine) -> Lanes:
    """Return lanes whose locks and journals go with this process: there are thousands of them."""
    return Lanes(engine, lock=FileLock(_STATE.name))


def bare_creates(client: BareClient, lanes: Lanes, fleet: Sequence[Lane]) -> None:
    """create, PUT of the config, rename and start of each."""
    specs = [or_raise(lanes.spec(lane)) for lane in fleet]
    config = or_raise(DiskFiles().config(_config(fleet[0], lanes)))
    tar = b"".join(config.archive(specs[0].config_target))

    def make(at: int) -> Work:
        spec = specs[at]
        body = json.dumps(create_body(spec, f"{spec.name}.next")).encode()

        def work(connection: UnixConnection) -> None:
            identifier = json.loads(ask(connection, "POST", "/containers/create", body))["Id"]
            _ = ask(connection, "PUT", f"/containers/{identifier}/archive?{COPY}", tar)
            _ = ask(connection, "POST", f"/containers/{identifier}/rename?name={spec.name}")
            _ = ask(connection, "POST", f"/containers/{identifier}/start")

        return work

    client.run([make(at) for at in range(len(fleet))])


def _config(lane: Lane, lanes: Lanes) -> str:
    profile = lane.profile
    if profile is None:
        raise AssertionError(f"a lane without a profile: {lanes}")
    return profile.config_dir


def ensure(lanes: Lanes, fleet: Sequence[Lane], action: str) -> None:
    """Ensure all of them; SystemExit unless each did what is meant to be measured."""
    done = [or_raise(outcome).action for _, outcome in lanes.ensure_all(fleet)]
    if set(done) != {action}:
        raise SystemExit(f"meant to measure {action}, got {done}")


def row(what: str, seconds: float, base: str = "", ratio: float | None = None) -> None:
    """A line of the table, its ratio first."""
    shown = "" if ratio is None else f"{ratio:6.2f} x {base}"
    print(f"{shown:44} {what:46} {seconds * 1000:9.1f} ms")  # noqa: T201


def warm_socket(service: Path, fleet: Sequence[Lane]) -> None:
    """Nothing to do, over the socket; one lane by `ensure`, many by `ensure_all`."""
    lanes, client, size = lanes_over(PodmanSocket(str(service))), BareClient(service), len(fleet)
    rounds, wall_goal, cpu_goal = SIZES[size]
    endpoints = {lane.container_name: or_raise(lanes.ensure(lane)).endpoint for lane in fleet}
    image = fleet[0].profile.image if fleet[0].profile else ""

    def own() -> None:
        if size > 1:
            ensure(lanes, fleet, "none")
        else:
            _ = or_raise(lanes.ensure(fleet[0]))

    calls = {"base": lambda: client.warm(endpoints, image), "own": own}
    costs = measure(calls, rounds)
    bare, cost = costs["base"], costs["own"]
    what = f"warm, {size} lanes, socket" if size > 1 else "warm, 1 lane, socket, in process"
    row(what, cost.wall, f"GETs and probes (goal {wall_goal})", cost.wall / bare.wall)
    row(f"{what}: CPU", cost.cpu, f"their CPU (goal {cpu_goal})", cost.cpu / bare.cpu)


def warm_command(podman: Sandbox, fleet: Sequence[Lane]) -> None:
    """Nothing to do, by the command."""
    lanes = lanes_over(PodmanCli(podman.argv, env=podman.env))
    names = [lane.container_name for lane in fleet]
    calls: dict[str, Callable[[], object]] = {
        "base": lambda: podman.run("container", "inspect", *names),
        "own": lambda: ensure(lanes, fleet, "none"),
    }
    costs = measure(calls, rounds=8)
    own, bare = costs["own"].wall, costs["base"].wall
    row(f"warm, {len(fleet)} lanes, command", own, "podman container inspect", own / bare)


def cold(podman: Sandbox, service: Path, fleet: Sequence[Lane]) -> None:
    """Nothing is there yet."""
    lanes, client = lanes_over(PodmanSocket(str(service))), BareClient(service)
    seconds: dict[str, list[float]] = {"base": [], "own": []}
    for _ in range(2):
        for name, taken in seconds.items():
            podman.remove("bench-")
            begun = time.perf_counter()
            if name == "base":
                bare_creates(client, lanes, fleet)
            else:
                ensure(lanes, fleet, "created")
            taken.append(time.perf_counter() - begun)
    bare, own = min(seconds["base"]), min(seconds["own"])
    row(f"cold, {len(fleet)} lanes, socket", own, "create, PUT, rename, start", own / bare)


def drifted(service: Path, fleet: Sequence[Lane], folder: Path) -> None:
    """One of them differs."""
    lanes = lanes_over(PodmanSocket(str(service)))
    one = fleet[len(fleet) // 2]
    begun = time.perf_counter()
    other = write_files(folder / "other")
    changed = [*(lane for lane in fleet if lane is not one)]
    changed.append(Lane(one.workspace, one.id, one.worktree, profile=other))
    actions = [or_raise(outcome).action for _, outcome in lanes.ensure_all(changed)]
    if sorted(set(actions)) != ["none", "replaced"]:
        raise SystemExit(f"meant to replace one: {actions}")
    row(f"one drifted of {len(fleet)}, socket", time.perf_counter() - begun)


def on_podman(podman: Sandbox, folder: Path) -> None:
    """What podman is needed for."""
    profile = write_files(folder / "own")
    with podman.service() as service:
        for size in SIZES:
            fleet = fleet_of(folder, size, profile)
            cold(podman, service, fleet)
            warm_socket(service, fleet)
            warm_command(podman, fleet)
        drifted(service, fleet_of(folder, max(SIZES), profile), folder)
        podman.remove("bench-")
        fleet = fleet_of(folder, MANY, profile)
        begun = time.perf_counter()
        ensure(lanes_over(PodmanSocket(str(service))), fleet, "created")
        row(f"cold, {MANY} lanes, socket, each", (time.perf_counter() - begun) / MANY)
        begun = time.perf_counter()
        ensure(lanes_over(PodmanSocket(str(service))), fleet, "none")
        row(f"warm, {MANY} lanes, socket, each", (time.perf_counter() - begun) / MANY)


def in_memory(folder: Path) -> None:
    """How the cost of a lane grows with their number, podman aside; and the process's memory."""
    profile = write_files(folder / "own")
    for size in (100, 1_000, 10_000):
        lanes = lanes_over(InMemory(images=[profile.image]))
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
        print(f"{'':44} memory of the process, {size} lanes:  {done.stdout.decode().strip()}")  # noqa: T201


def memory_of(size: int, folder: str) -> None:
    """The greatest memory of this process, with so many lanes made and looked at."""
    profile = write_files(Path(folder) / "own")
    lanes = lanes_over(InMemory(images=[profile.image]))
    fleet = [Lane("bench", f"l{n}", folder, profile=profile) for n in range(size)]
    for action in ("created", "none"):
        ensure(lanes, fleet, action)
    # Not getrusage: its maximum is inherited from whoever started this process.
    status = Path("/proc/self/status").read_text()
    most = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"{int(most.split()[1]) / 1024:.0f} MiB")  # noqa: T201


def core_alone(folder: Path) -> None:
    """Drift verdicts per second; a fingerprint against plain sha256 of the same bytes."""
    profile = write_files(folder / "own")
    engine = InMemory(images=[profile.image])
    lanes, lane = Lanes(engine), Lane("bench", "x", str(folder), profile=profile)
    _ = or_raise(lanes.ensure(lane))
    spec, (seen,) = or_raise(lanes.spec(lane)), engine.containers
    image: ImageInfo = or_raise(engine.images([profile.image]))[profile.image]
    taken = measure({"drift": lambda: drift(spec, seen, image)}, rounds=2000)["drift"].wall
    print(f"{'':44} drift verdicts per second: {1 / taken:,.0f}")  # noqa: T201
    big = folder / "big"
    big.mkdir(exist_ok=True)
    data = os.urandom(32 << 20)
    _ = (big / "data").write_bytes(data)
    calls: dict[str, Callable[[], object]] = {
        "plain": lambda: sha256(data).digest(),
        "own": lambda: or_raise(DiskFiles().config(str(big))),
    }
    costs = measure(calls, rounds=5)
    own = costs["own"].wall
    row("fingerprint and digest of 32 MiB", own, "sha256", own / costs["plain"].wall)
    print(f"{'':44} that is {32 / own:,.0f} MiB per second")  # noqa: T201


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
