"""What a pretended podman keeps (containers, images, ports, volumes), and how it makes one."""

import random
import re
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.adapters.memory.containers import KILLED, Container
from lanekit.adapters.memory.events import EventStreams
from lanekit.adapters.memory.images import Image, Images
from lanekit.adapters.memory.workers import Worker
from lanekit.core.application.observe import image_missing
from lanekit.core.domain.containers import CONTAINER_NAME, ContainerSpec, Mount
from lanekit.core.domain.errors import InvalidLane, MountSourceMissing, NameInUse, Outcome
from lanekit.core.domain.observed import LIVE_STATES, ObservedContainer
from lanekit.core.domain.podman_create.args import labels_of
from lanekit.core.ports.clock import Clock

_NAME = re.compile(CONTAINER_NAME)
_DEFAULT_PIDS = 2048
_PORTS = range(40_000, 60_000)


class Index:
    """Containers by name and by host port, and those that time alone can change."""

    def __init__(self) -> None:
        self.names: dict[str, Container] = {}
        self._ports: dict[int, dict[str, Container]] = {}
        self._restless: dict[str, Container] = {}

    def add(self, container: Container) -> None:
        """It is there, as it is now."""
        self.names[container.seen.name] = container
        for port in container.seen.ports:
            if port.host_port is not None:
                self._ports.setdefault(port.host_port, {})[container.seen.id] = container
        self.awaken(container)

    def drop(self, container: Container) -> None:
        """It is gone."""
        _ = self.names.pop(container.seen.name, None)
        for port in container.seen.ports:
            there = self._ports.get(port.host_port or 0, {})
            _ = there.pop(container.seen.id, None)
            if not there:
                _ = self._ports.pop(port.host_port or 0, None)
        _ = self._restless.pop(container.seen.id, None)

    @contextmanager
    def changing(self, container: Container) -> Generator[None]:
        """Within, its name and ports may become others."""
        self.drop(container)
        try:
            yield
        finally:
            self.add(container)

    def awaken(self, container: Container) -> None:
        """Time may change it from now on, by itself or by what others began."""
        if container.worker.exits_after is not None or container.passes_at is not None:
            self._restless[container.seen.id] = container

    def over(self, now: float) -> list[Container]:
        """Return those that time has changed by now."""
        return [container for container in self._restless.values() if container.is_over(now)]

    def at_port(self, number: int | None) -> Iterable[Container]:
        """Return those that have this host port, running or not."""
        return tuple(self._ports.get(number or 0, {}).values())


