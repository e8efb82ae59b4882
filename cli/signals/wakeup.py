"""A signal that comes just before the main thread waits ends that wait too.

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

# It ends a wait as any signal does, and means nothing: it is ignored where it comes too late.
_WAKE_SIGNAL = signal.SIGURG
_REPEAT_SECONDS = 0.02  # the wake-up itself may come just before the wait
_READ_BYTES = 64  # each byte is the number of a signal that came


@contextmanager
def waking() -> Generator[None]:
    """Have handlers of signals called soon, whatever the main thread waits for in this block.

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
    """After each signal, wake the main thread until it has called the handlers of all that came."""
    while numbers := os.read(reader, _READ_BYTES):
        if set(numbers) == {_WAKE_SIGNAL}:
            continue
        seen.clear()
        while not seen:
            signal.pthread_kill(main, _WAKE_SIGNAL)
            time.sleep(_REPEAT_SECONDS)
