"""podman's events: a stream of lines from either engine, and the JSON of one line."""

import os
import select
import threading
import time
from collections.abc import Callable

from returns.result import Failure, Success

from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.observed import ContainerEvent

_CHUNK_BYTES = 1 << 16
# An event is a few hundred bytes; its labels may be long.
_MAX_LINE_BYTES = 1 << 20


class EventLines:
    """An `EventStream` over a file descriptor on which podman writes one JSON object per line.

    Args:
        descriptor: Where the lines come from.
        end_error: Returns the error that says why the stream ended.
        stop: Ends the stream, from any thread, so that a read returns.
        release: Frees the descriptor; called once, when no thread reads any more.
        first_bytes: What was read from the stream already.
    """

    def __init__(
        self,
        descriptor: int,
        end_error: Callable[[], LaneError],
        stop: Callable[[], None],
        release: Callable[[], None],
        first_bytes: bytes = b"",
    ) -> None:
        self._descriptor = descriptor
        self._end_error = end_error
        self._stop = stop
        self._release = release
        self._buffer = bytearray(first_bytes)
        self._reading = threading.Lock()
        self._closing = threading.Lock()
        self._closed = False
        self._ended: LaneError | None = None

    def next(self, timeout: float) -> Outcome[ContainerEvent | None]:
        """See `EventStream.next`."""
        with self._reading:
            deadline = time.monotonic() + timeout
            while b"\n" not in self._buffer:
                error = self._error()
                if error is not None:
                    return Failure(error)
                if not self._receive(deadline - time.monotonic()):
                    return Success(None)
            line, _, rest = bytes(self._buffer).partition(b"\n")
            self._buffer = bytearray(rest)
        return decode_event(line.decode(errors="backslashreplace"))

    def _error(self) -> LaneError | None:
        if self._closed:
            return EngineUnavailable("the stream of podman's events was closed")
        if len(self._buffer) > _MAX_LINE_BYTES:
            return undecodable("events", "a line that goes on for more than any event can be")
        return self._ended

    def _receive(self, wait: float) -> bool:
        """Return whether anything came within `wait` seconds: bytes, or the end."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(max(0.0, wait) * 1000):
            return False
        try:
            chunk = os.read(self._descriptor, _CHUNK_BYTES)
        except OSError:
            chunk = b""
        self._buffer += chunk
        if not chunk:
            self._ended = self._end_error()
        return True

    def close(self) -> None:
        """See `EventStream.close`."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._stop()
            # Whoever reads has to be out before another file can get the descriptor's number.
            with self._reading:
                self._release()


def decode_event(line: str) -> Outcome[ContainerEvent]:
    """Decode one line: `ID`, `Name`, `Status` from the command; `Actor`, `Action` from REST."""
    value = parse(line, "events")
    if isinstance(value, Failure):
        return value
    try:
        node = as_node(value.unwrap(), "an event")
        event = _service_event(node) if node.has("Actor") else _command_event(node)
        if not event.id or not event.action:
            # The service tells of an error in the middle of a stream as one more line.
            raise Malformed(f"it is not an event: {node.text('message') or 'no id, or no action'}")
    except Malformed as error:
        return Failure(undecodable("events", str(error)))
    return Success(event)


def _command_event(node: Node) -> ContainerEvent:
    return ContainerEvent(node.text("ID"), node.text("Name"), node.text("Status"))


def _service_event(node: Node) -> ContainerEvent:
    actor = node.node("Actor")
    name = actor.node("Attributes").text("name")
    return ContainerEvent(actor.text("ID"), name, node.text("Action"))
