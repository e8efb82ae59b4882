"""A service on a unix socket that answers as a test says, and remembers what it was asked."""

import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path


def http(status: int, body: bytes = b"", *, close: bool = False) -> bytes:
    """An answer; `close`: the connection ends with it."""
    more = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)


Answer = Callable[[str], bytes | None]
"""From a request line to what is sent; None: the connection is closed without an answer."""


@dataclass
class Service:
    """`asked` are the request lines; `connections` how many were taken."""

    path: Path
    answer: Answer
    asked: list[str] = field(default_factory=lambda: [])
    bodies: list[bytes] = field(default_factory=lambda: [])
    connections: int = 0
    clients: list[socket.socket] = field(default_factory=lambda: [])
    listeners: list[socket.socket] = field(default_factory=lambda: [])

    def start(self) -> None:
        """Listen at the path."""
        listener = socket.socket(socket.AF_UNIX)
        self.listeners.append(listener)
        listener.bind(str(self.path))
        listener.listen()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Close everything, as a service that ends."""
        for one in (*self.listeners, *self.clients):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.clients.clear()
        self.listeners.clear()
        self.path.unlink(missing_ok=True)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.connections += 1
                self.clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as requests:
            while head := requests.readline():
                self.asked.append(head.decode().removesuffix(" HTTP/1.1\r\n"))
                headers = b"".join(iter(requests.readline, b"\r\n"))
                self.bodies.append(_body(requests, headers))
                said = self.answer(self.asked[-1])
                if said is None:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(said)


def _body(requests: BufferedReader, headers: bytes) -> bytes:
    length = re.search(rb"(?i)content-length: (\d+)", headers)
    if length:
        return requests.read(int(length[1]))
    if b"chunked" not in headers:
        return b""
    body = b""
    while size := int(requests.readline() or b"0", 16):
        body += requests.read(size)
        _ = requests.readline()
    _ = requests.readline()
    return body


@contextmanager
def service(folder: Path, answer: Answer) -> Generator[Service]:
    """A service in this folder until the context is left."""
    made = Service(folder / "service.sock", answer)
    made.start()
    try:
        yield made
    finally:
        made.stop()
