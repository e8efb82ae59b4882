"""Regular files on disk, read so that a change while reading is noticed; and words for the rest."""

import os
import stat
from collections.abc import Iterator

from lanekit.core.domain.escaping import escape_control_chars as escape
from lanekit.core.domain.go_paths import clean

# Never wait for a FIFO's other end, never take over a terminal.
OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK_BYTES = 1 << 18

Stamp = tuple[int, ...]
_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a character device",
}


class FileChanged(Exception):
    """The file was written, replaced or cut while it was read."""


def stamp(info: os.stat_result) -> Stamp:
    """Return what changes when a file does: nobody can set ctime (the last of them) back."""
    return (
        info.st_dev,
        info.st_ino,
        info.st_mode,
        info.st_size,
        info.st_mtime_ns,
        info.st_ctime_ns,
    )


def chunks(fd: int, before: os.stat_result) -> Iterator[bytes]:
    """Yield all bytes of an open file whose fstat gave `before`; raises `FileChanged` at the latest
    after the last of them. Never yields more than the size in `before`."""
    remaining = before.st_size
    while chunk := os.read(fd, _CHUNK_BYTES):
        remaining -= len(chunk)
        if remaining < 0:
            break
        yield chunk
    if remaining or stamp(os.fstat(fd)) != stamp(before):
        raise FileChanged


def kind_of(mode: int) -> str:
    """Return what an st_mode says the thing is, for people: "a folder", "a FIFO", .."""
    return _KINDS.get(stat.S_IFMT(mode), "of an unknown kind")


def fault_of(path: str, expected: str) -> str:
    """Return why `path` could not be used as `expected` ("a folder"), for people."""
    try:
        info = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return f"{escape(path)} does not exist"
    except (OSError, ValueError):
        return f"{escape(path)} cannot be used"
    kind = kind_of(info.st_mode)
    if kind != expected:
        return f"{escape(path)} is {kind}, expected {expected}"
    return f"{escape(path)} cannot be read"


def misread(path: str, info: os.stat_result) -> str:
    """Return what podman takes `path` for when that is not what `info` shows; "" when it is.

    podman removes ".." by its letters; the system follows a link first and then goes back.
    """
    if ".." not in path.split("/"):
        return ""
    plain = clean(path)
    try:
        same = os.path.samestat(os.stat(plain), info)
    except OSError:
        same = False
    return "" if same else plain


def error_text(error: OSError | ValueError) -> str:
    """Return the system's own words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
