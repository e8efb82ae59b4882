"""`FileLock`: one worker at a time on a lane, by flock on a file for each container name."""

import contextlib
import fcntl
import os
import stat
from types import TracebackType

from returns.result import Failure, Success

from lanekit.adapters.host.clock import SystemClock
from lanekit.core.domain.errors import InvalidLane, LockTimeout, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.ports.clock import Clock

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
_PRIVATE = 0o700
_OTHERS_WRITE = 0o022
_PID_DIGITS = 20
_NOTE_LENGTH = 100
_LENGTH = _PID_DIGITS + 1 + _NOTE_LENGTH + 1


class FileLock:
    """`LaneLock` by flock(2); see ADR 0012.

    `folder` is where the lock files are; without it `default_folder()`. Locks hold between
    processes and between threads. They end with their owner, also after kill -9.
    """

    def __init__(self, folder: str | None = None, *, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()

    def hold(self, container_name: str, timeout: float) -> "Outcome[LockedJournal]":
        """See `LaneLock.hold`; a timeout of 0 tries once.

        `LockTimeout` when the time is over; `InvalidLane` when the folder of the locks cannot be
        used: not a folder, somebody else's, writable by others, or not to be made.
        """
        path = self._path(container_name)
        try:
            _make_private(os.path.dirname(path))
            return self._wait(path, container_name, self._clock.now() + timeout)
        except OSError as error:
            return Failure(_unusable(path, error))

    def _path(self, name: str) -> str:
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise ValueError(f"no container name: {name!r}")
        return f"{self._folder or default_folder()}/{name}.lock"

    def _wait(self, path: str, name: str, deadline: float) -> "Outcome[LockedJournal]":
        pause = _FIRST_PAUSE
        while True:
            held = _try(path)
            if held is not None:
                return Success(held)
            left = deadline - self._clock.now()
            if left <= 0:
                return Failure(_busy(path, name))
            self._clock.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)


class LockedJournal:
    """A lock that is held until the context is left, and the lane's note.

    Its file has two lines of fixed length: the process that holds the lock, if one does, and the
    note.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        found = os.pread(descriptor, _LENGTH, 0)[_PID_DIGITS:].strip()
        self._note = found.decode() if found.isalnum() else ""
        self._put()

    def __enter__(self) -> "LockedJournal":
        return self

    def read(self) -> str:
        """See `LaneJournal.read`."""
        return self._note

    def write(self, text: str) -> None:
        """See `LaneJournal.write`."""
        self._note = text
        try:
            self._put()
        except OSError:
            # A full disk must not end the work on a lane, but what is there now could mislead.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)

    def _put(self) -> None:
        line = f"{os.getpid():<{_PID_DIGITS}}\n{self._note:<{_NOTE_LENGTH}}\n"
        # One write, so that a kill leaves the whole of the old text or of the new one.
        _ = os.pwrite(self._descriptor, line.encode("ascii"), 0)

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            with contextlib.suppress(OSError):
                _ = os.pwrite(descriptor, b" " * _PID_DIGITS, 0)
            # A child that was forked and not yet exec'ed shares the descriptor: closing ours
            # would not free the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def default_folder() -> str:
    """Where this user's lock files are, whatever the environment says.

    /run/lanekit for root, /run/user/UID/lanekit for others, /tmp/lanekit-UID where those cannot
    be. No environment variable is asked: two processes that disagree on one would both work.
    """
    user = os.geteuid()
    base = f"/run/user/{user}" if user else "/run"
    usable = os.path.isdir(base) and os.access(base, os.W_OK | os.X_OK)
    return f"{base}/lanekit" if usable else f"/tmp/lanekit-{user}"


def _make_private(folder: str) -> None:
    # Not stat: whoever may write to /tmp could put a link in our place.
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.makedirs(folder, mode=_PRIVATE)
        found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "is not a folder", folder)
    if found.st_uid != os.geteuid():
        raise PermissionError(0, f"belongs to user {found.st_uid}", folder)
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError(0, "others may write to it", folder)


def _try(path: str) -> LockedJournal | None:
    """The lock; None when somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, descriptor):
            return LockedJournal(descriptor)
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_still(path: str, descriptor: int) -> bool:
    # Somebody cleaning /tmp may have removed the file since it was opened: then the next one
    # locks another file of that name.
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _busy(path: str, name: str) -> LockTimeout:
    owner = _owner(path)
    return LockTimeout(
        f"another lanekit{f' (process {owner})' if owner else ''} is working on container {name}",
        hints=(Hint("wait-for-lock"),),
    )


def _owner(path: str) -> str:
    try:
        with open(path, "rb") as file:
            text = file.read(_PID_DIGITS).strip()
    except OSError:
        return ""
    return text.decode("ascii") if text.isdigit() else ""


def _unusable(path: str, error: OSError) -> InvalidLane:
    return InvalidLane(
        "lanekit cannot keep its locks",
        detail=f"{error.filename or path}: {error.strerror}",
        hints=(Hint("own-lock-folder"),),
    )
