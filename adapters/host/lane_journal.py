"""`FileJournal`: the journal of a lane in a file of its own, beside those of the other lanes."""

import contextlib
import os
import pwd

from returns.result import Failure, Success

from lanekit.adapters.host.private_folder import ensure_private_folder, unusable_folder
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.journal import EMPTY, Journal, decode, encode

_MAX_BYTES = 1 << 20


def default_state_folder() -> str:
    """Return where this user's journals are, whatever the environment says.

    /var/lib/lanekit for root, ~/.local/state/lanekit for others, by the passwd database; a user
    without a home has /var/tmp/lanekit-UID. A shell and a service must find the same.
    """
    user = os.geteuid()
    if not user:
        return "/var/lib/lanekit"
    try:
        home = pwd.getpwuid(user).pw_dir
    except KeyError:
        home = ""
    return f"{home}/.local/state/lanekit" if os.path.isdir(home) else f"/var/tmp/lanekit-{user}"


class FileJournal:
    """A `LaneJournal` in the file `path`, which the holder of the lane's lock alone writes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: Journal | None = None

    def read(self) -> Journal:
        """See `LaneJournal.read`; the file is read once."""
        if self._known is None:
            self._known = read_journal(self._path)
        return self._known

    def write(self, journal: Journal, *, durable: bool) -> Outcome[None]:
        """See `LaneJournal.write`."""
        try:
            _replace(self._path, journal, durable=durable)
        except OSError as error:
            if durable:
                return Failure(unusable_folder("its journals", self._path, error))
            # A full disk must not end the work on a lane, but what is there now could mislead.
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            journal = EMPTY
        self._known = journal
        return Success(None)


def read_journal(path: str) -> Journal:
    """Return what the file says; `EMPTY` if it is missing, damaged or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid != os.geteuid():
                return EMPTY
            return decode(file.read(_MAX_BYTES).decode())
    except (OSError, UnicodeDecodeError):
        return EMPTY


def _replace(path: str, journal: Journal, *, durable: bool) -> None:
    folder = os.path.dirname(path)
    ensure_private_folder(folder)
    if journal == EMPTY:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    else:
        new = f"{path.removesuffix('.json')}.temp"
        _write(new, encode(journal).encode(), durable=durable)
        os.rename(new, path)
    if durable:
        _sync_folder(folder)


def _write(path: str, data: bytes, *, durable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        _ = file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
