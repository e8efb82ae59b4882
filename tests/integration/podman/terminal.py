"""A terminal for a program under test: what it types, what is seen, and how large it is."""

import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import ioctl
from typing import Any

# The terminal becomes the program's own, so that its Ctrl-C and its size are signals to it.
_LAUNCH = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvpe(sys.argv[1], sys.argv[1:], os.environ)"
)
_PATIENCE = 20.0


@dataclass
class Terminal:
    """The other side of a terminal on which a program runs."""

    fd: int
    program: "subprocess.Popen[bytes]"
    _its_side: int
    seen: str = field(default="")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        _ = os.write(self.fd, keys)

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """What matches on the screen, once it does; what was seen until then is forgotten."""
        deadline = time.monotonic() + _PATIENCE
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.seen!r}"
            _ = self._read(left)
        self.seen = self.seen[found.end() :]
        return found

    def resize(self, lines: int, columns: int) -> None:
        """Let it be so large; the program hears of it."""
        _ = ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def modes(self) -> list[Any]:
        """How it is set, as tcgetattr says."""
        return termios.tcgetattr(self._its_side)

    def end(self) -> int:
        """Wait for the program's end; its exit status. What it still says is read meanwhile."""
        deadline = time.monotonic() + _PATIENCE
        while (status := self.program.poll()) is None:
            assert time.monotonic() < deadline, f"it does not end: {self.seen!r}"
            _ = self._read(0.05)
        while self._read(0):
            continue
        return status

    def _read(self, seconds: float) -> bool:
        """Read what comes within these seconds; whether there was anything."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.fd, 65536).decode(errors="replace")
        return True


@contextmanager
def on_a_terminal(
    command: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (30, 100)
) -> Generator[Terminal]:
    """Run the command on a terminal of its own until the context is left."""
    ours, its = os.openpty()
    try:
        _ = ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        launch = [sys.executable, "-c", _LAUNCH, *command]
        with subprocess.Popen(launch, stdin=its, stdout=its, stderr=its, env=env) as program:
            try:
                yield Terminal(ours, program, its)
            finally:
                program.kill()
    finally:
        os.close(ours)
        os.close(its)
