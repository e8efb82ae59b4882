"""Stands between lanekit and podman's socket: counts requests, and tells of each before it goes on.

It knows nothing of how lanekit makes them: it looks for request lines in what it passes on.
"""

import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) /v4\.0\.0/libpod(/\S*) HTTP/1\.1\r\n")
_VERBS = ("json", "create", "archive", "start", "stop", "unpause", "rename", "logs")


Damage: TypeAlias = Callable[[bytes], bytes | None]
"""From the begin of podman's answer to what comes in its place, and is the last that ever comes:
then the connection is closed, or, after None, left open. What is a whole answer has to say so
("Connection: close"): else the next request may be on its way when the end comes."""


def _nothing(_request: str) -> None:
    return


def _sound(_request: str) -> Damage | None:
    return None


@dataclass
class CountingProxy:
    """`requests` has a word for each: "GET containers json", "PUT containers archive", ..

    A request that `answers` names gets that, not the service's answer, and no other comes after it
    (see `Damage`).
    `damage` is asked of each request that is passed on what becomes of its answer; None: nothing.
    """

    path: Path
    target: Path
    before: Callable[[str], None] = _nothing
    damage: Callable[[str], Damage | None] = _sound
    answers: dict[str, bytes] = field(default_factory=lambda: {})
    requests: list[str] = field(default_factory=lambda: [])

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                service = socket.socket(socket.AF_UNIX)
                service.connect(str(self.target))
                threading.Thread(target=self._both, args=(client, service), daemon=True).start()

    def _both(self, client: socket.socket, service: socket.socket) -> None:
        with client, service:
            damages: list[Damage] = []
            back = threading.Thread(target=_back, args=(service, client, damages), daemon=True)
            back.start()
            self._forth(client, service, damages)
            back.join()

    def _forth(self, client: socket.socket, service: socket.socket, damages: list[Damage]) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                for found in _REQUEST.finditer(data):
                    told = self._tell(found[1].decode(), found[2].decode())
                    if told in self.answers:
                        client.sendall(self.answers[told])
                        _end(client, service)
                        return
                    damage = self.damage(told)
                    damages += [damage] if damage else []
                service.sendall(data)
        # Who has no more to send may still want the answer.
        with suppress(OSError):
            service.shutdown(socket.SHUT_WR)

    def _tell(self, method: str, path: str) -> str:
        parts = path.partition("?")[0].strip("/").split("/")
        verb = parts[-1] if parts[-1] in _VERBS else ""
        request = " ".join(filter(None, (method, parts[0], verb)))
        self.requests.append(request)
        self.before(request)
        return request


def _back(service: socket.socket, client: socket.socket, damages: list[Damage]) -> None:
    with suppress(OSError):
        while data := service.recv(1 << 16):
            if not damages:
                client.sendall(data)
                continue
            said = damages[0](data)
            if said is not None:
                client.sendall(said)
                _end(client, service)
                return
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)


def _end(*ends: socket.socket) -> None:
    for one in ends:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def counting_proxy(
    folder: Path, target: Path, before: Callable[[str], None] = _nothing
) -> Generator[CountingProxy]:
    """A proxy that listens in `folder` until the context is left."""
    proxy = CountingProxy(folder / "proxy.sock", target, before)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(proxy.path))
        listener.listen()
        threading.Thread(target=proxy.serve, args=(listener,), daemon=True).start()
        try:
            yield proxy
        finally:
            # A thread in accept does not notice a close.
            listener.shutdown(socket.SHUT_RDWR)
    proxy.path.unlink()
