"""`FileLock`: one worker at a time on a lane, by flock on a file for each container name."""

import contextlib
import fcntl
import functools
import os
import weakref
from types import TracebackType

from returns.result import Failure, Success

from lanekit.adapters.host.clock import SystemClock
from lanekit.adapters.host.lane_journal import FileJournal, default_state_folder, read_journal
from lanekit.adapters.host.private_folder import ensure_private_folder, unusable_folder
from lanekit.core.domain.errors import Interrupted, LaneError, LockTimeout, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.journal import Journal
from lanekit.core.ports.clock import Clock, Waitable
from lanekit.core.ports.lock import OnWait

_FIRST_PAUSE_SECONDS = 0.005
_MAX_PAUSE_SECONDS = 0.1
_NOTICE_SECONDS = 1.0
_PID_DIGITS = 20


class FileLock:
    """`LaneLock` by flock(2); see ADR 12.

    Locks hold between processes and between threads. They end with their owner, also after
    kill -9, and also when it has forked.

    Args:
        folder: where the lock files and the journals are; without it `default_folder()` and
            `default_state_folder()`.
        clock: by which it waits.
    """

    def __init__(self, folder: str | None = None, *, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> "Outcome[HeldLock]":
        """See `LaneLock.hold`.

        `InvalidLane` when the folder of the locks cannot be used: it is not a folder, is somebody
        else's, is writable by others, or cannot be made.
        """
        path = f"{self._folder or default_folder()}/{_checked(container_name)}.lock"
        journal = FileJournal(self._journal_path(container_name))
        wait = _Wait(self._clock, timeout, on_wait, cancel)
        try:
            ensure_private_folder(os.path.dirname(path))
            while True:
                held = _try(path, journal)
                if held is not None:
                    return Success(held)
                failed = wait.pause(_busy(path, container_name))
                if failed is not None:
                    return Failure(failed)
        except OSError as error:
            return Failure(unusable_folder("its locks", path, error))

    def read_journal(self, container_name: str) -> Journal:
        """See `LaneLock.read_journal`."""
        return read_journal(self._journal_path(container_name))

    def _journal_path(self, name: str) -> str:
        return f"{self._folder or default_state_folder()}/{_checked(name)}.json"


def _checked(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"not a container name: {name!r}")
    return name


class _Wait:
    """The wait for a lock: pauses that grow, a notice each second, and its end."""

    def __init__(
        self, clock: Clock, timeout: float, on_wait: OnWait | None, cancel: Waitable | None
    ) -> None:
        self._clock = clock
        self._on_wait = on_wait
        self._cancel = cancel
        self._began = clock.now()
        self._timeout = timeout
        self._pause = _FIRST_PAUSE_SECONDS
        self._notice_at = _NOTICE_SECONDS

    def pause(self, busy: LockTimeout) -> LaneError | None:
        """Wait a moment; the error that ends the wait, None to try once more."""
        waited = self._clock.now() - self._began
        if waited >= self._timeout:
            return busy
        if waited >= self._notice_at:
            self._notice_at = waited + _NOTICE_SECONDS
            if self._on_wait is not None:
                self._on_wait(busy, waited)
        until_notice = max(self._notice_at - waited, _FIRST_PAUSE_SECONDS)
        seconds = min(self._pause, self._timeout - waited, until_notice)
        self._pause = min(self._pause * 2, _MAX_PAUSE_SECONDS)
        if self._cancel is None:
            self._clock.sleep(seconds)
        elif self._clock.wait(self._cancel, seconds):
            return Interrupted("interrupted while waiting for the lane lock", detail=busy.message)
        return None


class HeldLock:
    """A lock that is held until the context is left; entering gives the lane's journal.

    Its file holds the number of the process that holds the lock, if one does.
    """

    _descriptor = -1

    def __init__(self, descriptor: int, journal: FileJournal) -> None:
        self._journal = journal
        _ = os.pwrite(descriptor, f"{os.getpid():<{_PID_DIGITS}}\n".encode("ascii"), 0)
        _close_in_forked_children()
        _held.add(self)
        # From now on it is this object that closes it.
        self._descriptor = descriptor

    def __enter__(self) -> FileJournal:
        return self._journal

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

    def __del__(self) -> None:
        # An interrupt may come between the moment at which the lock is given and the `with`.
        self.__exit__(None, None, None)

    def close_in_child(self) -> None:
        """Let go of the lock in a forked child, without freeing it for its owner."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


_held: "weakref.WeakSet[HeldLock]" = weakref.WeakSet()
"""The locks of this process."""


@functools.cache
def _close_in_forked_children() -> None:
    """Arrange that no forked child keeps a lock whose owner has died; once for each process."""
    os.register_at_fork(after_in_child=_close_all_in_child)


def _close_all_in_child() -> None:
    for lock in list(_held):
        lock.close_in_child()


def default_folder() -> str:
    """Where this user's lock files are, whatever the environment says.

    /run/lanekit for root, /run/user/UID/lanekit for others, /tmp/lanekit-UID where those cannot
    be. No environment variable is asked: two processes that disagree on one would both work.
    """
    user = os.geteuid()
    base = f"/run/user/{user}" if user else "/run"
    usable = os.path.isdir(base) and os.access(base, os.W_OK | os.X_OK)
    return f"{base}/lanekit" if usable else f"/tmp/lanekit-{user}"


def _try(path: str, journal: FileJournal) -> HeldLock | None:
    """The lock; None when somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, descriptor):
            return HeldLock(descriptor, journal)
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
