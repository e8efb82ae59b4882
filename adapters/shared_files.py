"""`SharedFiles`: host files for many lanes, each config tree read once for all of them."""

from collections.abc import Sequence
from threading import Lock

from lanekit.core.errors import Outcome
from lanekit.core.model import Inside, Mount, Snapshot
from lanekit.core.ports import ConfigCopy, HostFiles


class SharedFiles:
    """`HostFiles` that remembers config trees; made for one run, for what it read grows old.

    That nothing else is copied than what was fingerprinted is the copy's own promise: a tree that
    changed since ends as `ConfigUnreadable`.
    """

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._lock = Lock()
        self._reading: dict[str, Lock] = {}
        self._read: dict[str, Outcome[ConfigCopy]] = {}

    def folder(self, path: str) -> Outcome[None]:
        """See `HostFiles.folder`."""
        return self._files.folder(path)

    def mountable(self, path: str) -> Outcome[None]:
        """See `HostFiles.mountable`."""
        return self._files.mountable(path)

    def digest(self, path: str, *, executable: bool) -> Outcome[str]:
        """See `HostFiles.digest`."""
        return self._files.digest(path, executable=executable)

    def config(self, path: str) -> Outcome[ConfigCopy]:
        """See `HostFiles.config`; the first who asks reads, the others wait for it."""
        with self._lock:
            reading = self._reading.setdefault(path, Lock())
        with reading:
            if path not in self._read:
                self._read[path] = self._files.config(path)
            return self._read[path]

    def inside(self, seen: Snapshot, mounts: Sequence[Mount], config_target: str) -> Inside:
        """See `HostFiles.inside`."""
        return self._files.inside(seen, mounts, config_target)
