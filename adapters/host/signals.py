"""Handlers of signals that are set for a while."""

import signal
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signal_handlers(numbers: Iterable[int], handle: Callable[[int], None]) -> Generator[None]:
    """Within, these signals call `handle`; afterwards their handlers are as they were.

    Signals that were ignored stay ignored. In another thread than the main one, where handlers
    cannot be set, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def call(number: int, _frame: FrameType | None) -> None:
        handle(number)

    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        _ = signal.signal(number, call)
    try:
        yield
    finally:
        for number, handler in before.items():
            _ = signal.signal(number, handler)
