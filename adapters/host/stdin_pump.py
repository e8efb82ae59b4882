"""Write to the input of a process while its outputs are read, so that neither blocks the other."""

import os
import select
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

_CHUNK_BYTES = 1 << 16


class StdinPump(threading.Thread):
    """Copy `source` to `sink` until the end of either, or until `stop`.

    It never waits inside a write or a read that cannot be stopped: whoever holds the other end
    need not be the process itself, and may outlive it without reading.

    Args:
        source: A descriptor to read from, or the chunks themselves.
        sink: The descriptor that is waited for before each `write`.
        write: Writes without blocking; returns the number of bytes taken.
        close: Called once, when nothing more is written.
        on_error: Called before `close` when the chunks raise; what they raised is then `error`.
    """

    def __init__(
        self,
        source: int | Iterable[bytes],
        sink: int,
        write: Callable[[memoryview], int],
        close: Callable[[], None],
        on_error: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(daemon=True)
        self._chunks = self._read(source) if isinstance(source, int) else source
        self._sink = sink
        self._write = write
        self._close = close
        self._on_error = on_error
        self._wake, self._waker = os.pipe()
        self._was_stopped = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Copy."""
        try:
            for chunk in self._chunks:
                if not self._write_all(memoryview(chunk)):
                    break
        except BaseException as error:
            self.error = error
            self._on_error()
        finally:
            with suppress(OSError):
                self._close()
            os.close(self._wake)

    def stop(self, timeout: float | None = None) -> None:
        """End it, and wait until it has ended, at most `timeout` seconds; may be called again."""
        if not self._was_stopped:
            self._was_stopped = True
            os.close(self._waker)
        self.join(timeout)

    def _read(self, source: int) -> Iterator[bytes]:
        while self._wake not in wait_for((source, select.POLLIN), (self._wake, select.POLLIN)):
            try:
                chunk = os.read(source, _CHUNK_BYTES)
            except OSError:
                # Closed, or a terminal that went away: nothing more comes.
                return
            if not chunk:
                return
            yield chunk

    def _write_all(self, rest: memoryview) -> bool:
        """Return whether all was written, before it was stopped or nobody read any more."""
        while rest:
            ready = wait_for((self._sink, select.POLLOUT), (self._wake, select.POLLIN))
            if self._wake in ready:
                return False
            try:
                rest = rest[self._write(rest) :]
            except BlockingIOError:
                continue
            except OSError:
                # Whoever does not read any more has ended: its status says why.
                return False
        return True


def wait_for(*files: tuple[int, int]) -> set[int]:
    """Wait until one of these descriptors is ready for its poll events; return those that are."""
    # Not select.select: a descriptor may be above 1023.
    poll = select.poll()
    for fd, events in files:
        poll.register(fd, events)
    return {fd for fd, _ in poll.poll()}
