"""Ctrl-C and SIGTERM: one clear line, a rollback, and the right exit code.

Signals belong to the process, and so does the state here.
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
_FIRST = "lanekit: interrupted, rolling back; press Ctrl-C again to exit immediately"
_IDLE = "lanekit: interrupted"
_SECOND = "lanekit: exited without rolling back; the next `lanekit ensure` recovers"


class _InterruptState:
    """How many blocks the main thread is in that defer a first signal, and whether one waits.

    `idle`: nothing is under way that would have to be rolled back.
    """

    depth = 0
    waits = False
    idle = False


@contextmanager
def defer_interrupts() -> Generator[None]:
    """Defer a first signal: KeyboardInterrupt is raised at the end of the block.

    For the main thread, and for short blocks: to print a lane that is done.
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
    """Let an interruption in this block not announce a rollback."""
    _InterruptState.idle = True
    try:
        yield
    finally:
        _InterruptState.idle = False


def confirmed(question: str) -> bool:
    """Ask a yes-or-no question on the terminal."""
    with nothing_to_undo():
        return typer.confirm(question, err=True)


@contextmanager
def interruptible() -> Generator[None]:
    """Raise KeyboardInterrupt at the first signal; the exit code is then 128 + its number.

    A second signal ends the process at once, as kill -9 would: the next ensure recovers from every
    state that this leaves. A signal that the caller ignores stays ignored.
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