class Store:
    """The containers by id, the anonymous volumes with the id of their container, ports in use.

    `occupied` are ports that somebody else has, and whether that somebody answers; `next_ports`
    are given out first. Everything but `create` is called inside a `step`.
    """

    def __init__(
        self, clock: Clock, seed: int | None, host_paths: Callable[[str], bool] | None
    ) -> None:
        self.clock = clock
        self.images: Images = Images()
        self.streams: EventStreams = EventStreams()
        self.containers: dict[str, Container] = {}
        self.index: Index = Index()
        self.volumes: dict[str, str] = {}
        self.occupied: dict[int, bool] = {}
        self.next_ports: list[int] = []
        self._host_paths = host_paths
        # Ids only have to differ; a seed makes a test's run the same each time.
        self._random = random.Random(seed)
        self._lock = threading.RLock()
        self._starts = 0
        self._port = _PORTS.start

    @contextmanager
    def step(self) -> Generator[float]:
        """Hold the lock, with everything done that time has brought; gives the time."""
        with self._lock:
            now = self.clock.now()
            for container in self.index.over(now):
                self._pass(container)
            yield now

    def _pass(self, container: Container) -> None:
        match container.state:
            case "removing":
                self.delete(container)
            case "stopping":
                self.ended(container, KILLED)
            case _:
                worker = container.worker
                self.ended(container, worker.exit_code, worker.last_lines)

    def hex_id(self) -> str:
        """Return a new id, of 64 hex digits."""
        return f"{self._random.getrandbits(256):064x}"

    def count_start(self) -> int:
        """Return the number of this start: no two containers started at the same moment."""
        self._starts += 1
        return self._starts

    def tell(self, container: Container, action: str) -> None:
        """Let those who listen to events hear what was done to it."""
        self.streams.tell(container.seen.id, container.seen.name, action)

    def named(self, name: str) -> Container | None:
        """Return the container of exactly that name."""
        return self.index.names.get(name)

    def ended(
        self,
        container: Container,
        code: int,
        lines: tuple[str, ...] = (),
        *,
        oom_killed: bool = False,
    ) -> None:
        """Its process ended; podman removes one that was made with --rm."""
        container.passes_at = None
        container.exit(code, lines, oom_killed=oom_killed)
        self.tell(container, "died")
        if container.seen.auto_remove:
            self.delete(container)

    def delete(self, container: Container) -> None:
        """It is gone, and its anonymous volumes with it."""
        if container.seen.id not in self.containers:
            return
        if container.state in LIVE_STATES:
            self.tell(container, "died")
        del self.containers[container.seen.id]
        self.index.drop(container)
        self.tell(container, "remove")
        for volume in container.volumes:
            _ = self.volumes.pop(volume, None)

    def create(self, spec: ContainerSpec, name: str, worker: Worker) -> Outcome[str]:
        """podman looks at the image first, then at the mounts, then at the name."""
        if not name:
            return Failure(InvalidLane("a container has to have a name"))
        with self.step():
            image = self.images.find(spec.image)
            if image is None:
                return Failure(image_missing(spec.image, f"{spec.image}: image not known"))
            for mount in spec.mounts:
                if not self.is_there(mount):
                    detail = f"statfs {mount.source}: no such file or directory"
                    return Failure(MountSourceMissing(f"could not create {name}", detail))
            fault = self.name_fault(name)
            if fault is not None:
                return Failure(fault)
            return Success(self._make(spec, name, worker, image))

    def is_there(self, mount: Mount) -> bool:
        """Return whether the host has what is mounted."""
        return self._host_paths is None or mount.kind != "bind" or self._host_paths(mount.source)

    def name_fault(self, name: str) -> InvalidLane | NameInUse | None:
        """Return why no container can get this name."""
        if not _NAME.fullmatch(name):
            detail = f"names must match {CONTAINER_NAME}: invalid argument"
            return InvalidLane(f"podman refuses the name {name!r}", detail)
        if self.named(name) is not None:
            return NameInUse(f"the name {name} is taken", "that name is already in use")
        return None

    def _make(self, spec: ContainerSpec, name: str, worker: Worker, image: Image) -> str:
        identifier = self.hex_id()
        asked = {mount.target for mount in spec.mounts}
        volumes = {self.hex_id(): v for v in image.info.volumes if v not in asked}
        self.volumes |= dict.fromkeys(volumes, identifier)
        mounts = [
            *spec.mounts,
            *(
                Mount(f"/volumes/{volume}/_data", to, kind="volume")
                for volume, to in volumes.items()
            ),
        ]
        ports = [replace(p, host_port=p.host_port or self._free_port()) for p in spec.ports]
        path, *args = spec.entrypoint or ("",)
        seen = ObservedContainer(
            id=identifier,
            name=name,
            state="created",
            image=image.reference,
            image_id=image.info.id,
            user=spec.user,
            path=path,
            args=tuple(args),
            workdir=spec.workdir,
            env={**image.env, **{var.name: var.value for var in spec.env}},
            mounts=tuple(sorted(mounts, key=lambda m: (m.target, m.source, m.read_only))),
            ports=tuple(sorted(ports, key=lambda port: port.key)),
            labels={**image.info.labels, **labels_of(spec)},
            config_image=image.reference,
            networks=("podman",),
            memory=spec.memory,
            cpus=spec.cpus,
            pids_limit=spec.pids_limit or _DEFAULT_PIDS,
        )
        made = Container(seen, worker, volumes=tuple(volumes))
        self.containers[identifier] = made
        self.index.add(made)
        self.tell(made, "create")
        return identifier

    def _free_port(self) -> int:
        if self.next_ports:
            return self.next_ports.pop(0)
        while True:
            self._port = self._port + 1 if self._port + 1 in _PORTS else _PORTS.start
            if self._port not in self.occupied and not self.index.at_port(self._port):
                return self._port
