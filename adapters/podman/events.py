"""podman's events as they come: the streams of both podman engines, and their one line of JSON."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from returns.result import Failure, Success

from lanekit.adapters.host.processes import BackgroundCommand
from lanekit.adapters.podman.address import Address, no_service
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.adapters.podman.rest.deadline_socket import connect_socket
from lanekit.adapters.podman.rest.http_head import read_head, status_of
from lanekit.core.domain.errors import EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.observed import ContainerEvent

_CHUNK = 1 << 16
# An event is a few hundred bytes; its labels may be long. What has no end of line is none.
_LONGEST = 1 << 20
_WORDS = 2000
_GIVEN = 200
_PATH = "/v4.0.0/libpod/events?stream=true&filters=%7B%22type%22%3A%5B%22container%22%5D%7D"


class Lines:
    """An `EventStream` over a file descriptor on which podman writes one JSON object a line.

    `over` says why it ended; `end` makes it end, from any thread, so that a read returns; `give
    back` is called once, when nobody reads any more.
    """

    def __init__(
        self,
        descriptor: int,
        over: Callable[[], LaneError],
        end: Callable[[], None],
        give_back: Callable[[], None],
        begun: bytes = b"",
    ) -> None:
        self._descriptor = descriptor
        self._over = over
        self._end = end
        self._give_back = give_back
        self._rest = bytearray(begun)
        self._reading = threading.Lock()
        self._closing = threading.Lock()
        self._closed = False
        self._ended: LaneError | None = None

    def next(self, timeout: float) -> Outcome[ContainerEvent | None]:
        """See `EventStream.next`."""
        with self._reading:
            deadline = time.monotonic() + timeout
            while b"\n" not in self._rest:
                fault = self._fault()
                if fault is not None:
                    return Failure(fault)
                if not self._more(deadline - time.monotonic()):
                    return Success(None)
            line, _, rest = bytes(self._rest).partition(b"\n")
            self._rest = bytearray(rest)
        return decode_event(line.decode(errors="backslashreplace"))

    def _fault(self) -> LaneError | None:
        if self._closed:
            return EngineUnavailable("the stream of podman's events was closed")
        if len(self._rest) > _LONGEST:
            return undecodable("events", "a line that goes on for more than any event can be")
        return self._ended

    def _more(self, wait: float) -> bool:
        """Whether anything came: bytes, or the end."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(max(0.0, wait) * 1000):
            return False
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except OSError:
            chunk = b""
        self._rest += chunk
        if not chunk:
            self._ended = self._over()
        return True

    def close(self) -> None:
        """See `EventStream.close`."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._end()
            # Whoever reads has to be out before another file can get the descriptor's number.
            with self._reading:
                self._give_back()


def events_of_command(command: Sequence[str], env: Mapping[str, str]) -> Lines:
    """`podman events`, in a process group of its own. Raises OSError: it cannot be executed."""
    # Since now, for the process takes a while until it listens.
    since = f"--since={int(time.time())}"
    running = BackgroundCommand(
        (*command, "events", "--format=json", "--filter=type=container", since), env
    )

    def over() -> LaneError:
        return EngineUnavailable("`podman events` ended", running.words())

    return Lines(running.out, over, running.end, running.give_back)


def events_of_service(address: Address, timeout: float) -> Outcome[Lines]:
    """The service's events, on a connection of their own; it listens when this returns."""
    deadline = time.monotonic() + timeout
    try:
        raw = connect_socket(address, deadline)
    except OSError as error:
        return Failure(_gone(address, str(error)))
    try:
        head, begun = _ask(raw, address, deadline)
    except OSError as error:
        raw.close()
        return Failure(_gone(address, str(error) or "it does not answer"))
    if status_of(head) != _GIVEN:
        raw.close()
        said = (head + begun)[:_WORDS].decode(errors="backslashreplace")
        return Failure(_gone(address, said))

    def end() -> None:
        with suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    over = _gone(address, "the stream of events ended")
    return Success(Lines(raw.fileno(), lambda: over, end, raw.close, begun))


def _ask(raw: socket.socket, address: Address, deadline: float) -> tuple[bytes, bytes]:
    """Its head, and what came of its body already.

    By HTTP/1.0, in whose answers nothing stands between the lines: no chunks.
    """
    host = "d" if address.path else f"{address.host}:{address.port}"
    raw.sendall(f"GET {_PATH} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    return read_head(raw, deadline)


def _gone(address: Address, detail: str) -> LaneError:
    return no_service(f"{address} gives no events", detail)


def decode_event(line: str) -> Outcome[ContainerEvent]:
    """An event of the command (`ID`, `Name`, `Status`) or of the service (`Actor`, `Action`)."""
    value = parse(line, "events")
    if isinstance(value, Failure):
        return value
    try:
        node = as_node(value.unwrap(), "an event")
        event = _of_service(node) if node.has("Actor") else _of_command(node)
        if not event.id or not event.action:
            # The service tells of an error in the middle of a stream as one more line.
            raise Malformed(f"it is no event: {node.text('message') or 'no id, or no action'}")
    except Malformed as error:
        return Failure(undecodable("events", str(error)))
    return Success(event)


def _of_command(node: Node) -> ContainerEvent:
    return ContainerEvent(node.text("ID"), node.text("Name"), node.text("Status"))


def _of_service(node: Node) -> ContainerEvent:
    actor = node.node("Actor")
    name = actor.node("Attributes").text("name")
    return ContainerEvent(actor.text("ID"), name, node.text("Action"))
