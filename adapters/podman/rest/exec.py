"""An exec over podman's REST service: its connection becomes the command's own three streams."""

import json
import select
import signal
import socket
import time
from collections.abc import Sequence
from functools import partial

from returns.result import Failure, Success

from lanekit.adapters.host.exec_io import (
    PIPE_CLOSED,
    SignalNotForwarded,
    forward_signals,
    write_all,
)
from lanekit.adapters.host.exec_signals import EXEC_ID_ENV, forward_signal, new_token
from lanekit.adapters.host.stdin_pump import StdinPump
from lanekit.adapters.host.terminal import saved_terminal, size_of
from lanekit.adapters.http.request import request_head
from lanekit.adapters.podman.error_mapping import error_of
from lanekit.adapters.podman.json_reader import Malformed, as_node, parse, undecodable
from lanekit.adapters.podman.rest.client import API, Rest
from lanekit.adapters.podman.rest.deadline_socket import connect_socket
from lanekit.adapters.podman.rest.frames import Frames, Unframed
from lanekit.adapters.podman.rest.http_client import queried
from lanekit.adapters.podman.rest.http_head import NoHead, read_head, status_of
from lanekit.adapters.podman.rest.responses import GOOD, identifier_in, text_of, words_of
from lanekit.core.domain.errors import EngineTimeout, EngineUnavailable, LaneError, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.ports.engine import Streams

_TAKEN_OVER = (101, 200)
_CHUNK_BYTES = 1 << 16
_ANSWER_SECONDS = 30.0
# The service writes the exit status down a moment after the command's last byte.
_STATUS_WRITTEN_SECONDS = 10.0
_STATUS_POLL_SECONDS = 0.01
_RESIZE_TIMEOUT_SECONDS = 2.0


class _Refused(Exception):
    def __init__(self, error: LaneError) -> None:
        super().__init__(error.message)
        self.error = error


def execute(
    rest: Rest, container: str, command: Sequence[str], streams: Streams, *, tty: bool
) -> Outcome[int]:
    """See `ContainerEngine.execute`."""
    action, token = f"execute in {container[:12]}", new_token()
    body = {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": tty,
        "Cmd": list(command),
        "Env": [f"{EXEC_ID_ENV}={token}"],
    }
    path = f"/containers/{container}/exec"
    created = rest.ask(action, "POST", path, json.dumps(body).encode())
    if isinstance(created, Failure):
        return created
    if created.unwrap().status not in GOOD:
        return Failure(error_of(action, words_of(created.unwrap())))
    identifier = identifier_in(created.unwrap())
    if isinstance(identifier, Failure):
        return identifier
    session = _Session(rest, identifier.unwrap(), streams, tty=tty)
    try:
        with forward_signals(
            partial(forward_signal, container, token), session.resize if tty else None
        ):
            return session.run(partial(forward_signal, container, token))
    except SignalNotForwarded as lost:
        return Success(lost.status)
    except _Refused as refused:
        return Failure(refused.error)


