"""The head of an answer whose body goes on for as long as it likes: an exec's, or the events."""

import re
import socket
import time

_MAX_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 16
_END = b"\r\n\r\n"


class NoHead(OSError):
    """What came is no head, and none will come."""


def read_head(raw: socket.socket, deadline: float) -> tuple[bytes, bytes]:
    """Return the head, and what came after it already.

    Raises OSError: `NoHead`, or TimeoutError when this reading of the monotonic clock has passed.
    """
    received = b""
    while _END not in received:
        remaining = deadline - time.monotonic()
        # Asked each time: of one that sends byte after byte no wait is ever long.
        if remaining <= 0:
            raise TimeoutError("its head was not complete in time")
        if len(received) > _MAX_HEAD_BYTES:
            raise NoHead("its head goes on for more than any head can be")
        raw.settimeout(remaining)
        chunk = raw.recv(_CHUNK_BYTES)
        if not chunk:
            raise NoHead("it ended before its head was complete")
        received += chunk
    raw.settimeout(None)
    head, _, first_bytes = received.partition(_END)
    return head, first_bytes


def status_of(head: bytes) -> int | None:
    """Return the status of an answer with this head; None: it is not HTTP."""
    found = re.match(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r|$)", head)
    return None if found is None else int(found[1])
