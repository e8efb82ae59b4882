"""A service on a unix socket that breaks the rules of HTTP, or of podman."""

import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

Behaviour = Callable[[socket.socket], None]
"""What is done with a connection when a request's head was read."""


class FakeService:
    """Listens at `path` and does the same to everyone; `asked` are the methods it was asked."""

    def __init__(self, path: Path, behaviour: Behaviour | None) -> None:
        self.path = path
        self.asked: list[str] = []
        self._behaviour = behaviour
        self._listener = socket.socket(socket.AF_UNIX)
        self._open: list[socket.socket] = []

    def start(self) -> None:
        """Listen; without a behaviour no connection is ever accepted."""
        self._listener.bind(str(self.path))
        self._listener.listen()
        if self._behaviour is not None:
            threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(4096)
                if not part:
                    return
                head += part
            self.asked.append(head.split(b" ", 1)[0].decode())
            if self._behaviour is not None:
                self._behaviour(connection)


@contextmanager
def service(folder: Path, behaviour: Behaviour | None) -> Generator[FakeService]:
    """The service, until the context is left."""
    made = FakeService(folder / "podman.sock", behaviour)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def says(data: bytes) -> Behaviour:
    """Send it, and close."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        # Who closes with unread words behind resets what the other side has not read yet.
        _ = connection.recv(1 << 16)

    return behave


def says_and_stays(data: bytes) -> Behaviour:
    """Send it, and leave the connection open."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        while connection.recv(4096):
            pass

    return behave


def trickles(head: bytes, again: bytes, every: float = 0.02) -> Behaviour:
    """Send the head, then the same for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(again)
            time.sleep(every)

    return behave


def pours(head: bytes, again: bytes) -> Behaviour:
    """As fast as it can, for ever."""
    return trickles(head, again * (65536 // len(again)), 0)


def answer(status: str, body: bytes, *headers: bytes) -> bytes:
    """A sound answer of HTTP."""
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
