"""`lanekit watch` as a process beside real podman, and what can be done to its lanes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine


@dataclass
class Watching:
    """A `lanekit watch --json` that runs, and the file it writes to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> list[dict[str, Any]]:
        """All it said, oldest first."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def events(self) -> list[str]:
        """The kinds of all it said."""
        return [record["event"] for record in self.said()]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after this signal."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def watching(fleet: Path, env: Mapping[str, str], log: Path, *options: str) -> Generator[Watching]:
    """It runs until the context ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "lanekit", "--json", "--file", str(fleet), "watch", *options],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Watching(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            _ = process.wait(60)


class OwnService:
    """A podman service that can be stopped and started again."""

    def __init__(self, sandbox: Sandbox, socket: Path) -> None:
        self._sandbox = sandbox
        self.socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it listens when this returns."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [*self._sandbox.argv, "system", "service", "--time", "0", f"unix://{self.socket}"],
            env=dict(self._sandbox.env),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _ = soon(self.socket.exists)

    def stop(self) -> None:
        """Stop it, as systemd does."""
        if self._process is not None:
            self._process.terminate()
            _ = self._process.wait(30)
            self._process = None


def soon(true: Callable[[], bool], seconds: float = 30.0, words: str = "nothing happened") -> float:
    """How many seconds it took to be true."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, words
        time.sleep(0.05)
    return time.monotonic() - begun


def kill_worker(sandbox: Sandbox, container: str) -> None:
    """kill -9 of its process 1, from the host."""
    pid = int(sandbox.run("inspect", "--format", "{{.State.Pid}}", container))
    assert pid > 1
    os.kill(pid, signal.SIGKILL)


def seen_all(engine: ContainerEngine, names: Sequence[str]) -> dict[str, ObservedContainer]:
    """Those of these containers that run, and whose worker answers."""
    found = or_raise(engine.inspect(names))
    return {name: seen for name, seen in found.items() if answers(seen)}


def answers(seen: ObservedContainer) -> bool:
    """Whether it runs and its worker answers."""
    ports = [port.host_port for port in seen.ports if port.host_port]
    if seen.state != "running" or not ports:
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
