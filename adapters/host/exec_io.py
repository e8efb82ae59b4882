"""What a command that is attached to this process needs: its input fed, its signals handed on."""

import os
import select
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType

_CHUNK = 1 << 16
_HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

PIPE_CLOSED = 128 + signal.SIGPIPE
"""The status of a command whose output nobody reads any more, as a shell shows it."""


class SignalNotForwarded(BaseException):
    """A signal came that could not be handed on. Not an Exception: like KeyboardInterrupt."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status: int = 128 + number


@contextmanager
def forward_signals(
    hand_on: Callable[[int], bool], resized: Callable[[], None] | None = None
) -> Generator[None]:
    """Within, signals go to `hand_on`; where it says False, `Unheard` is raised.

    `resized` is called when the terminal has another size. Signals that were ignored stay
    ignored. In another thread than the main one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if not hand_on(number):
            raise SignalNotForwarded(number)

    def resize(_number: int, _frame: FrameType | None) -> None:
        if resized is not None:
            resized()

    before = {n: signal.getsignal(n) for n in _HANDED_ON if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        _ = signal.signal(number, handle)
    if resized is not None:
        before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, resize)
    try:
        yield
    finally:
        for number, handler in before.items():
            _ = signal.signal(number, handler)


class StdinPump(threading.Thread):
    """Copies `source` to `sink` until the end of either, or until `stop`. Nothing piles up.

    It waits for both at once, so that it can be stopped while nobody types and while nobody
    reads. `write` does not block: it gives the number of bytes taken. At the end of `source`,
    `end` is called and `at_end` is true.
    """

    def __init__(
        self,
        source: int,
        sink: int,
        write: Callable[[memoryview], int],
        end: Callable[[], None],
    ) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._sink = sink
        self._write = write
        self._end = end
        self._told, self._tell = os.pipe()
        self.at_end: bool = False

    def run(self) -> None:
        """Copy. Who does not take it any more has ended: its status says how."""
        with suppress(OSError):
            while (chunk := self._read()) is not None:
                if not chunk:
                    self.at_end = True
                    self._end()
                    return
                if not self._written(memoryview(chunk)):
                    return

    def stop(self) -> None:
        """End it, and wait until it has ended. Once."""
        os.close(self._tell)
        self.join()
        os.close(self._told)

    def _read(self) -> bytes | None:
        """None: it was stopped."""
        if self._told in _wait((self._source, select.POLLIN), (self._told, select.POLLIN)):
            return None
        try:
            return os.read(self._source, _CHUNK)
        except OSError:
            # Closed, or a terminal that went away: nothing more comes.
            return b""

    def _written(self, rest: memoryview) -> bool:
        while rest:
            if self._told in _wait((self._sink, select.POLLOUT), (self._told, select.POLLIN)):
                return False
            with suppress(BlockingIOError):
                rest = rest[self._write(rest) :]
        return True


def _wait(*files: tuple[int, int]) -> set[int]:
    # Not select.select: a descriptor may be above 1023.
    waiting = select.poll()
    for fd, events in files:
        waiting.register(fd, events)
    return {fd for fd, _ in waiting.poll()}


def write_all(fd: int, data: memoryview) -> None:
    """Write all of it, also to what does not block; raises OSError."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            _ = _wait((fd, select.POLLOUT))
