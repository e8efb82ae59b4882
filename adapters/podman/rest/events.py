"""The events that podman's service streams."""

import socket
import time
from contextlib import suppress

from returns.result import Failure, Success

from lanekit.adapters.http.request import request_head
from lanekit.adapters.podman.address import Address, no_service
from lanekit.adapters.podman.events import EventLines
from lanekit.adapters.podman.rest.deadline_socket import connect_socket
from lanekit.adapters.podman.rest.http_head import read_head, status_of
from lanekit.core.domain.errors import LaneError, Outcome

_MAX_DETAIL_BYTES = 2000
_OK = 200
_PATH = "/v4.0.0/libpod/events?stream=true&filters=%7B%22type%22%3A%5B%22container%22%5D%7D"


def open_events(address: Address, timeout: float) -> Outcome[EventLines]:
    """Open the stream on a connection of its own, within `timeout` seconds; it then listens."""
    deadline = time.monotonic() + timeout
    try:
        connection = connect_socket(address, deadline)
    except OSError as error:
        return Failure(_error(address, str(error)))
    try:
        # In an answer to HTTP/1.0 nothing stands between the lines: no chunks.
        connection.sendall(request_head("GET", _PATH, "Host: lanekit", version="1.0"))
        head, first_bytes = read_head(connection, deadline)
    except OSError as error:
        connection.close()
        return Failure(_error(address, str(error) or "it does not answer"))
    if status_of(head) != _OK:
        connection.close()
        detail = (head + first_bytes)[:_MAX_DETAIL_BYTES].decode(errors="backslashreplace")
        return Failure(_error(address, detail))

    def stop() -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    ended = _error(address, "the stream of events ended")
    return Success(
        EventLines(connection.fileno(), lambda: ended, stop, connection.close, first_bytes)
    )


def _error(address: Address, detail: str) -> LaneError:
    return no_service(f"{address} gives no events", detail)
