"""Harm ten lanes at random under `lanekit watch`, and measure how long each is away.

    python -m tests.integration.podman.chaos_watch --rounds 20 [--seed N]

Each kind of harm is done so many times, in a random order, each once all lanes answer again. On
podman's socket, in a storage of its own.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.podman.conftest import WORKER
from tests.integration.podman.watching import OwnService, Watching, kill_worker, seen_all, watching
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox, open_sandbox

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ObservedContainer

LANES = 10
KINDS = ("kill -9", "rm -f", "file", "service")
_LONGEST = 120.0
_AWAY = 2.0
MB = 1 << 20


@dataclass
class Chaos:
    """Ten lanes, what their file says, and what came of it."""

    folder: Path
    sandbox: Sandbox
    service: OwnService
    dice: random.Random
    numbers: list[int] = field(default_factory=lambda: [0] * LANES)
    memory: list[int] = field(default_factory=lambda: [64] * LANES)
    _up: dict[str, ObservedContainer] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {k: [] for k in KINDS})

    @property
    def names(self) -> list[str]:
        return [f"chaos-{n}" for n in range(LANES)]

    @property
    def engine(self) -> PodmanCli:
        return PodmanCli((str(self.sandbox.bin / "podman"),), env=self.sandbox.environ())

    def write(self) -> Path:
        lanes = "".join(
            f'[[lane]]\nworkspace = "chaos"\nid = "{n}"\nworktree = "tree-{n}"\n'
            f'container = "chaos-{n}"\nmemory = "{self.memory[n]}m"\n'
            f'env = {{NUMBER = "{self.numbers[n]}"}}\n'
            for n in range(LANES)
        )
        path = self.folder / "lanes.toml"
        _ = (self.folder / "new").write_text(
            f'[profile]\nimage = "{DEMO_IMAGE}"\nworker = "worker"\ninbox = "inbox"\n'
            f'config_dir = ""\nstop_grace = 1\nready_timeout = 30\n{lanes}'
        )
        os.replace(self.folder / "new", path)
        return path

    def right(self) -> dict[str, ObservedContainer]:
        """The lanes that answer and are as the file says."""
        return {
            name: seen
            for n, name in enumerate(self.names)
            if (seen := self._up.get(name))
            and seen.env.get("NUMBER") == str(self.numbers[n])
            and seen.memory == self.memory[n] * MB
        }

    def until_right(self, harmed: dict[str, tuple[str, str]]) -> float:
        """Seconds until all are right, and the harmed run otherwise than they did."""
        begun = time.monotonic()
        while True:
            self._up = seen_all(self.engine, self.names)
            right = self.right()
            other = all(n in right and _run_of(right[n]) != was for n, was in harmed.items())
            if len(right) == LANES and other:
                return time.monotonic() - begun
            assert time.monotonic() - begun < _LONGEST, (sorted(right), harmed)
            time.sleep(0.05)

    def harm(self, kind: str) -> float:
        """Do it once; seconds until all is right again."""
        n = self.dice.randrange(LANES)
        name = self.names[n]
        was = or_raise(self.engine.inspect([name]))[name]
        harmed = {name: _run_of(was)}
        match kind:
            case "kill -9":
                kill_worker(self.sandbox, was.id)
            case "rm -f":
                _ = self.sandbox.run("rm", "-f", "-t", "0", was.id)
            case "file":
                # Memory alone may be put right while it runs.
                if self.dice.random() < 0.5:
                    self.numbers[n] += 1
                else:
                    self.memory[n] += 1
                    harmed = {}
                _ = self.write()
            case _:
                self.service.stop()
                kill_worker(self.sandbox, was.id)
                time.sleep(_AWAY)
                self.service.start()
        return self.until_right(harmed)


def _say(text: str) -> None:
    _ = sys.stdout.write(f"{text}\n")
    _ = sys.stdout.flush()


def _run_of(seen: ObservedContainer) -> tuple[str, str]:
    return (seen.id, seen.started_at)


def _play(chaos: Chaos, rounds: int, watch: Watching) -> None:
    _say(f"{LANES} lanes up after {chaos.until_right({}):.1f} s")
    kinds = [kind for kind in KINDS for _ in range(rounds)]
    chaos.dice.shuffle(kinds)
    for n, kind in enumerate(kinds, 1):
        took = chaos.harm(kind)
        chaos.seconds[kind].append(took)
        _say(f"{n:>4}  {kind:<8} {took:6.2f} s")
        assert watch.process.poll() is None, watch.log.read_text()


def _end(chaos: Chaos, watch: Watching) -> None:
    code = watch.end()
    left = sorted(chaos.sandbox.run("ps", "-a", "--format", "{{.Names}}").split())
    assert code == 0, code
    assert left == sorted(chaos.names), left
    silent = set(chaos.names) - set(seen_all(chaos.engine, chaos.names))
    if silent:
        time.sleep(5)
        later = set(chaos.names) - set(seen_all(chaos.engine, chaos.names))
        found = or_raise(chaos.engine.inspect(sorted(silent)))
        states = {name: (seen.state, seen.exit_code) for name, seen in found.items()}
        raise AssertionError(f"silent: {silent}, 5 s later: {later}, {states}")
    _say("ended by SIGTERM with 0; ten containers, all answer, nothing else is left")
    _say(f"{'harm':<8} {'times':>5} {'median s':>9} {'worst s':>8}")
    for kind, took in chaos.seconds.items():
        _say(f"{kind:<8} {len(took):>5} {statistics.median(took):>9.2f} {max(took):>8.2f}")
    for record in watch.said():
        if record.get("event") == "failing":
            _say(f"failing: {record}")
    events = watch.events()
    _say("said: " + ", ".join(f"{events.count(e)} {e}" for e in dict.fromkeys(events)))


def main() -> None:
    """Play it."""
    options = argparse.ArgumentParser()
    _ = options.add_argument("--rounds", type=int, default=20)
    _ = options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name, open_sandbox() as sandbox:
        folder = Path(name)
        for n in range(LANES):
            (folder / f"tree-{n}").mkdir()
        for file, text in (("worker", WORKER.format(word="one")), ("inbox", "#!/bin/sh\n")):
            _ = (folder / file).write_text(text)
            (folder / file).chmod(0o755)
        service = OwnService(sandbox, folder / "own.sock")
        service.start()
        chaos = Chaos(folder, sandbox, service, random.Random(given.seed))
        env = sandbox.environ(LANEKIT_ENGINE="socket", CONTAINER_HOST=f"unix://{service.socket}")
        try:
            with watching(chaos.write(), env, folder / "log") as watch:
                try:
                    _play(chaos, given.rounds, watch)
                    _end(chaos, watch)
                except BaseException:
                    _say(watch.log.read_text()[-6000:])
                    raise
        finally:
            sandbox.remove("chaos-")
            service.stop()


if __name__ == "__main__":
    main()
