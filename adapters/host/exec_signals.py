"""The process that an exec began in a container, seen from this host: to hand signals to it.

Neither podman's command nor its service hands a signal on to what an exec runs: a podman that is
told to end leaves it behind. So it is given a variable with a value that nothing else has, and is
looked for when a signal has to reach it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

EXEC_ID_ENV = "LANEKIT_EXEC"
"""The variable; its value is a new token for each exec."""


def new_token() -> str:
    """Return a value that no other process has."""
    return os.urandom(16).hex()


def forward_signal(container: str, token: str, number: int) -> bool:
    """Send the signal to what was executed with this token in the container of this full id.

    False when there is no such process here: it has ended, or it runs on another host. Its
    children have the variable from it; they are its own affair.
    """
    wanted = f"{EXEC_ID_ENV}={token}".encode()
    marked = {pid: _parent(pid) for pid in _processes(container) if wanted in _environ(pid)}
    eldest = [pid for pid, parent in marked.items() if parent not in marked]
    sent = [_send(pid, container, number) for pid in eldest]
    return any(sent)


def _processes(container: str) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit() and _is_in(int(name), container):
            yield int(name)


def _is_in(pid: int, container: str) -> bool:
    return container.encode() in _read(f"/proc/{pid}/cgroup")


def _environ(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/environ").split(b"\0")


def _parent(pid: int) -> int:
    # The name in brackets may have blanks and brackets of its own.
    rest = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(rest[1]) if len(rest) > 1 else 0


def _read(path: str) -> bytes:
    with suppress(OSError), open(path, "rb") as file:
        return file.read()
    return b""


def _send(pid: int, container: str, number: int) -> bool:
    with suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            # Looked at again: until the descriptor was open the number could change hands.
            if _is_in(pid, container):
                signal.pidfd_send_signal(process, number)
                return True
        finally:
            os.close(process)
    return False
