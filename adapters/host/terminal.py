"""The terminal of this process: its size, and raw while a program in a container has it."""

import os
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager, suppress


def size_of(fd: int) -> tuple[int, int] | None:
    """Lines and columns of the terminal that this is; None when it is none."""
    with suppress(OSError):
        size = os.get_terminal_size(fd)
        return size.lines, size.columns
    return None


@contextmanager
def saved_terminal(fd: int, *, raw: bool) -> Generator[None]:
    """Within, the terminal may be changed; afterwards it is as it was, whoever changed it.

    `raw`: every key is handed on as it is, Ctrl-C too. What is no terminal is left alone.
    """
    try:
        before = termios.tcgetattr(fd)
    except (termios.error, OSError):
        yield
        return
    try:
        if raw:
            tty.setraw(fd, termios.TCSADRAIN)
        yield
    finally:
        # A terminal that was closed meanwhile has nothing to be given back.
        with suppress(termios.error, OSError):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
