"""What a test can do to the in-memory engine: what others do by hand, and what goes wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from returns.result import Failure

from lanekit.adapters.memory import layer
from lanekit.adapters.memory import operations as verbs
from lanekit.adapters.memory.containers import Container
from lanekit.adapters.memory.faults import ANY, Fault, FaultScript, When
from lanekit.adapters.memory.images import Image
from lanekit.adapters.memory.store import Store
from lanekit.adapters.memory.workers import Call, CopiedFile, InvalidScenario, Program, Worker
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.observed import ImageInfo, ObservedContainer, State

T = TypeVar("T")

_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
_PODMAN_ENV = {**_PATH, "TERM": "xterm", "container": "podman"}
_FOREIGN = ContainerSpec("", "", "", ("/bin/sleep", "1000"), "/", (), (), (), {})


class FakeControls:
    """The half of `InMemory` that is no port. Containers are named by their names.

    Nothing here counts as a call. What podman's command would refuse raises `InvalidScenario`.
    """

    def __init__(self, store: Store, script: FaultScript, worker: Worker) -> None:
        self._store = store
        self._script = script
        self._workers: dict[str, Worker] = {}
        self._worker = worker
        self._programs: dict[tuple[str, ...], Program] = {}

    # Faults of the engine.

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call of a port method, oldest first; probes ("answers") among them."""
        return self._script.calls()

    def forget_calls(self) -> None:
        """Begin a new record of calls."""
        self._script.forget()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """What `fail`, `delay` and `crash` announced and has not happened yet."""
        return self._script.pending()

    def fail(  # noqa: PLR0913 - all by name
        self,
        method: str,
        error: LaneError,
        *,
        times: int | None = 1,
        when: When = "before",
        skip: int = 0,
        container: str = "",
    ) -> None:
        """Let the next `times` calls of `method` ("*": any) end with `error`; None: all.

        "before": nothing was done; "after": it was done, and then the error came, as after a
        timeout. The first `skip` calls pass. `container`: only those about that container.
        """
        self._script.add(Fault(method, container, when, skip, times, error=error))

    def delay(
        self, method: str, seconds: float, *, times: int | None = 1, when: When = "before"
    ) -> None:
        """Let calls of `method` take `seconds` (above 0) longer, by the engine's clock."""
        if not seconds > 0:
            raise ValueError(f"a delay of {seconds} seconds is none")
        self._script.add(Fault(method, "", when, 0, times, seconds=seconds))

    def crash(
        self, method: str = ANY, when: When = "before", *, skip: int = 0, container: str = ""
    ) -> None:
        """Let a call raise `Killed`, as if this process got kill -9 there; what is done stays."""
        self._script.add(Fault(method, container, when, skip, 1, kills=True))

    def disconnect(self, reason: str = "connection refused") -> None:
        """Let every call be `EngineUnavailable`. Containers run on, and answer."""
        self._script.away = EngineUnavailable("podman cannot be reached", reason)
        self._store.streams.end(self._script.away)

    def reconnect(self) -> None:
        """End what `disconnect` began."""
        self._script.away = None

    # Images, workers, ports.

    def add_image(
        self, reference: str, info: ImageInfo | None = None, env: Mapping[str, str] | None = None
    ) -> ImageInfo:
        """Let `reference` mean this image, by default a new one with an id of its own.

        `env` is what it brings to each container.
        """
        with self._store.step():
            made = info or ImageInfo(self._store.hex_id())
            self._store.images.put(Image(reference, made, {**_PODMAN_ENV, **(env or {})}))
            return made

    def remove_image(self, reference: str) -> None:
        """Let there be no image of this reference."""
        with self._store.step():
            if not self._store.images.drop(reference):
                raise InvalidScenario(f"no image {reference}")

    def set_worker(self, name: str, worker: Worker) -> None:
        """The worker of containers made from now on for the spec of this name."""
        self._workers[name] = worker

    def replace_worker(self, name: str, worker: Worker) -> None:
        """The worker of a container that is there, as if its file had been replaced."""
        with self._store.step():
            container = self._named(name)
            container.worker = worker
            self._store.index.awaken(container)

    def set_program(self, command: Sequence[str], program: Program) -> None:
        """What `execute` plays for this command; any other one ends at once with 0."""
        self._programs[tuple(command)] = program

    def occupy_port(self, port: int, *, answers: bool = False) -> None:
        """Let another process have a host port; `answers`: it speaks HTTP there."""
        with self._store.step():
            self._store.occupied[port] = answers

    def free_port(self, port: int) -> None:
        """Let that process go away."""
        with self._store.step():
            _ = self._store.occupied.pop(port, None)

    def choose_port(self, port: int) -> None:
        """Let the next published port get this number, whoever else has it."""
        with self._store.step():
            self._store.next_ports.append(port)

    # What others do to containers.

    def pause(self, name: str) -> None:
        """`podman pause`."""
        with self._store.step() as now:
            _refuse(verbs.pause(self._named(name), now))
            self._store.tell(self._named(name), "pause")

    def kill(self, name: str) -> None:
        """`podman kill`."""
        with self._store.step():
            _refuse(verbs.kill(self._store, self._named(name)))

    def exit(self, name: str, code: int, *lines: str, oom_killed: bool = False) -> None:
        """Let its worker end with this exit code, after writing these lines."""
        with self._store.step():
            container = self._named(name)
            if container.state != "running":
                raise InvalidScenario(f"{name} does not run")
            self._store.ended(container, code, lines, oom_killed=oom_killed)

    def external_create(self, name: str, *, image: str = "", **fields: Any) -> str:
        """`podman create` by somebody else: a container without labels or ports; its id.

        `fields` of Snapshot replace podman's.
        """
        reference = image or "localhost/somebody-elses:1"
        with self._store.step():
            known = self._store.images.find(reference) is not None
        if not image and not known:
            _ = self.add_image(reference)
        spec = replace(_FOREIGN, name=name, image=reference)
        identifier = _refuse(self._store.create(spec, name, self._worker))
        if fields:
            self.tamper(name, **fields)
        return identifier

    def external_start(self, name: str) -> None:
        """`podman start`."""
        _refuse(verbs.start(self._store, self._id(name)))

    def external_stop(self, name: str) -> None:
        """`podman stop`."""
        _refuse(verbs.stop(self._store, self._id(name), 10))

    def external_rename(self, name: str, to: str) -> None:
        """`podman rename`."""
        _refuse(verbs.rename(self._store, self._id(name), to))

    def external_remove(self, name: str) -> None:
        """`podman rm --force --volumes`."""
        _refuse(verbs.remove(self._store, self._id(name), 0))

    def simulate_stopping(self, name: str, seconds: float | None = None) -> None:
        """Let somebody else be stopping it, for so long; None: that process was killed."""
        self._passing(name, "stopping", seconds)

    def simulate_removing(self, name: str, seconds: float | None = None) -> None:
        """Let somebody else be removing it, for so long; None: that process was killed."""
        self._passing(name, "removing", seconds)

    def _passing(self, name: str, state: State, seconds: float | None) -> None:
        with self._store.step() as now:
            container = self._named(name)
            container.state = state
            container.passes_at = None if seconds is None else now + seconds
            self._store.index.awaken(container)

    def tamper(self, name: str, **fields: Any) -> None:
        """Let inspect show these fields of Snapshot; its id cannot be changed."""
        if "id" in fields:
            raise InvalidScenario("a container's id cannot be changed")
        with self._store.step():
            container = self._named(name)
            with self._store.index.changing(container):
                container.seen = replace(container.seen, **fields)

    def write_logs(self, name: str, *lines: str) -> None:
        """Let its worker write these lines."""
        with self._store.step():
            self._named(name).lines.extend(lines)

    def write_file(self, name: str, path: str, content: bytes = b"") -> None:
        """Let a process in it write a file of its own layer."""
        with self._store.step():
            layer.write(self._named(name), path, content)

    def delete_file(self, name: str, path: str) -> None:
        """Let a process in it delete a file; its image has /etc/passwd and no other."""
        with self._store.step():
            layer.delete(self._named(name), path)

    # What there is.

    @property
    def containers(self) -> tuple[ObservedContainer, ...]:
        """All containers, by name; no call is recorded."""
        with self._store.step():
            return tuple(
                sorted((c.seen for c in self._store.containers.values()), key=lambda s: s.name)
            )

    @property
    def volumes(self) -> tuple[str, ...]:
        """The names of all anonymous volumes."""
        with self._store.step():
            return tuple(sorted(self._store.volumes))

    def files(self, name: str) -> dict[str, CopiedFile]:
        """Return what was copied into a container, by absolute path."""
        with self._store.step():
            return dict(self._named(name).files)

    def _named(self, name: str) -> Container:
        container = self._store.named(name)
        if container is None:
            raise InvalidScenario(f"no container {name}")
        return container

    def _id(self, name: str) -> str:
        with self._store.step():
            return self._named(name).seen.id


def _refuse(outcome: Outcome[T]) -> T:
    if isinstance(outcome, Failure):
        raise InvalidScenario(str(outcome.failure()))
    return outcome.unwrap()
