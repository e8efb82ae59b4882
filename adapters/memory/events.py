"""The events of a pretended podman: a queue for each who listens."""

import threading
import time
from collections import deque

from returns.result import Failure, Success

from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.observed import ContainerEvent


class MemoryStream:
    """An `EventStream`. It waits in real time, whatever the engine's clock."""

    def __init__(self) -> None:
        self._queue: deque[ContainerEvent] = deque()
        self._arrived = threading.Condition()
        self._ended: LaneError | None = None

    def next(self, timeout: float) -> Outcome[ContainerEvent | None]:
        """See `EventStream.next`."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while not self._queue and self._ended is None:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return Success(None)
                _ = self._arrived.wait(remaining)
            if self._queue:
                return Success(self._queue.popleft())
            return Failure(self._ended or EngineUnavailable("ended"))

    def close(self) -> None:
        """See `EventStream.close`."""
        with self._arrived:
            self._queue.clear()
        self.end(EngineUnavailable("the stream of podman's events was closed"))

    def put(self, event: ContainerEvent) -> None:
        """Something happened."""
        with self._arrived:
            if self._ended is None:
                self._queue.append(event)
                self._arrived.notify_all()

    def end(self, error: LaneError) -> None:
        """Let nothing more come."""
        with self._arrived:
            self._ended = self._ended or error
            self._arrived.notify_all()


class EventStreams:
    """All who listen."""

    def __init__(self) -> None:
        self._open: list[MemoryStream] = []

    def open(self) -> MemoryStream:
        """One more."""
        stream = MemoryStream()
        self._open = [*self._open, stream]
        return stream

    def tell(self, identifier: str, name: str, action: str) -> None:
        """Tell all who listen."""
        for stream in self._open:
            stream.put(ContainerEvent(identifier, name, action))

    def end(self, error: LaneError) -> None:
        """podman went away."""
        gone, self._open = self._open, []
        for stream in gone:
            stream.end(error)
