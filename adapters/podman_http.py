"""HTTP to podman's service: kept connections, every request bounded in time and in size.

http.client does the protocol. What it lacks is here: unix sockets, one deadline for a whole
request (its own timeout counts anew with each packet), and connections that are used again. It is
imported where it is used: who has no socket does not pay for it.
"""

import io
import os
import re
import socket
import time
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lanekit.core.value import dataclass

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from lanekit.adapters.podman_address import Address

# An inspect is about 6 kB; what goes on beyond this is no answer.
_MOST = 64 << 20
_MOST_WITH_HEADS = 2 * _MOST
# "Libpod/4.3.1 (linux)" stands above every answer.
_OLD = r"Libpod/[0-3]\."
_CONNECT = 10.0
_KEPT = 8
AT_ONCE = 4
"""Requests under way at once: on two cores more gain nothing."""


@dataclass(frozen=True)
class Reply:
    """An answer: its HTTP status and its whole body."""

    status: int
    body: bytes


class NoAnswer(Exception):
    """There is no service, or it went away: nothing or an unknown part was done."""


class Late(Exception):
    """The answer was not complete in time; what was asked may have been done."""


class Garbled(Exception):
    """What came is no HTTP answer, or larger than any answer can be."""


class Outdated(Garbled):
    """The service calls itself a podman before 4, whose answers are others."""


class Client:
    """Requests to one address, from several threads at once.

    A connection serves one request at a time and is kept for the next one; it is closed when its
    answer was not read to the end. Nothing of a body is ever logged.
    """

    def __init__(self, address: "Address") -> None:
        self.address = address
        self._kept: list[_Connection] = []

    def request(
        self,
        method: str,
        path: str,
        timeout: float,
        body: bytes | None = None,
        stream: Iterable[bytes] | None = None,
    ) -> Reply:
        """The answer within `timeout` seconds. Raises NoAnswer, Late, Garbled.

        `stream` is sent in chunks; what its iteration raises passes through, after the service
        has given up what was cut off.
        """
        connection = self._take()
        connection.limit(timeout)
        connection.send(method, path, body, stream)
        return self._answer(connection)

    def get_all(self, paths: Sequence[str], timeout: float) -> Generator[Reply]:
        """The answers of many GETs, in order, with up to `AT_ONCE` of them under way.

        Raises what `request` does, while it is iterated. What the caller does with one answer is
        done while podman works on the next ones.
        """
        waiting: list[_Connection] = []
        try:
            for at, path in enumerate(paths):
                if at >= AT_ONCE:
                    yield self._answer(waiting.pop(0))
                connection = self._take()
                waiting.append(connection)
                connection.limit(timeout)
                connection.send("GET", path)
            while waiting:
                yield self._answer(waiting.pop(0))
        finally:
            for connection in waiting:
                connection.close()

    def _answer(self, connection: "_Connection") -> Reply:
        reply = connection.receive()
        if connection.is_open and len(self._kept) < _KEPT:
            self._kept.append(connection)
        return reply

    def _take(self) -> "_Connection":
        # list.pop and list.append are one step each: no lock is needed.
        while self._kept:
            with suppress(IndexError):
                connection = self._kept.pop()
                if connection.is_usable():
                    return connection
        return _Connection(self.address)


