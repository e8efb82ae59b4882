"""Run a command: bounded in time and in what it may say, never through a shell."""

import os
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from lanekit.core.domain._dataclass import dataclass

_CHUNK = 1 << 16
# An inspect of 150 containers is about 2 MB; what goes on beyond this is no answer.
_MOST_OUTPUT = 64 << 20
# How long a podman that was told to end may take for it: it does not stop in a critical section.
_GRACE = 2.0
_WORDS = 2000
# How long the writer of stdin may take to see that nobody wants the rest.
_LOOK_UP_MS = 100


@dataclass(frozen=True)
class CompletedCommand:
    """How a command ended. `stdout` and `stderr` are never mixed; bytes that are no UTF-8 show."""

    status: int
    stdout: str
    stderr: str


class CommandTimeout(Exception):
    """The command did not end in time and was told to."""


class OutputTooLarge(Exception):
    """The command wrote more than any answer can be."""


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    timeout: float,
    stdin: Iterable[bytes] = (),
) -> CompletedCommand:
    """The command's answer. Raises OSError (it cannot be executed), TooSlow, TooMuch.

    It gets a process group of its own, so that Ctrl-C at the terminal reaches us and not it: what
    is begun can then be undone in order. All of the group is told to end when the command is: it
    may be a script that runs podman. What `stdin` raises passes through, once it has ended.
    """
    fed = not isinstance(stdin, tuple) or bool(stdin)
    process = _started(command, env, fed=fed)
    deadline = time.monotonic() + timeout
    feeder = _Feeder(process, stdin)
    try:
        return _converse(process, deadline, feeder)
    except (KeyboardInterrupt, SystemExit):
        feeder.stop()
        _wait_out(process, deadline)
        raise
    except BaseException:
        _end(process)
        raise
    finally:
        feeder.stop()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def spawn(
    command: Sequence[str], env: Mapping[str, str], streams: tuple[int, int, int], *, alone: bool
) -> "subprocess.Popen[bytes]":
    """Start a command that has these three descriptors, for as long as it likes; raises OSError.

    `alone`: in a process group of its own, which a Ctrl-C at the terminal does not reach and
    which may not read from the terminal.
    """
    stdin, stdout, stderr = streams
    group = 0 if alone else None
    return subprocess.Popen(
        command, stdin=stdin, stdout=stdout, stderr=stderr, env=dict(env), process_group=group
    )


def wait_exit_status(process: "subprocess.Popen[bytes]") -> int:
    """Wait for its end; its exit status, 128 + n when signal n ended it."""
    try:
        status = process.wait()
    except BaseException:
        _end(process)
        raise
    return status if status >= 0 else 128 - status


def _started(
    command: Sequence[str], env: Mapping[str, str], *, fed: bool
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        process_group=0,
    )


class BackgroundCommand:
    """A command that goes on until it is ended, in a process group of its own.

    `out` is the descriptor of what it writes to stdout. Raises OSError: it cannot be executed.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = _started(command, env, fed=False)
        out, err = self._process.stdout, self._process.stderr
        if out is None or err is None:
            raise OSError("there are no pipes")
        self._pipes = (out, err)
        self.out: int = out.fileno()
        self._words = b""
        # Its warnings must not fill the pipe: then it would wait for ever.
        self._reader = threading.Thread(target=self._gather, args=(err.fileno(),), daemon=True)
        self._reader.start()

    def _gather(self, descriptor: int) -> None:
        with suppress(OSError):
            while chunk := os.read(descriptor, _CHUNK):
                self._words = (self._words + chunk)[-_WORDS:]

    def words(self) -> str:
        """The end of what it wrote to stderr, when it has ended."""
        self._reader.join(_GRACE)
        return self._words.decode(errors="backslashreplace").strip()

    def end(self) -> None:
        """Let it end; it has when this returns."""
        _end(self._process)

    def give_back(self) -> None:
        """Close its pipes, when nobody reads any more."""
        self._reader.join(_GRACE)
        for pipe in self._pipes:
            pipe.close()


def _wait_out(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Let it end by itself: a `podman stop` that is killed leaves a container "stopping" for ever.

    A second Ctrl-C ends the wait. (`with Popen(..)` would wait for a quarter of a second only.)
    """
    try:
        _ = _read(process, deadline)
        _ = process.wait(max(0.0, deadline - time.monotonic()))
    except (CommandTimeout, OutputTooLarge, subprocess.TimeoutExpired):
        _end(process)