class _Session:
    """One exec, from its start to its status."""

    def __init__(self, rest: Rest, identifier: str, streams: Streams, *, tty: bool) -> None:
        self._rest = rest
        self._path = f"/exec/{identifier}"
        self._streams = streams
        self._tty = tty
        self._size: tuple[int, int] | None = None
        self._runs = False

    def run(self, forward: "partial[bool]") -> Outcome[int]:
        with saved_terminal(self._streams.stdin, raw=self._tty), self._start() as (wire, begin):
            self._runs = True
            self.resize()
            pump = StdinPump(
                self._streams.stdin,
                wire.fileno(),
                lambda rest: wire.send(rest, socket.MSG_DONTWAIT),
                # A terminal's own end is a key (Ctrl-D); what podman does with ours is nothing.
                lambda: None if self._tty else wire.shutdown(socket.SHUT_WR),
            )
            pump.start()
            try:
                self._copy(wire, begin)
            except BrokenPipeError:
                # As a program on this host would see it that writes into the same pipe.
                _ = forward(signal.SIGPIPE)
                return Success(PIPE_CLOSED)
            finally:
                pump.stop()
        return self._status()

    def _start(self) -> "_Started":
        self._size = size_of(self._streams.stdout) if self._tty else None
        wanted: dict[str, object] = {"Detach": False, "Tty": self._tty}
        if self._size is not None:
            wanted["h"], wanted["w"] = self._size
        client = self._rest.client()
        if isinstance(client, Failure):
            raise _Refused(client.failure())
        try:
            wire = connect_socket(client.unwrap().address, time.monotonic() + _ANSWER_SECONDS)
            return _Started(wire, _take_over(wire, f"{API}{self._path}/start", wanted))
        except TimeoutError:
            raise _Refused(EngineTimeout("podman's service did not start the command")) from None
        except OSError as error:
            raise _Refused(
                EngineUnavailable(
                    "podman's service went away", str(error), (Hint("start-podman-service"),)
                )
            ) from None

    def _copy(self, wire: socket.socket, begin: bytes) -> None:
        frames, out, err = Frames(), self._streams.stdout, self._streams.stderr
        chunk = memoryview(bytearray(_CHUNK_BYTES))
        data = memoryview(begin)
        while True:
            try:
                for to_errors, piece in ((False, data),) if self._tty else frames.feed(data):
                    write_all(err if to_errors else out, piece)
            except Unframed as error:
                raise _Refused(undecodable("exec", f"{error} begins no frame")) from None
            try:
                length = wire.recv_into(chunk)
            except ConnectionResetError:
                length = 0
            if not length:
                if not self._tty and not frames.is_whole:
                    raise _Refused(undecodable("exec", "its output ended in the middle of a frame"))
                return
            data = chunk[:length]

    def resize(self) -> None:
        """Tell the command's terminal how large ours is now, if that is news."""
        size = size_of(self._streams.stdout) if self._tty else None
        if not self._runs or size is None or size == self._size:
            return
        self._size = size
        query = {"h": str(size[0]), "w": str(size[1])}
        path = queried(f"{self._path}/resize", query)
        # A command that ended meanwhile has no terminal any more: nothing depends on it.
        _ = self._rest.ask("resize a terminal", "POST", path, timeout=_RESIZE_TIMEOUT_SECONDS)

    def _status(self) -> Outcome[int]:
        deadline = time.monotonic() + _STATUS_WRITTEN_SECONDS
        while True:
            response = self._rest.checked("ask for the exit status", "GET", f"{self._path}/json")
            if isinstance(response, Failure):
                return response
            status = status_in(text_of(response.unwrap()))
            if isinstance(status, Failure):
                return status
            code = status.unwrap()
            if code is not None:
                return Success(code)
            if time.monotonic() > deadline:
                return Failure(EngineTimeout("podman does not say how the command ended"))
            time.sleep(_STATUS_POLL_SECONDS)


class _Started:
    """A connection that was taken over, and what had come by then; closed with the context."""

    def __init__(self, wire: socket.socket, begin: bytes) -> None:
        self._wire = wire
        self._begin = begin

    def __enter__(self) -> tuple[socket.socket, bytes]:
        self._wire.settimeout(None)
        return self._wire, self._begin

    def __exit__(self, *_: object) -> None:
        self._wire.close()


def _take_over(wire: socket.socket, path: str, wanted: dict[str, object]) -> bytes:
    """Ask for the connection; the first bytes that came after the answer's head."""
    try:
        body = json.dumps(wanted).encode()
        headers = (
            "Host: lanekit",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: Upgrade",
            "Upgrade: tcp",
        )
        wire.sendall(request_head("POST", path, *headers) + body)
        return _after_head(wire, time.monotonic() + _ANSWER_SECONDS)
    except BaseException:
        wire.close()
        raise


def _after_head(wire: socket.socket, deadline: float) -> bytes:
    try:
        head, rest = read_head(wire, deadline)
    except NoHead as error:
        raise _Refused(undecodable("exec", str(error))) from None
    status = status_of(head)
    if status is None:
        raise _Refused(undecodable("exec", "its answer is not HTTP"))
    if status in _TAKEN_OVER:
        return rest
    ready, _, _ = select.select([wire], [], [], 1) if not rest else ([], [], [])
    raise _Refused(refusal_of(status, rest or (wire.recv(_CHUNK_BYTES) if ready else b"")))


def refusal_of(status: int, body: bytes) -> LaneError:
    """Return why the service does not start a command, by the beginning of what it says."""
    response = body.decode(errors="backslashreplace")
    parsed = parse(response, "exec")
    message = "" if isinstance(parsed, Failure) else _message(parsed.unwrap())
    return error_of("execute", message or response or f"HTTP status {status}")


def _message(value: object) -> str:
    try:
        return as_node(value, "").text("message")
    except Malformed:
        return ""


def status_in(text: str) -> Outcome[int | None]:
    """Return the exit status in what is shown of an exec; None while it runs."""
    parsed = parse(text, "exec")
    if isinstance(parsed, Failure):
        return parsed
    try:
        shown = as_node(parsed.unwrap(), "")
        if shown.flag("Running"):
            return Success(None)
        if not shown.has("Running") or not shown.has("ExitCode"):
            raise Malformed("it does not say how the command ended")
        return Success(shown.number("ExitCode") & 0xFF)
    except Malformed as error:
        return Failure(undecodable("exec", str(error)))
