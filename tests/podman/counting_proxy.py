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

_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) /v4\.0\.0/libpod(/\S*) HTTP/1\.1\r\n")
_VERBS = ("json", "create", "archive", "start", "stop", "unpause", "rename", "logs")


def _nothing(_request: str) -> None:
    return


@dataclass
class CountingProxy:
    """`requests` has a word for each: "GET containers json", "PUT containers archive", ..

    A request that `answers` names gets that, not the service's answer, and no other comes after it.
    """

    path: Path
    target: Path
    before: Callable[[str], None] = _nothing
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
            back = threading.Thread(target=self._pass, args=(service, client, False), daemon=True)
            back.start()
            self._pass(client, service, True)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket, watched: bool) -> None:
        ends = [(sink, socket.SHUT_WR)]
        with suppress(OSError):
            while data := source.recv(1 << 16):
                for found in _REQUEST.finditer(data) if watched else ():
                    told = self._tell(found[1].decode(), found[2].decode())
                    if told in self.answers:
                        source.sendall(self.answers[told])
                        data = b""
                        ends = [(sink, socket.SHUT_RDWR), (source, socket.SHUT_RDWR)]
                if not data:
                    break
                sink.sendall(data)
        # Who has no more to send may still want the answer.
        for end, how in ends:
            with suppress(OSError):
                end.shutdown(how)

    def _tell(self, method: str, path: str) -> str:
        parts = path.partition("?")[0].strip("/").split("/")
        verb = parts[-1] if parts[-1] in _VERBS else ""
        request = " ".join(filter(None, (method, parts[0], verb)))
        self.requests.append(request)
        self.before(request)
        return request


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