def _converse(
    process: subprocess.Popen[bytes], deadline: float, feeder: "_Feeder"
) -> CompletedCommand:
    if process.stdin is not None:
        feeder.start()
    said = _read(process, deadline)
    if process.stdin is not None:
        feeder.join(max(0.0, deadline - time.monotonic()))
        if feeder.is_alive():
            raise CommandTimeout
    if feeder.broken is not None:
        raise feeder.broken
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CommandTimeout from None
    out, err = (data.decode(errors="backslashreplace") for data in said)
    return CompletedCommand(status, out, err)


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytearray, bytearray]:
    """Both outputs to their ends. One thread reads both: starting two more costs 2 ms each."""
    said = (bytearray(), bytearray())
    with selectors.DefaultSelector() as waiting:
        for pipe, data in zip((process.stdout, process.stderr), said, strict=True):
            if pipe is not None:
                _ = waiting.register(pipe, selectors.EVENT_READ, data)
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise CommandTimeout
            for key, _ in waiting.select(left):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    _ = waiting.unregister(key.fileobj)
                key.data.extend(chunk)
                if len(key.data) > _MOST_OUTPUT:
                    raise OutputTooLarge
    return said


class _Feeder(threading.Thread):
    """Writes stdin while the outputs are read, so that neither can block the other.

    It never waits inside a write: whoever holds the other end need not be the command itself, and
    may outlive it without reading.
    """

    def __init__(self, process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._chunks = chunks
        self._writing = threading.Lock()
        self._stopped = False
        self.broken: BaseException | None = None
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)

    def run(self) -> None:
        """Write all, or end the command, so that a cut archive is not taken for a whole one."""
        try:
            for chunk in self._chunks:
                self._write(memoryview(chunk))
            self.stop()
        except (BrokenPipeError, _Stopped):
            # It ended, or was given up, without reading everything: its status says why.
            self.stop()
        except BaseException as broken:
            self.broken = broken
            _end(self._process)
            self.stop()

    def stop(self) -> None:
        """Close the pipe; what is not written yet never will be."""
        with self._writing:
            self._stopped = True
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _write(self, rest: memoryview) -> None:
        while rest:
            written = self._write_some(rest)
            if not written:
                self._wait_for_room()
            rest = rest[written:]

    def _write_some(self, rest: memoryview) -> int:
        # Under the lock: another file may have the pipe's number once the pipe is closed.
        with self._writing:
            if self._stopped or self._process.stdin is None:
                raise _Stopped
            try:
                return os.write(self._process.stdin.fileno(), rest)
            except BlockingIOError:
                return 0

    def _wait_for_room(self) -> None:
        waiting = select.poll()
        with self._writing:
            if self._stopped or self._process.stdin is None:
                raise _Stopped
            waiting.register(self._process.stdin.fileno(), select.POLLOUT)
        _ = waiting.poll(_LOOK_UP_MS)


class _Stopped(Exception):
    """Nobody wants the rest of stdin."""


def _end(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    try:
        _ = process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        # Not for ever: a program of another user's cannot be killed.
        with suppress(subprocess.TimeoutExpired):
            _ = process.wait(_GRACE)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Until the process was waited for, its number is its own, and so is its group's.
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            # One that was left in our own group must not take us with it.
            own = os.getpgid(process.pid) == process.pid
            (os.killpg if own else os.kill)(process.pid, number)
