"""What a command that is attached to this process needs: signals forwarded, its output written."""

import os
import select
import signal
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

from lanekit.adapters.host.signals import signal_handlers
from lanekit.adapters.host.stdin_pump import wait_for

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

PIPE_CLOSED = 128 + signal.SIGPIPE
"""The status of a command whose output nobody reads any more, as a shell shows it."""


class SignalNotForwarded(BaseException):
    """A signal came that could not be forwarded. Not an Exception: like KeyboardInterrupt."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status: int = 128 + number


@contextmanager
def forward_signals(
    forward: Callable[[int], bool], on_resize: Callable[[], None] | None = None
) -> Generator[None]:
    """Within, signals go to `forward`; where it returns False, `SignalNotForwarded` is raised.

    `on_resize` is called when the terminal has another size.
    """

    def handle(number: int) -> None:
        if not forward(number):
            raise SignalNotForwarded(number)

    with ExitStack() as handlers:
        handlers.enter_context(signal_handlers(_FORWARDED, handle))
        if on_resize is not None:
            handlers.enter_context(signal_handlers((signal.SIGWINCH,), lambda _: on_resize()))
        yield


def write_all(fd: int, data: memoryview) -> None:
    """Write all of it, also to what does not block; raises OSError."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            _ = wait_for((fd, select.POLLOUT))
