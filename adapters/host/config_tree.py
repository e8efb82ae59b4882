"""Config trees on disk: read once into a `ConfigCopy`, and once more as an archive.

Nothing is followed out of the tree: each entry is opened step by step from the root, never through
a link; where a link leads to is worked out from the listing.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from time import sleep

from returns.result import Failure, Success

from lanekit.adapters.host.disk import OPEN_FILE, FileChanged, chunks, error_text, fault_of, kind_of
from lanekit.core.domain.config_tree.digest import Hashes, hash_tree
from lanekit.core.domain.config_tree.entries import Entry, Tree, changed, unreadable
from lanekit.core.domain.config_tree.tar import (
    difference,
    is_credential,
    name_fault,
    parse_tree,
    tar,
    without_credentials,
)
from lanekit.core.domain.errors import ConfigUnreadable, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.ports.host_files import ArchiveBroken, ConfigCopy

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What Linux shows for every link; it means nothing.
_LINK_MODE = 0o777
_MAX_CREDENTIALS_BYTES = 16 << 20  # they are kept in memory while they are copied
_MAX_TRIES = 5
_RETRY_SECONDS = 0.05
_CHANGED = "changed while it was read"
# What opening says when an entry is no longer what the listing showed.
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}


def read_config(
    path: str, credentials: Sequence[str] = (), retry_seconds: float = _RETRY_SECONDS
) -> Outcome[ConfigCopy]:
    """Read the tree once, links followed for `path` itself; see `HostFiles.config`.

    Args:
        path: The config folder.
        credentials: Names in it that are copied as they are at that time, and not compared.
        retry_seconds: The pause before credentials that just changed are read again.
    """
    try:
        with _Root(path) as root:
            entries = tuple(root.walk())
            # What cannot be copied is told now, also of credentials.
            whole = parse_tree(path, entries)
            if isinstance(whole, Failure):
                return whole
            tree = parse_tree(path, without_credentials(entries, credentials))
            if isinstance(tree, Failure):
                return tree
            hashes = hash_tree(path, tree.unwrap(), root.read)
    except ArchiveBroken as broken:
        return Failure(broken.error)
    if isinstance(hashes, Failure):
        return hashes
    return Success(
        _DiskConfig(path, tree.unwrap(), hashes.unwrap(), tuple(credentials), retry_seconds)
    )


class _DiskConfig:
    """A config tree that was read once; `archive` reads it again and refuses any change."""

    def __init__(
        self,
        path: str,
        tree: Tree,
        hashes: Hashes,
        credentials: tuple[str, ...],
        retry_seconds: float,
    ) -> None:
        self._path = path
        self._retry_seconds = retry_seconds
        self._credentials = credentials
        self._tree = tree
        self._hashes = hashes

    @property
    def fingerprint(self) -> str:
        return self._hashes.fingerprint

    @property
    def digest(self) -> str:
        return self._hashes.digest

    @property
    def names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._tree.entries)

    def archive(self, target: str) -> Iterator[bytes]:
        with _Root(self._path) as root:
            held = self._take(root) if self._credentials else {}
            whole = parse_tree(self._path, (*self._tree.entries, *held))
            if isinstance(whole, Failure):
                wrong = whole.failure()
                raise ArchiveBroken(ConfigUnreadable(wrong.message, wrong.detail, wrong.hints))
            taken = {entry.name: content for entry, content in held.items()}
            yield from tar(
                target,
                whole.unwrap(),
                lambda entry: (
                    [taken[entry.name]] if entry.name in taken else self._read_again(root, entry)
                ),
                lambda: self._check_listing(root),
            )

    def _take(self, root: "_Root") -> dict[Entry, bytes]:
        """Read the credentials as they are now, and again when one changes while it is read: each
        file is whole, because whoever refreshes a token does not do so all the time."""
        tries = 1
        while True:
            try:
                return self._take_once(root)
            except ArchiveBroken:
                if tries == _MAX_TRIES:
                    raise
            tries += 1
            sleep(self._retry_seconds)

    def _take_once(self, root: "_Root") -> dict[Entry, bytes]:
        taken: dict[Entry, bytes] = {}
        remaining = _MAX_CREDENTIALS_BYTES
        for entry in tuple(root.walk()):
            if not is_credential(entry.name, self._credentials):
                continue
            remaining -= entry.size
            if remaining < 0:
                why = f"is too much for credentials: {_MAX_CREDENTIALS_BYTES >> 20} MiB in all"
                raise ArchiveBroken(unreadable(self._path, entry.name, why))
            taken[entry] = b"".join(root.read(entry)) if entry.kind == "file" else b""
        return taken

    def _read_again(self, root: "_Root", entry: Entry) -> Iterator[bytes]:
        from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

        content = sha256()
        for chunk in root.read(entry):
            content.update(chunk)
            yield chunk
        if content.digest() != self._hashes.contents[entry.name]:
            raise ArchiveBroken(changed(self._path, entry.name, "changed since it was read"))

    def _check_listing(self, root: "_Root") -> None:
        now = without_credentials(root.walk(), self._credentials)
        name, what = difference(self._tree, now)
        if what:
            raise ArchiveBroken(changed(self._path, name, what))


class _Root:
    """An open config folder. For one thread. What fails is raised as `ArchiveBroken`."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._fd = os.open(path, _OPEN_FOLDER)
        except (OSError, ValueError) as error:
            hints = (Hint("correct-path"),)
            fault = ConfigUnreadable(fault_of(path, "a folder"), error_text(error), hints)
            raise ArchiveBroken(fault) from error
        self._last = ""
        self._last_fd = self._fd

    def __enter__(self) -> "_Root":
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        os.close(self._fd)

    def walk(self) -> Iterator[Entry]:
        """Every entry, the root first, none opened but folders; refuses what is no Entry."""
        pending = [""]
        while pending:
            folder = pending.pop()
            with self._naming(folder):
                fd = self._folder(folder)
                yield Entry(folder, "folder", stat.S_IMODE(os.fstat(fd).st_mode))
                with os.scandir(fd) as listing:
                    items = sorted(listing, key=lambda item: item.name)
            for item in items:
                entry = self._entry(fd, f"{folder}/{item.name}" if folder else item.name, item)
                if entry.kind == "folder":
                    pending.append(entry.name)
                else:
                    yield entry

    def _entry(self, fd: int, name: str, item: "os.DirEntry[str]") -> Entry:
        if fault := name_fault(name):
            raise ArchiveBroken(unreadable(self._path, name, fault, hint=Hint("rename-entry")))
        with self._naming(name):
            info = item.stat(follow_symlinks=False)
            mode = stat.S_IMODE(info.st_mode)
            if stat.S_ISDIR(info.st_mode):
                return Entry(name, "folder", mode)
            if stat.S_ISREG(info.st_mode):
                return Entry(name, "file", mode, info.st_size)
            if stat.S_ISLNK(info.st_mode):
                return Entry(name, "link", _LINK_MODE, target=os.readlink(item.name, dir_fd=fd))
        why = f"is {kind_of(info.st_mode)}, which cannot be copied"
        raise ArchiveBroken(unreadable(self._path, name, why, hint=Hint("exclude-entry")))

    def read(self, file: Entry) -> Iterator[bytes]:
        """Yield the file's bytes in chunks; it must be the size and mode it was, and stay so."""
        with self._naming(file.name):
            parent, _, name = file.name.rpartition("/")
            fd = os.open(name, OPEN_FILE | os.O_NOFOLLOW, dir_fd=self._folder(parent))
            try:
                info = os.fstat(fd)
                if (info.st_mode, info.st_size) != (stat.S_IFREG | file.mode, file.size):
                    raise FileChanged
                yield from chunks(fd, info)
            finally:
                os.close(fd)

    def _folder(self, name: str) -> int:
        """Return a descriptor of the folder, good until the next call: neighbours share one."""
        if name == self._last:
            return self._last_fd
        self._forget()
        fd = self._fd
        for step in name.split("/") if name else ():
            try:
                inner = os.open(step, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=fd)
            finally:
                if fd != self._fd:
                    os.close(fd)
            fd = inner
        self._last, self._last_fd = name, fd
        return fd

    def _forget(self) -> None:
        if self._last_fd != self._fd:
            os.close(self._last_fd)
        self._last, self._last_fd = "", self._fd

    @contextmanager
    def _naming(self, name: str) -> Generator[None]:
        try:
            yield
        except FileChanged:
            raise ArchiveBroken(changed(self._path, name, _CHANGED)) from None
        except OSError as error:
            if error.errno in _GONE:
                raise ArchiveBroken(
                    changed(self._path, name, _CHANGED, error_text(error))
                ) from error
            hint = Hint("make-config-readable")
            raise ArchiveBroken(
                unreadable(self._path, name, "cannot be read", error_text(error), hint)
            ) from error
