"""A socket whose every wait ends at one deadline."""

import socket
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.podman.address import Address

_CHUNK_BYTES = 1 << 16
_CONNECT_SECONDS = 10.0


def connect(address: "Address", deadline: float) -> "DeadlineSocket":
    """Return a connection, made before this reading of the monotonic clock; raises OSError."""
    return DeadlineSocket(connect_socket(address, deadline))


def connect_socket(address: "Address", deadline: float) -> socket.socket:
    """Return the bare socket of it; raises OSError."""
    allowed = min(_CONNECT_SECONDS, max(deadline - time.monotonic(), 0.001))
    if not address.path:
        return socket.create_connection((address.host, address.port), allowed)
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        raw.settimeout(allowed)
        raw.connect(address.path)
    except BaseException:
        raw.close()
        raise
    return raw


class DeadlineSocket:
    """A connected socket; how long a request and its answer may take is said once for both."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._deadline = 0.0
        self._is_answered = False
        self.sent: int = 0
        # Who forgets an engine with its connections kept gets no warning of an open socket; nor
        # does one in a cycle, where a __del__ of ours would come after the socket's own.
        _ = weakref.finalize(self, raw.close)

    def begin(self, deadline: float) -> None:
        """The next request ends at this reading of the monotonic clock."""
        self._deadline = deadline
        self._is_answered = False
        self.sent = 0

    def is_quiet(self) -> bool:
        """Return whether nothing came since the last answer, not even the connection's end."""
        try:
            self._raw.settimeout(0)
            _ = self._raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _limit(self) -> None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._raw.settimeout(remaining)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            self._limit()
            done = self._raw.send(view)
            self.sent += done
            view = view[done:]

    def wait_for_an_answer(self) -> None:
        """Wait until it begins, if it has not; or for the connection's end, or the deadline."""
        if not self._is_answered:
            self._limit()
            _ = self._raw.recv(1, socket.MSG_PEEK)

    def end_sending(self) -> None:
        """Let the other side see that nothing more comes."""
        self._raw.shutdown(socket.SHUT_WR)

    def receive(self) -> bytes:
        """Return what came next; nothing at the end."""
        self._limit()
        data = self._raw.recv(_CHUNK_BYTES)
        self._is_answered = True
        return data

    def close(self) -> None:
        """Close it."""
        self._raw.close()
