"""Run a command: bounded in time and in what it may say, never through a shell."""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from lanekit.adapters.host.stdin_pump import StdinPump
from lanekit.core.domain._dataclass import dataclass

_CHUNK_BYTES = 1 << 16
_MAX_ERROR_BYTES = 2000


@dataclass(frozen=True)
class ProcessLimits:
    """What a process may take.

    `grace_seconds`: how long after SIGTERM it is killed; a podman does not stop in a critical
    section. `max_output_bytes`: an inspect of 150 containers is about 2 MB; what goes on beyond
    this is not an answer.
    """

    grace_seconds: float = 2.0
    max_output_bytes: int = 64 << 20


DEFAULT_LIMITS = ProcessLimits()


@dataclass(frozen=True)
class CompletedCommand:
    """How a command ended. Bytes that are not UTF-8 are escaped."""

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
    limits: ProcessLimits = DEFAULT_LIMITS,
) -> CompletedCommand:
    """Run the command to its end, within `timeout` seconds.

    It gets a process group of its own, so that Ctrl-C at the terminal reaches us and not it: what
    is begun can then be undone in order. All of the group is told to end when the command is: it
    may be a script that runs podman. What `stdin` raises passes through, once it has ended.

    Raises:
        OSError: it cannot be executed.
        CommandTimeout: it did not end in time, and was told to.
        OutputTooLarge: it wrote more than `limits` allow.
    """
    fed = not isinstance(stdin, tuple) or bool(stdin)
    process = _started(command, env, fed=fed)
    deadline = time.monotonic() + timeout
    pump = _pump(process, stdin, limits)
    try:
        return _converse(process, deadline, pump, limits)
    except (KeyboardInterrupt, SystemExit):
        if pump is not None:
            pump.stop(limits.grace_seconds)
        _wait_out(process, deadline, limits)
        raise
    except BaseException:
        _end(process, limits)
        raise
    finally:
        if pump is not None:
            pump.stop(limits.grace_seconds)
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
        _end(process, DEFAULT_LIMITS)
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

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        limits: ProcessLimits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self._process = _started(command, env, fed=False)
        out, err = self._process.stdout, self._process.stderr
        if out is None or err is None:
            raise OSError("there are no pipes")
        self._pipes = (out, err)
        self.out: int = out.fileno()
        self._errors = b""
        # Its warnings must not fill the pipe: then it would wait for ever.
        self._reader = threading.Thread(target=self._read_errors, args=(err.fileno(),), daemon=True)
        self._reader.start()

    def _read_errors(self, descriptor: int) -> None:
        with suppress(OSError):
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                self._errors = (self._errors + chunk)[-_MAX_ERROR_BYTES:]

    def stderr(self) -> str:
        """Return the end of what it wrote to stderr, when it has ended."""
        self._reader.join(self._limits.grace_seconds)
        return self._errors.decode(errors="backslashreplace").strip()

    def end(self) -> None:
        """End it; it has ended when this returns."""
        _end(self._process, self._limits)

    def close(self) -> None:
        """Close its pipes, when nobody reads any more."""
        self._reader.join(self._limits.grace_seconds)
        for pipe in self._pipes:
            pipe.close()


def _wait_out(process: subprocess.Popen[bytes], deadline: float, limits: ProcessLimits) -> None:
    """Let it end by itself: a `podman stop` that is killed leaves a container "stopping" for ever.

    A second Ctrl-C ends the wait. (`with Popen(..)` would wait for a quarter of a second only.)
    """
    try:
        _ = _read(process, deadline, limits)
        _ = process.wait(max(0.0, deadline - time.monotonic()))
    except (CommandTimeout, OutputTooLarge, subprocess.TimeoutExpired):
        _end(process, limits)


def _pump(
    process: subprocess.Popen[bytes], chunks: Iterable[bytes], limits: ProcessLimits
) -> StdinPump | None:
    """Return the writer of its stdin, if it has one.

    When the chunks raise, the command is ended before the pipe is closed, so that it does not take
    a cut archive for a whole one.
    """
    if process.stdin is None:
        return None
    sink = process.stdin.fileno()
    os.set_blocking(sink, False)
    write, close = partial(os.write, sink), process.stdin.close
    return StdinPump(chunks, sink, write, close, partial(_end, process, limits))


def _converse(
    process: subprocess.Popen[bytes],
    deadline: float,
    pump: StdinPump | None,
    limits: ProcessLimits,
) -> CompletedCommand:
    if pump is not None:
        pump.start()
    outputs = _read(process, deadline, limits)
    if pump is not None:
        pump.join(max(0.0, deadline - time.monotonic()))
        if pump.is_alive():
            raise CommandTimeout
        if pump.error is not None:
            raise pump.error
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CommandTimeout from None
    out, err = (data.decode(errors="backslashreplace") for data in outputs)
    return CompletedCommand(status, out, err)


def _read(
    process: subprocess.Popen[bytes], deadline: float, limits: ProcessLimits
) -> tuple[bytearray, bytearray]:
    """Read both outputs to their ends. One thread reads both: starting two more costs 2 ms each."""
    outputs = (bytearray(), bytearray())
    with selectors.DefaultSelector() as waiting:
        for pipe, data in zip((process.stdout, process.stderr), outputs, strict=True):
            if pipe is not None:
                _ = waiting.register(pipe, selectors.EVENT_READ, data)
        while waiting.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise CommandTimeout
            for key, _ in waiting.select(remaining):
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    _ = waiting.unregister(key.fileobj)
                key.data.extend(chunk)
                if len(key.data) > limits.max_output_bytes:
                    raise OutputTooLarge
    return outputs


def _end(process: subprocess.Popen[bytes], limits: ProcessLimits) -> None:
    _signal(process, signal.SIGTERM)
    try:
        _ = process.wait(limits.grace_seconds)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        # Not for ever: a program of another user's cannot be killed.
        with suppress(subprocess.TimeoutExpired):
            _ = process.wait(limits.grace_seconds)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Until the process was waited for, its number is its own, and so is its group's.
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            # One that was left in our own group must not take us with it.
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, number)
            else:
                os.kill(process.pid, number)
