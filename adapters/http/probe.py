"""`HttpProbe`: asks a worker over HTTP whether it answers."""

import re
import time
from contextlib import closing
from typing import TYPE_CHECKING

from lanekit.adapters.http.request import request_head
from lanekit.core.domain.observed import Endpoint

if TYPE_CHECKING:
    from socket import socket

_SERVER_ERROR = 500
_MAX_LINE_BYTES = 65536
# A blank would end the path, and a request line is ASCII: everything else is percent-encoded.
_PLAIN = range(0x21, 0x7F)
_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] ([1-9][0-9][0-9])(?: [^\r\n]*)?\r?\n")


class HttpProbe:
    """`Probe` over HTTP/1.1, with nothing between it and the worker: no proxy, no redirect.

    Not by a library's timeout, which counts anew with every packet: a worker that trickles could
    hold us for hours. Of its answer the status line says enough.
    """

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        """See `Probe.answers`."""
        status = self.status(endpoint, path, timeout)
        return status is not None and status < _SERVER_ERROR

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        """See `Probe.status`. `endpoint.host` is an address: names are not looked up."""
        deadline = time.monotonic() + timeout
        try:
            with closing(_send(endpoint, path, deadline)) as connection:
                return _status(connection, deadline)
        except (OSError, ValueError, OverflowError):
            return None


def _send(endpoint: Endpoint, path: str, deadline: float) -> "socket":
    # Late: the socket module costs start-up.
    import socket  # noqa: PLC0415

    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    family, kind, protocol, _, address = socket.getaddrinfo(
        # As bytes: for text Python loads its codec of international names, 5 ms.
        endpoint.host.strip("[]").encode(),
        endpoint.port,
        type=socket.SOCK_STREAM,
        flags=flags,
    )[0]
    connection = socket.socket(family, kind, protocol)
    try:
        _limit(connection, deadline)
        connection.connect(address)
        connection.sendall(_request(endpoint, path))
    except BaseException:
        connection.close()
        raise
    return connection


def _request(endpoint: Endpoint, path: str) -> bytes:
    target = "".join(chr(b) if b in _PLAIN else f"%{b:02X}" for b in path.encode())
    host = f"Host: {endpoint.host}:{endpoint.port}"
    return request_head(
        "GET", target, host, "User-Agent: lanekit", "Accept: */*", "Connection: close"
    )


def _limit(connection: "socket", deadline: float) -> None:
    # 0 means: what would have to wait fails.
    connection.settimeout(max(0.0, deadline - time.monotonic()))


def _status(connection: "socket", deadline: float) -> int:
    line = b""
    while b"\n" not in line:
        _limit(connection, deadline)
        received = connection.recv(4096)
        line += received
        if not received or len(line) > _MAX_LINE_BYTES:
            raise ValueError("no status line")
    found = _STATUS_LINE.match(line)
    if found is None:
        raise ValueError("no status line")
    return int(found[1])
