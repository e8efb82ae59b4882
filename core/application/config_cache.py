"""`ConfigCache`: each config tree is read once for all the lanes of a run."""

from collections.abc import Sequence
from threading import Lock

from lanekit.core.domain.errors import Outcome
from lanekit.core.ports.host_files import ConfigCopy, HostFiles

_Key = tuple[str, tuple[str, ...]]


class ConfigCache:
    """Config trees, remembered; made for one run, for what it read grows old.

    That nothing else is copied than what was fingerprinted is the copy's own promise: a tree that
    changed since ends as `ConfigUnreadable`.
    """

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._lock = Lock()
        self._reading: dict[_Key, Lock] = {}
        self._read: dict[_Key, Outcome[ConfigCopy]] = {}

    def read(self, path: str, credentials: Sequence[str]) -> Outcome[ConfigCopy]:
        """See `HostFiles.config`; the first who asks reads, the others wait for it."""
        key = (path, tuple(credentials))
        with self._lock:
            reading = self._reading.setdefault(key, Lock())
        with reading:
            if key not in self._read:
                self._read[key] = self._files.config(path, credentials)
            return self._read[key]
