"""One connection to podman's service, and what may go wrong with a request on it."""

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from lanekit.adapters.http.request import request_head
from lanekit.adapters.podman.rest.deadline_socket import DeadlineSocket, connect
from lanekit.adapters.podman.rest.response_parser import ResponseParser
from lanekit.core.domain._dataclass import dataclass

if TYPE_CHECKING:
    from lanekit.adapters.podman.address import Address

# "Libpod/4.3.1 (linux)" stands above every answer.
_OLD = r"Libpod/[0-3]\."
_HOST = "Host: lanekit"
_TAR = ("Content-Type: application/x-tar", "Transfer-Encoding: chunked")


@dataclass(frozen=True)
class Response:
    """An answer: its HTTP status and its whole body."""

    status: int
    body: bytes


class ConnectError(Exception):
    """There is no service, or it went away: nothing or an unknown part was done."""


class ReadTimeout(Exception):
    """The answer was not complete in time; what was asked may have been done."""


class ProtocolError(Exception):
    """What came is no HTTP answer, or larger than any answer can be."""


class UnsupportedVersion(ProtocolError):
    """The service calls itself a podman before 4, whose answers are others."""


class ConnectionClosed(Exception):
    """The connection ended before an answer began."""

    def __str__(self) -> str:
        return "the service ended the connection without an answer"


class Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, address: "Address") -> None:
        self._address = address
        self._owner = os.getpid()
        self._wire: DeadlineSocket | None = None
        self._deadline = 0.0
        self._again = ""
        self._changes = False

    @property
    def is_open(self) -> bool:
        """Whether it can be kept for another request."""
        return self._wire is not None

    def is_usable(self) -> bool:
        """Return whether it can take a request: ours, and not closed by the service."""
        if self._wire is None or self._owner != os.getpid():
            return False
        usable = self._wire.is_quiet()
        if not usable:
            self.close()
        return usable

    def close(self) -> None:
        """Close it; the next request makes it anew."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None

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
            self._changes = method != "GET"
            self._send(method, path, body, stream)
        except (BrokenPipeError, ConnectionResetError):
            nothing_sent = self._wire is None or self._wire.sent == 0
            if kept and (method == "GET" or nothing_sent):
                self._send_again(method, path, body, stream)
            # Else it may have answered before it had read everything: its answer says why.
        except TimeoutError:
            self.close()
            raise ReadTimeout from None
        except OSError as error:
            self.close()
            raise ConnectError(_error_text(error)) from None
        except BaseException:
            self._give_up()
            raise

    def _send_again(
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
            raise ReadTimeout from None
        except OSError as error:
            self.close()
            raise ConnectError(_error_text(error)) from None

    def _send(
        self, method: str, path: str, body: bytes | None, stream: Iterable[bytes] | None
    ) -> None:
        wire = self._connected()
        if stream is None:
            wire.send(request_head(method, path, _HOST, *_headers(method, body)) + (body or b""))
            return
        wire.send(request_head(method, path, _HOST, *_TAR))
        for block in stream:
            if block:
                wire.send(b"%x\r\n%b\r\n" % (len(block), block))
        wire.send(b"0\r\n\r\n")

    def _connected(self) -> DeadlineSocket:
        if self._wire is None:
            self._wire = connect(self._address, self._deadline)
        self._wire.begin(self._deadline)
        return self._wire

    def receive(self) -> Response:
        """Read the answer to its end."""
        try:
            return self._receive()
        except (ConnectionClosed, ConnectionResetError) as error:
            if not self._again:
                self.close()
                raise ConnectError(_error_text(error)) from None
        except TimeoutError:
            self.close()
            raise ReadTimeout from None
        except OSError as error:
            self.close()
            raise ConnectError(_error_text(error)) from None
        except ValueError as error:
            self.close()
            raise ProtocolError(_error_text(error)) from None
        self._send_again("GET", self._again)
        return self.receive()

    def abandon(self) -> None:
        """After a Ctrl-C, which may come at any step between the sending and the answer's end.

        podman goes on with what it was told to change, whether anybody waits or not, and an undo
        that came before it would undo nothing. It has ended when it answers.
        """
        if self._changes and self._wire is not None:
            with suppress(OSError):
                self._wire.wait_for_an_answer()
        self.close()

    def _receive(self) -> Response:
        wire = self._wire
        if wire is None:
            raise AssertionError("an answer is read of a connection that sent nothing")
        answer = ResponseParser()
        while not answer.is_whole:
            data = wire.receive()
            if data:
                answer.feed(data)
            elif answer.has_begun:
                answer.end()
            else:
                raise ConnectionClosed
        body = answer.body()
        if re.match(_OLD, answer.server):
            raise UnsupportedVersion(answer.server)
        self._changes = False
        if not answer.may_follow:
            self.close()
        return Response(answer.status, body)

    def _give_up(self) -> None:
        """The stream broke off: wait until the service is done with what it got of it."""
        with suppress(OSError, ValueError, ConnectError, ReadTimeout, ProtocolError):
            if self._wire is not None:
                self._wire.end_sending()
                _ = self.receive()
        self.close()


def _headers(method: str, body: bytes | None) -> tuple[str, ...]:
    content_type = () if body is None else ("Content-Type: application/json",)
    length = () if method == "GET" else (f"Content-Length: {len(body or b'')}",)
    return (*content_type, *length)


def _error_text(error: Exception) -> str:
    return str(error) or type(error).__name__
