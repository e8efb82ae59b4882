"""One connection to podman's service, and what may go wrong with a request on it."""

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from lanekit.adapters.podman_stream import MOST, Wire, connect
from lanekit.core.value import dataclass

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from lanekit.adapters.podman_address import Address

# "Libpod/4.3.1 (linux)" stands above every answer.
_OLD = r"Libpod/[0-3]\."


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


class Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, address: "Address") -> None:
        self._address = address
        self._owner = os.getpid()
        self._http: HTTPConnection | None = None
        self._wire: Wire | None = None
        self._deadline = 0.0
        self._again = ""
        self._changes = False

    @property
    def is_open(self) -> bool:
        """Whether it can be kept for another request."""
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
        """Close it; the next request makes it anew."""
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
            self._changes = method != "GET"
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

        self._wire = connect(self._address, self._deadline)
        self._wire.begin(self._deadline)
        self._http = HTTPConnection("lanekit")
        # It needs of a socket only what a Wire has.
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
        self._anew("GET", self._again)
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

    def _receive(self) -> Reply:
        if self._http is None:
            raise AssertionError("an answer is read of a connection that sent nothing")
        with self._http.getresponse() as response:
            # Of an answer that says its length only read() notices that it was cut.
            known = response.length is not None
            long = known and (response.length or 0) > MOST
            body = b"" if long else response.read(None if known else MOST + 1)
            server = response.getheader("Server") or ""
        if long or len(body) > MOST:
            raise ValueError("it goes on for more than any answer can be")
        if re.match(_OLD, server):
            raise Outdated(server)
        self._changes = False
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


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
