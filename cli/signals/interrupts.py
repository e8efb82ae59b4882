"""Ctrl-C and SIGTERM: one clear line, what was begun is undone, and the right exit code.

Signals belong to the process, and so does what is kept here.
"""

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import typer

from lanekit.cli.signals.wakeup import waking

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FIRST = "lanekit: interrupted; putting back what was begun (once more: leave at once)"
_IDLE = "lanekit: interrupted"
_SECOND = "lanekit: left at once; the next `lanekit ensure` puts right what was begun"


class _InterruptState:
    """How deep the main thread is in what a first signal has to wait for, and if one does.

    `idle`: nothing is begun that would have to be put back.
    """

    depth = 0
    waits = False
    idle = False


@contextmanager
def defer_interrupts() -> Generator[None]:
    """Within, a first signal waits: KeyboardInterrupt is raised at the end. A second one does not.

    For the main thread, and for what is short: a lane that is done, and not yet told of.
    """
    _InterruptState.depth += 1
    try:
        yield
    finally:
        _InterruptState.depth -= 1
        if _InterruptState.waits and not _InterruptState.depth:
            _InterruptState.waits = False
            raise KeyboardInterrupt


@contextmanager
def nothing_to_undo() -> Generator[None]:
    """Within, nothing is begun: who interrupts it is not told that something is put back."""
    _InterruptState.idle = True
    try:
        yield
    finally:
        _InterruptState.idle = False


def confirmed(question: str) -> bool:
    """Whether whoever sits at the terminal says yes."""
    with nothing_to_undo():
        return typer.confirm(question, err=True)


@contextmanager
def interruptible() -> Generator[None]:
    """Within, the first signal raises KeyboardInterrupt; the exit code is then 128 + its number.

    A second one ends the process there and then, as kill -9 would: every state that leaves is one
    that the next ensure puts right. A signal that the caller had ignored stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            _write_stderr(_SECOND)
            os._exit(128 + received[0])
        _write_stderr(_IDLE if _InterruptState.idle else _FIRST)
        if not _InterruptState.depth:
            raise KeyboardInterrupt
        _InterruptState.waits = True

    before = {s: signal.getsignal(s) for s in _SIGNALS if signal.getsignal(s) != signal.SIG_IGN}
    for number in before:
        _ = signal.signal(number, handle)
    try:
        with waking():
            yield
    except (KeyboardInterrupt, SystemExit):
        # typer makes 130 of any KeyboardInterrupt.
        if received:
            raise SystemExit(128 + received[0]) from None
        raise
    finally:
        # After a first signal the process is on its way out, and a second one still may come.
        for number, handler in before.items() if not received else ():
            _ = signal.signal(number, handler)


def _write_stderr(text: str) -> None:
    # A signal may come in the middle of a write: the buffers of sys.stderr are off limits.
    try:
        _ = os.write(2, f"{text}\n".encode())
    except OSError:
        return
