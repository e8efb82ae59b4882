"""The head of an answer whose body goes on for as long as it likes: an exec's, or the events."""

import re
import socket
import time

_MOST = 1 << 16
_CHUNK = 1 << 16
_END = b"\r\n\r\n"


class NoHead(OSError):
    """What came is no head, and none will come."""


def read_head(raw: socket.socket, deadline: float) -> tuple[bytes, bytes]:
    """The head, and what came after it already.

    Raises OSError: `NoHead`, or TimeoutError when this reading of the monotonic clock has passed.
    """
    came = b""
    while _END not in came:
        left = deadline - time.monotonic()
        # Asked each time: of one that sends byte after byte no wait is ever long.
        if left <= 0:
            raise TimeoutError("its head was not complete in time")
        if len(came) > _MOST:
            raise NoHead("its head goes on for more than any head can be")
        raw.settimeout(left)
        chunk = raw.recv(_CHUNK)
        if not chunk:
            raise NoHead("it ended before its head was complete")
        came += chunk
    raw.settimeout(None)
    head, _, begun = came.partition(_END)
    return head, begun


def status_of(head: bytes) -> int | None:
    """The status of an answer with this head; None: it is not HTTP."""
    found = re.match(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r|$)", head)
    return None if found is None else int(found[1])
