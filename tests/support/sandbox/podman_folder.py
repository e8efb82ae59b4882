"""The folder of a podman sandbox: taken by one process, cleared away whatever becomes of it.

All of a user's sandboxes lie in one folder of the temporary directory. Each has a file `lock`,
locked by the process that uses it and by its reaper; where neither lives any more, the next
process that comes along clears the sandbox away.
"""

import fcntl
import os
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sandbox import podman_reaper

_PATIENCE = 90
_RUNROOT_LIMIT = 50  # podman refuses a longer --runroot


@dataclass
class ClaimedFolder:
    """An empty folder and the reaper that waits for the end of this process, or for `release`."""

    path: Path
    _reaper: "subprocess.Popen[bytes]" = field(repr=False)

    def release(self) -> None:
        """Have all of it cleared away; RuntimeError when something is left. Idempotent."""
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        _ = self._reaper.wait(_PATIENCE)
        log = _log_of(self.path)
        if self.path.exists() or log.exists():
            said = log.read_text() if log.exists() else ""
            raise RuntimeError(f"the podman sandbox {self.path} was not cleared away:\n{said}")


def claim_folder() -> ClaimedFolder:
    """A new folder with its reaper; those left over by processes that were killed are cleared."""
    parent = _parent()
    with open(parent / "lock", "w") as everybody:
        fcntl.flock(everybody, fcntl.LOCK_EX)  # a folder is never seen before its lock is held
        left = [(path, lock) for path in _sandboxes(parent) if (lock := _try_lock(path)) >= 0]
        path = Path(tempfile.mkdtemp(dir=parent, prefix=""))
        lock = _try_lock(path)
    for old, held in left:
        _clear(old)
        os.close(held)
    with open(_log_of(path), "wb") as log:
        reaper = subprocess.Popen(
            [sys.executable, "-I", podman_reaper.__file__, str(path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,  # a Ctrl-C is for the tests, not for it
        )
    os.close(lock)  # the reaper has it
    return ClaimedFolder(path, reaper)


def _parent() -> Path:
    """Ours alone: others could plant something for us to delete."""
    name = f"lanekit-podman-{os.geteuid()}"
    parent = Path(tempfile.gettempdir()) / name
    if len(str(parent / "12345678" / "runvfs")) > _RUNROOT_LIMIT:
        parent = Path("/tmp") / name
    parent.mkdir(mode=0o700, exist_ok=True)
    found = parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise RuntimeError(f"{parent} is not a folder of yours; remove it or set TMPDIR")
    return parent


def _sandboxes(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()]


def _try_lock(folder: Path) -> int:
    """A descriptor that holds the folder's lock, or -1 when somebody else has it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    os.close(descriptor)
    return -1


def _clear(folder: Path) -> None:
    """What cannot be cleared now is tried again by the next process; it hurts nobody meanwhile."""
    try:
        podman_reaper.reap(folder)
        _log_of(folder).unlink(missing_ok=True)
    except OSError as error:
        _ = sys.stderr.write(f"an old podman sandbox cannot be cleared away: {error}\n")


def _log_of(folder: Path) -> Path:
    return folder.with_suffix(".log")
