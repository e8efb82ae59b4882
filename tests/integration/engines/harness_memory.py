"""The contract's surroundings for the in-memory engine."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lanekit.adapters.memory.engine import InMemory, Program, Worker
from lanekit.contract.harness import (
    CRASH_CODE,
    LAST_WORDS,
    LINES,
    RICH_ENV,
    RICH_LABEL,
    RICH_VOLUME,
    Entry,
)
from lanekit.core.domain.containers import ContainerSpec, Mount
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ImageInfo

_ENTIRELY = 3600.0


class MemoryHarness:
    """A `Harness`; the host's files are a set of names."""

    image = "localhost/contract:1"
    rich_image = "localhost/contract-rich:1"
    missing_path = "/host/missing"

    def __init__(self, kind: type[InMemory] = InMemory) -> None:
        self._missing = {self.missing_path}
        self.engine = kind((self.image,), host_paths=lambda path: path not in self._missing)
        rich = ImageInfo("ab" * 32, labels=dict([RICH_LABEL]), volumes=(RICH_VOLUME,))
        _ = self.engine.add_image(self.rich_image, rich, dict([RICH_ENV]))

    def spec(self, name: str, **changes: Any) -> ContainerSpec:
        profile = Profile(worker="/host/worker", inbox="/host/inbox", image=self.image)
        lane = Lane("contract", name, "/host/worktree", name)
        return replace(container_spec(lane, profile, Digests(worker="0" * 64)), **changes)

    def _with(self, name: str, worker: Worker) -> ContainerSpec:
        self.engine.set_worker(name, worker)
        return self.spec(name)

    def crashing(self, name: str) -> ContainerSpec:
        worker = Worker(exits_after=0, exit_code=CRASH_CODE, last_lines=LAST_WORDS)
        return self._with(name, worker)

    def unstartable(self, name: str) -> ContainerSpec:
        return self._with(name, Worker(start_error='exec: "/no/such": no such file'))

    def stubborn(self, name: str) -> ContainerSpec:
        return self._with(name, Worker(stop_seconds=_ENTIRELY))

    def talkative(self, name: str) -> ContainerSpec:
        return self._with(name, Worker(output=LINES))

    def program(
        self, stdout: bytes, stderr: bytes, status: int, *, echoes: bool = False
    ) -> Sequence[str]:
        program = Program(stdout, stderr, status, echoes)
        command = (f"program-{hash(program):x}",)
        self.engine.set_program(command, program)
        return command

    def losable(self, name: str) -> ContainerSpec:
        plain = self.spec(name)
        return replace(plain, mounts=(*plain.mounts, Mount(f"/host/{name}", "/losable")))

    def lose_source(self, name: str) -> None:
        self._missing.add(f"/host/{name}")

    def pause(self, name: str) -> None:
        self.engine.pause(name)

    def kill(self, name: str) -> None:
        self.engine.kill(name)

    def run_foreign(self, name: str) -> None:
        _ = self.engine.external_create(name)
        self.engine.external_start(name)

    @contextmanager
    def occupy_port(self, port: int) -> Generator[None]:
        self.engine.occupy_port(port)
        yield
        self.engine.free_port(port)

    def tree(self, name: str, path: str) -> dict[str, Entry]:
        return {
            at: Entry(file.kind, file.mode, file.data or file.target.encode())
            for at, file in self.engine.files(name).items()
            if f"{at}/".startswith(f"{path}/")
        }

    def volumes(self) -> frozenset[str]:
        return frozenset(self.engine.volumes)

    def write(self, name: str, path: str, content: str) -> None:
        self.engine.write_file(name, path, content.encode())

    def delete(self, name: str, path: str) -> None:
        self.engine.delete_file(name, path)

    def remove_all(self, prefix: str) -> None:
        for seen in self.engine.containers:
            if seen.name.startswith(prefix):
                self.engine.external_remove(seen.name)
