"""`InMemory`: an engine without podman, for tests and for trying things out.

It answers as podman 4.3.1 does, and plays what podman cannot be asked to do on demand; see
`Stage` for that half.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from returns.result import Failure, Success

from lanekit.adapters.host.clock import SystemClock
from lanekit.adapters.memory import layer
from lanekit.adapters.memory import operations as verbs
from lanekit.adapters.memory.containers import Container
from lanekit.adapters.memory.controls import FakeControls
from lanekit.adapters.memory.faults import FaultScript
from lanekit.adapters.memory.store import Store
from lanekit.adapters.memory.workers import (
    ANSWERS,
    Call,
    CopiedFile,
    InvalidScenario,
    Program,
    SimulatedKill,
    Worker,
)
from lanekit.core.domain.containers import ContainerSpec, Limits, Port
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.labels import has_labels
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import (
    Endpoint,
    ImageInfo,
    InspectResult,
    LayerChange,
    ObservedContainer,
)
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import EventStream, OnPartialResult, Streams

__all__ = [
    "ANSWERS",
    "Call",
    "CopiedFile",
    "InMemory",
    "InvalidScenario",
    "Program",
    "SimulatedKill",
    "Worker",
]

T = TypeVar("T")

_SERVER_ERROR = 500
BUSY = 409
"""The status of a busy worker."""


def _to_nobody(_what: str, _seen: InspectResult) -> None:
    return


class InMemory(FakeControls):
    """A `ContainerEngine`, and the `Probe` of its own containers: nothing listens anywhere.

    `images` are there from the start. `worker`: how workers behave that `set_worker` says nothing
    of. `clock`: give a `VirtualClock`, to `Lanes` too, and no test waits. `seed`: the same ids
    each time. `host_paths`: whether a host path exists, for bind mounts; without it all do.

        engine = InMemory(clock=clock)
        engine.set_worker("ws1-a", Worker(exits_after=0.5, exit_code=7, last_lines=("no key",)))
        engine.fail("rename", EngineTimeout("podman did not answer"), when="after")

    Safe to use from several threads.
    """

    def __init__(
        self,
        images: Iterable[str] = (DEFAULT_IMAGE,),
        *,
        worker: Worker = ANSWERS,
        clock: Clock | None = None,
        seed: int | None = None,
        host_paths: Callable[[str], bool] | None = None,
    ) -> None:
        time = clock or SystemClock()
        super().__init__(Store(time, seed, host_paths), FaultScript(time), worker)
        for reference in images:
            _ = self.add_image(reference)

    @property
    def description(self) -> str:
        """For people: which engine this is."""
        return "in-memory"

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        """See `ContainerEngine.inspect`."""

        def act() -> Outcome[Mapping[str, ObservedContainer]]:
            with self._store.step():
                found = {key: self._known(key) for key in names}
            return Success({key: container.seen for key, container in found.items() if container})

        return self._call(Call("inspect", about=tuple(names)), act)

    def _known(self, key: str) -> Container | None:
        # An id goes before a container that has it for a name.
        return self._store.containers.get(key) or self._store.named(key)

    def images(self, references: Sequence[str]) -> Outcome[Mapping[str, ImageInfo]]:
        """See `ContainerEngine.images`."""

        def act() -> Outcome[Mapping[str, ImageInfo]]:
            with self._store.step():
                found = {asked: self._store.images.find(asked) for asked in references}
            return Success({asked: image.info for asked, image in found.items() if image})

        return self._call(Call("images", about=tuple(references)), act)

    def inspect_many(
        self,
        names: Sequence[str],
        references: Sequence[str],
        on_partial: OnPartialResult | None = None,
    ) -> Outcome[InspectResult]:
        """See `ContainerEngine.inspect_many`; a call of inspect, and one of images if asked.

        As over podman's socket, containers are told of before an image is looked at.
        """
        tell = on_partial or _to_nobody
        containers = self.inspect(names)
        if isinstance(containers, Failure):
            return containers
        seen = InspectResult(containers.unwrap(), {})
        for name in names:
            tell(name, seen)
        images = self.images(references) if references else Success[Mapping[str, ImageInfo]]({})
        if isinstance(images, Failure):
            return images
        seen = InspectResult(seen.containers, images.unwrap())
        for reference in references:
            tell(reference, seen)
        return Success(seen)

    def list_by_labels(self, labels: Mapping[str, str]) -> Outcome[tuple[ObservedContainer, ...]]:
        """See `ContainerEngine.list_by_labels`."""

        def act() -> Outcome[tuple[ObservedContainer, ...]]:
            return Success(
                tuple(seen for seen in self.containers if has_labels(seen.labels, labels))
            )

        about = tuple(f"{key}={value}" for key, value in labels.items())
        return self._call(Call("list_by_labels", about=about), act)

    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        """See `ContainerEngine.create`."""
        worker = self._workers.get(spec.name, self._worker)
        return self._call(Call("create", name), lambda: self._store.create(spec, name, worker))

    def put_archive(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        """See `ContainerEngine.put_archive`; `files` gives what was copied."""
        return self._about(
            "put_archive", container, lambda: verbs.put_archive(self._store, container, archive)
        )

    def start(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.start`."""
        return self._about("start", container, lambda: verbs.start(self._store, container))

    def unpause(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.unpause`."""
        return self._about("unpause", container, lambda: verbs.unpause(self._store, container))

    def stop(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.stop`."""
        return self._about("stop", container, lambda: verbs.stop(self._store, container, grace))

    def rename(self, container: str, name: str) -> Outcome[None]:
        """See `ContainerEngine.rename`."""
        return self._about(
            "rename", container, lambda: verbs.rename(self._store, container, name), name
        )

    def remove(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.remove`."""
        return self._about("remove", container, lambda: verbs.remove(self._store, container, grace))

    def logs(self, container: str, tail: int) -> Outcome[str]:
        """See `ContainerEngine.logs`."""
        return self._about(
            "logs", container, lambda: verbs.last_lines(self._store, container, tail)
        )

    def diff(self, container: str) -> Outcome[tuple[LayerChange, ...]]:
        """See `ContainerEngine.diff`."""
        return self._about("diff", container, lambda: layer.changes(self._store, container))

    def update(self, container: str, limits: Limits) -> Outcome[None]:
        """See `ContainerEngine.update`; its snapshot has to be `updatable` (see `tamper`)."""
        return self._about(
            "update", container, lambda: layer.update(self._store, container, limits)
        )

    def events(self) -> Outcome[EventStream]:
        """See `ContainerEngine.events`; `disconnect` ends the stream."""

        def act() -> Outcome[EventStream]:
            with self._store.step():
                return Success(self._store.streams.open())

        return self._call(Call("events"), act)

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        """See `Probe.status`: asks the worker as `answers` does; a busy one says 409."""
        call = Call("status", about=(f"{endpoint.url}{path}",))
        if self._script.enter(call) is not None:
            return None
        answer = self._probe(endpoint)
        if answer is None:
            self._store.clock.sleep(timeout)
        with self._store.step():
            container = self._at(endpoint)
            worker = container.worker if answer and container else None
        status = None if worker is None else BUSY if worker.busy else worker.status
        return status if self._script.leave(call) is None else None

    def execute(
        self, container: str, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """See `ContainerEngine.execute`; plays what `set_program` gave for the command."""
        _ = tty
        program = self._programs.get(tuple(command), Program())
        return self._about(
            "execute",
            container,
            lambda: verbs.execute(self._store, container, program, streams),
            *command,
        )

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        """See `Probe.answers`: asks the worker of the container that has the endpoint's port."""
        call = Call("answers", about=(f"{endpoint.url}{path}",))
        if self._script.enter(call) is not None:
            return False
        answer = self._probe(endpoint)
        if answer is None:
            self._store.clock.sleep(timeout)
        return self._script.leave(call) is None and bool(answer)

    def _probe(self, endpoint: Endpoint) -> bool | None:
        """None: the connection is taken and nothing comes."""
        with self._store.step() as now:
            container = self._at(endpoint)
            if container is None:
                return self._store.occupied.get(endpoint.port, False)
            if container.state == "paused":
                return None
            return self._ask(container, now)

    def _ask(self, container: Container, now: float) -> bool | None:
        worker = container.worker
        container.probes += 1
        if worker.exits_after_probes is not None and container.probes >= worker.exits_after_probes:
            self._store.ended(container, worker.exit_code, worker.last_lines)
            return False
        if worker.answers_after is None:
            return None
        listens = (
            container.age(now) >= worker.answers_after
            and container.probes > worker.answers_after_probes
        )
        return listens and worker.status < _SERVER_ERROR

    def _at(self, endpoint: Endpoint) -> Container | None:
        where = Port(0, "tcp", endpoint.host.strip("[]"), endpoint.port)
        return verbs.holder(self._store, where)

    def _about(
        self, method: str, container: str, act: Callable[[], Outcome[T]], *about: str
    ) -> Outcome[T]:
        with self._store.step():
            known = self._store.containers.get(container)
            name = known.seen.name if known else ""
        return self._call(Call(method, name, about), act)

    def _call(self, call: Call, act: Callable[[], Outcome[T]]) -> Outcome[T]:
        early = self._script.enter(call)
        if early is not None:
            return Failure(early)
        result = act()
        late = self._script.leave(call)
        return result if late is None else Failure(late)
