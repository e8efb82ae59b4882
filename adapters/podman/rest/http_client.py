"""HTTP to podman's service: kept connections, every request bounded in time and in size.

httptools takes the answers apart (`response_parser`). The rest is here, in `connection` and
`deadline_socket`: unix sockets, one deadline for a whole request (a timeout that counts anew with
each packet bounds nothing), and connections that are used again.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lanekit.adapters.podman.rest.connection import (
    ConnectError,
    Connection,
    ProtocolError,
    ReadTimeout,
    Response,
    UnsupportedVersion,
)

if TYPE_CHECKING:
    from lanekit.adapters.podman.address import Address

__all__ = [
    "MAX_CONNECTIONS",
    "Client",
    "ConnectError",
    "ProtocolError",
    "ReadTimeout",
    "Response",
    "UnsupportedVersion",
    "queried",
    "quoted",
]

_MAX_KEPT = 8
MAX_CONNECTIONS = 4
"""Requests under way at once: on two cores more gain nothing."""


class Client:
    """Requests to one address, from several threads at once.

    A connection serves one request at a time and is kept for the next one; it is closed when its
    answer was not read to the end. Nothing of a body is ever logged.
    """

    def __init__(self, address: "Address") -> None:
        self.address = address
        self._kept: list[Connection] = []

    def request(
        self,
        method: str,
        path: str,
        timeout: float,
        body: bytes | None = None,
        stream: Iterable[bytes] | None = None,
    ) -> Response:
        """Return the answer within `timeout` seconds.

        `stream` is sent in chunks; what its iteration raises passes through, after the service
        has given up what was cut off.

        Raises:
            ConnectError: there is no service, or it went away.
            ReadTimeout: the answer was not complete in time.
            ProtocolError: what came is not an HTTP answer.
        """
        connection = self._take()
        connection.limit(timeout)
        try:
            connection.send(method, path, body, stream)
            return self._answer(connection)
        except BaseException:
            connection.abandon()
            raise

    def get_all(self, paths: Sequence[str], timeout: float) -> Generator[Response]:
        """Yield the answers of many GETs, in order, with up to MAX_CONNECTIONS of them under way.

        Raises what `request` does, while it is iterated. What the caller does with one answer is
        done while podman works on the next ones.
        """
        waiting: list[Connection] = []
        try:
            for path in paths[:MAX_CONNECTIONS]:
                waiting.append(self._sent(path, timeout))
            for path in paths[MAX_CONNECTIONS:]:
                yield self._first(waiting)
                waiting.append(self._sent(path, timeout))
            while waiting:
                yield self._first(waiting)
        finally:
            for connection in waiting:
                connection.close()

    def _sent(self, path: str, timeout: float) -> Connection:
        connection = self._take()
        connection.limit(timeout)
        connection.send("GET", path)
        return connection

    def _first(self, waiting: list[Connection]) -> Response:
        # Taken out when it is answered: what a Ctrl-C meets is closed with the others.
        reply = self._answer(waiting[0])
        del waiting[0]
        return reply

    def _answer(self, connection: Connection) -> Response:
        reply = connection.receive()
        if connection.is_open and len(self._kept) < _MAX_KEPT:
            self._kept.append(connection)
        return reply

    def _take(self) -> Connection:
        # list.pop and list.append are one step each: no lock is needed.
        while self._kept:
            with suppress(IndexError):
                connection = self._kept.pop()
                if connection.is_usable():
                    return connection
        return Connection(self.address)


def queried(path: str, query: Mapping[str, str]) -> str:
    """Return the path with a query."""
    from urllib.parse import urlencode  # noqa: PLC0415 - costs start-up

    return f"{path}?{urlencode(query)}" if query else path


def quoted(part: str) -> str:
    """Return a text as one part of a path."""
    from urllib.parse import quote  # noqa: PLC0415 - costs start-up

    return quote(part, safe="")
