"""A signal that comes just before the main thread waits breaks that wait off too.

Python notes a signal, and calls its handler between two steps of the main thread (its manual,
"Execution of Python signal handlers"). One that comes after the last step before a wait is noted,
and the wait begins all the same: a Ctrl-C that seems to do nothing for as long as podman takes.
"""

import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

# It breaks a wait off as any signal does, and means nothing: whom it reaches too late ignores it.
_WAKE_SIGNAL = signal.SIGURG
_AGAIN = 0.02  # seconds; the poke itself may come just before the wait
_AT_ONCE = 64  # bytes: each is the number of a signal that came


@contextmanager
def waking() -> Generator[None]:
    """Within, a signal that has a handler is acted on soon, whatever the main thread waits in.

    For the main thread only.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        # No Event: its lock, taken twice by handlers in one thread, would be for ever.
        seen.append(number)

    before = signal.signal(_WAKE_SIGNAL, handle)
    wakes = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    waker = threading.Thread(
        target=_wake, args=(threading.get_ident(), reader, seen), name="lanekit wake", daemon=True
    )
    waker.start()
    try:
        yield
    finally:
        _ = signal.set_wakeup_fd(wakes)
        os.close(writer)
        waker.join()
        os.close(reader)
        _ = signal.signal(_WAKE_SIGNAL, before)


def _wake(main: int, reader: int, seen: list[int]) -> None:
    """After each signal, poke the main thread until it has called the handlers of all that came."""
    while numbers := os.read(reader, _AT_ONCE):
        if set(numbers) == {_WAKE_SIGNAL}:
            continue
        seen.clear()
        while not seen:
            signal.pthread_kill(main, _WAKE_SIGNAL)
            time.sleep(_AGAIN)
