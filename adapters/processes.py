"""Run a command: bounded in time and in what it may say, never through a shell."""

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from lanekit.core.value import dataclass

_CHUNK = 1 << 16
# An inspect of 150 containers is about 2 MB; what goes on beyond this is no answer.
_MOST_OUTPUT = 64 << 20
# How long a podman that was told to end may take for it: it does not stop in a critical section.
_GRACE = 2.0


@dataclass(frozen=True)
class Answer:
    """How a command ended. `stdout` and `stderr` are never mixed; bytes that are no UTF-8 show."""

    status: int
    stdout: str
    stderr: str


class TooSlow(Exception):
    """The command did not end in time and was told to."""


class TooMuch(Exception):
    """The command wrote more than any answer can be."""


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    timeout: float,
    stdin: Iterable[bytes] = (),
) -> Answer:
    """The command's answer. Raises OSError (it cannot be executed), TooSlow, TooMuch.

    It gets a process group of its own, so that Ctrl-C at the terminal reaches us and not it: what
    is begun can then be undone in order. What `stdin` raises passes through, once it has ended.
    """
    fed = not isinstance(stdin, tuple) or bool(stdin)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        process_group=0,
    ) as process:
        try:
            return _converse(process, time.monotonic() + timeout, _Feeder(process, stdin))
        except (KeyboardInterrupt, SystemExit):
            # Left to end by itself, and waited for: a `podman stop` that is killed leaves its
            # container in the state "stopping" for ever. A second Ctrl-C ends the wait.
            raise
        except BaseException:
            _end(process)
            raise


def _converse(process: subprocess.Popen[bytes], deadline: float, feeder: "_Feeder") -> Answer:
    if process.stdin is not None:
        feeder.start()
    said = _read(process, deadline)
    if process.stdin is not None:
        feeder.join(max(0.0, deadline - time.monotonic()))
    if feeder.broken is not None:
        raise feeder.broken
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TooSlow from None
    out, err = (data.decode(errors="backslashreplace") for data in said)
    return Answer(status, out, err)


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytearray, bytearray]:
    """Both outputs to their ends. One thread reads both: starting two more costs 2 ms each."""
    said = (bytearray(), bytearray())
    with selectors.DefaultSelector() as waiting:
        for pipe, data in zip((process.stdout, process.stderr), said, strict=True):
            if pipe is not None:
                _ = waiting.register(pipe, selectors.EVENT_READ, data)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                raise TooSlow
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    _ = waiting.unregister(key.fileobj)
                key.data.extend(chunk)
                if len(key.data) > _MOST_OUTPUT:
                    raise TooMuch
    return said


class _Feeder(threading.Thread):
    """Writes stdin while the outputs are read, so that neither can block the other."""

    def __init__(self, process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._chunks = chunks
        self.broken: BaseException | None = None

    def run(self) -> None:
        """Write all, or end the command, so that a cut archive is not taken for a whole one."""
        pipe = self._process.stdin
        if pipe is None:
            return
        try:
            for chunk in self._chunks:
                _ = pipe.write(chunk)
            pipe.close()
        except (BrokenPipeError, ValueError):
            # It ended, or was given up, without reading everything: its status says why. What is
            # still buffered breaks the pipe once more.
            with suppress(OSError):
                pipe.close()
        except BaseException as broken:
            self.broken = broken
            _end(self._process)
            with suppress(OSError):
                pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        _ = process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
