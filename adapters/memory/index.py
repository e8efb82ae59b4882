"""Where each pretended container is found at once, however many there are."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from lanekit.adapters.memory.containers import Container


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
        """Those that time has changed by now."""
        return [container for container in self._restless.values() if container.is_over(now)]

    def at_port(self, number: int | None) -> Iterable[Container]:
        """Those that have this host port, running or not."""
        return tuple(self._ports.get(number or 0, {}).values())
