"""A socket for http.client: one deadline for a whole request, a bound on what may come."""

import io
import socket
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.podman_address import Address

# An inspect is about 6 kB; what goes on beyond this, its head aside, is no answer.
MOST = 64 << 20
_MOST_WITH_HEADS = 2 * MOST
_CONNECT = 10.0


def connect(address: "Address", deadline: float) -> "Wire":
    """A connection, made before this reading of the monotonic clock; raises OSError."""
    return Wire(dial(address, deadline))


def dial(address: "Address", deadline: float) -> socket.socket:
    """The bare socket of it; raises OSError."""
    allowed = min(_CONNECT, max(deadline - time.monotonic(), 0.001))
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


class Wire:
    """What http.client takes for a socket: one whose every wait ends at the same deadline."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._deadline = 0.0
        self._received = 0
        self.sent = 0
        self.closed = False
        # Who forgets an engine with its connections kept gets no warning of an open socket; nor
        # does one in a cycle, where a __del__ of ours would come after the socket's own.
        _ = weakref.finalize(self, raw.close)

    def begin(self, deadline: float) -> None:
        """The next request ends at this reading of the monotonic clock."""
        self._deadline = deadline
        self._received = 0
        self.sent = 0

    def is_quiet(self) -> bool:
        """Whether nothing came since the last answer: an end of the connection would have."""
        try:
            self._raw.settimeout(0)
            _ = self._raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._raw.settimeout(left)

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._limit()
            done = self._raw.send(view)
            self.sent += done
            view = view[done:]

    def wait_for_an_answer(self) -> None:
        """Wait until it begins, if it has not; or for the connection's end, or the deadline."""
        if not self._received:
            self._limit()
            _ = self._raw.recv(1, socket.MSG_PEEK)

    def end_sending(self) -> None:
        """Let the other side see that nothing more comes."""
        self._raw.shutdown(socket.SHUT_WR)

    def recv_into(self, buffer: memoryview) -> int:
        self._limit()
        got = self._raw.recv_into(buffer)
        self._received += got
        if self._received > _MOST_WITH_HEADS:
            # http.client takes a chunk of "-1" bytes for all that ever comes.
            raise ValueError("it goes on for more than any answer can be")
        return got

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Source(self))

    def close(self) -> None:
        """http.client is done with it, perhaps before it read the answer's end."""
        self.closed = True

    def shut(self) -> None:
        """Close it."""
        self._raw.close()


class _Source(io.RawIOBase):
    """The receiving side of a Wire as a file; closing it leaves the connection open."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        return self._wire.recv_into(buffer)