class _Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, address: "Address") -> None:
        self._address = address
        self._owner = os.getpid()
        self._http: HTTPConnection | None = None
        self._wire: _Wire | None = None
        self._deadline = 0.0
        self._again = ""

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def is_usable(self) -> bool:
        """Whether it can take a request: not another process's, not closed by the service."""
        if self._wire is None or self._owner != os.getpid():
            return False
        usable = self._wire.is_quiet()
        if not usable:
            self.close()
        return usable

    def close(self) -> None:
        if self._wire is not None:
            self._wire.shut()
        self._http = self._wire = None

    def limit(self, seconds: float) -> None:
        """Let the request that follows take this long."""
        self._deadline = time.monotonic() + seconds

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        stream: Iterable[bytes] | None = None,
    ) -> None:
        """Send a request. A service that went away since the last one is asked once more, when
        nothing of the request can have reached it or when asking twice changes nothing.
        """
        kept = self.is_open
        self._again = path if kept and method == "GET" else ""
        try:
            self._send(method, path, body, stream)
        except (BrokenPipeError, ConnectionResetError):
            nothing_sent = self._wire is None or self._wire.sent == 0
            if kept and (method == "GET" or nothing_sent):
                self._anew(method, path, body, stream)
            # Else it may have answered before it had read everything: its answer says why.
        except TimeoutError:
            self.close()
            raise Late from None
        except OSError as error:
            self.close()
            raise NoAnswer(_words(error)) from None
        except BaseException:
            self._give_up()
            raise

    def _anew(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        stream: Iterable[bytes] | None = None,
    ) -> None:
        self.close()
        self._again = ""
        try:
            self._send(method, path, body, stream)
        except TimeoutError:
            self.close()
            raise Late from None
        except OSError as error:
            self.close()
            raise NoAnswer(_words(error)) from None

    def _send(
        self, method: str, path: str, body: bytes | None, stream: Iterable[bytes] | None
    ) -> None:
        http = self._connected()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if stream is not None:
            headers = {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"}
        chunked = stream is not None
        http.request(method, path, stream if chunked else body, headers, encode_chunked=chunked)

    def _connected(self) -> "HTTPConnection":
        if self._http is not None and self._wire is not None:
            self._wire.begin(self._deadline)
            return self._http
        from http.client import HTTPConnection  # noqa: PLC0415 - costs start-up

        self._wire = _Wire(_connect(self._address, self._deadline))
        self._wire.begin(self._deadline)
        self._http = HTTPConnection("lanekit")
        # It needs of a socket only what a _Wire has.
        setattr(self._http, "sock", self._wire)  # noqa: B010 - and mypy knows it as a socket
        return self._http

    def receive(self) -> Reply:
        """Read the answer to its end."""
        from http.client import (  # noqa: PLC0415 - costs start-up
            HTTPException,
            RemoteDisconnected,
        )

        try:
            return self._receive()
        except (RemoteDisconnected, ConnectionResetError) as error:
            if not self._again:
                self.close()
                raise NoAnswer(_words(error)) from None
        except TimeoutError:
            self.close()
            raise Late from None
        except OSError as error:
            self.close()
            raise NoAnswer(_words(error)) from None
        except (HTTPException, ValueError) as error:
            self.close()
            raise Garbled(_words(error)) from None
        except BaseException:
            self.close()
            raise
        self._anew("GET", self._again)
        return self.receive()

    def _receive(self) -> Reply:
        if self._http is None:
            raise AssertionError("an answer is read of a connection that sent nothing")
        with self._http.getresponse() as response:
            # Of an answer that says its length only read() notices that it was cut.
            known = response.length is not None
            long = known and (response.length or 0) > _MOST
            body = b"" if long else response.read(None if known else _MOST + 1)
            server = response.getheader("Server") or ""
        if long or len(body) > _MOST:
            raise ValueError("it goes on for more than any answer can be")
        if re.match(_OLD, server):
            raise Outdated(server)
        if self._wire is not None and self._wire.closed:
            self.close()
        return Reply(response.status, body)

    def _give_up(self) -> None:
        """The stream broke off: wait until the service is done with what it got of it."""
        with suppress(OSError, ValueError, NoAnswer, Late, Garbled):
            if self._wire is not None and self._http is not None:
                self._wire.end_sending()
                _ = self.receive()
        self.close()


def _connect(address: "Address", deadline: float) -> socket.socket:
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


class _Wire:
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
    """The receiving side of a _Wire as a file; closing it leaves the connection open."""

    def __init__(self, wire: _Wire) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        return self._wire.recv_into(buffer)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def queried(path: str, query: Mapping[str, str]) -> str:
    """The path with a query."""
    from urllib.parse import urlencode  # noqa: PLC0415 - costs start-up

    return f"{path}?{urlencode(query)}" if query else path


def quoted(part: str) -> str:
    """A text as one part of a path."""
    from urllib.parse import quote  # noqa: PLC0415 - costs start-up

    return quote(part, safe="")
