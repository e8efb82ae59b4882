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
        self._came: deque[ContainerEvent] = deque()
        self._news = threading.Condition()
        self._ended: LaneError | None = None

    def next(self, timeout: float) -> Outcome[ContainerEvent | None]:
        """See `EventStream.next`."""
        deadline = time.monotonic() + timeout
        with self._news:
            while not self._came and self._ended is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return Success(None)
                _ = self._news.wait(left)
            if self._came:
                return Success(self._came.popleft())
            return Failure(self._ended or EngineUnavailable("ended"))

    def close(self) -> None:
        """See `EventStream.close`."""
        with self._news:
            self._came.clear()
        self.end(EngineUnavailable("the stream of podman's events was closed"))

    def put(self, event: ContainerEvent) -> None:
        """Something happened."""
        with self._news:
            if self._ended is None:
                self._came.append(event)
                self._news.notify_all()

    def end(self, error: LaneError) -> None:
        """Let nothing more come."""
        with self._news:
            self._ended = self._ended or error
            self._news.notify_all()


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
