"""The host's folders, files and config trees: the port `HostFiles` on a disk."""

import os
import time
from collections.abc import Sequence
from threading import Lock

from returns.result import Failure, Success

from lanekit.adapters.host.config_tree import read_config
from lanekit.adapters.host.disk import (
    OPEN_FILE,
    FileChanged,
    Stamp,
    chunks,
    error_text,
    fault_of,
    kind_of,
    misread,
    stamp,
)
from lanekit.adapters.host.procfs import mount_health
from lanekit.adapters.host.socket_exposure import socket_in
from lanekit.core.domain.containers import Mount
from lanekit.core.domain.errors import InvalidLane, Outcome
from lanekit.core.domain.escaping import escape_control_chars as escape
from lanekit.core.domain.git_mounts import GitFacts, RequiredPath
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import MountHealth, ObservedContainer
from lanekit.core.ports.host_files import ConfigCopy

# A kernel's file times move in steps of up to 10 ms: within one, a second write leaves no trace.
_CLOCK_STEP_NS = 20_000_000
_CORRECT_PATH = (Hint("correct-path"),)


class DiskFiles:
    """`HostFiles` on this machine's disk. Keeps the digests of files that did not change."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._digests: dict[tuple[int, int], tuple[Stamp, str]] = {}

    def folder(self, path: str) -> Outcome[None]:
        """Success when `path` is a folder, links followed."""
        info = _stat(path, "a folder")
        return info if isinstance(info, Failure) else Success(None)

    def mountable(self, path: str) -> Outcome[None]:
        """Success when a mount of `path` may be given to a lane, links followed."""
        info = _found(path, "a file or folder")
        if isinstance(info, Failure):
            return info
        socket = socket_in(path, info.unwrap(), os.environ)
        if not socket:
            return Success(None)
        return Failure(
            InvalidLane(
                f"{escape(path)} would give podman's socket to the lane",
                detail=escape(socket),
                hints=(Hint("mount-elsewhere"),),
            )
        )

    def digest(self, path: str, *, executable: bool) -> Outcome[str]:
        """sha256 (hex) of a regular file, links followed; read again when its stat changed.

        A file written within the last 20 ms is not remembered: its stat proves nothing yet.
        """
        info = _stat(path, "a file")
        if isinstance(info, Failure):
            return info
        found = info.unwrap()
        if executable and not found.st_mode & 0o111:
            return Failure(
                InvalidLane(
                    f"{escape(path)} is not executable",
                    hints=(Hint("make-executable"),),
                )
            )
        # One reader at a time: many lanes ask for the same file, and it is read once for all.
        with self._lock:
            return self._file_digest(path, found)

    def config(self, path: str, credentials: Sequence[str] = ()) -> Outcome[ConfigCopy]:
        """Read a config tree once, links followed for the folder itself only."""
        return read_config(path, credentials)

    def mount_health(
        self, seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
    ) -> MountHealth:
        """See `HostFiles.inside`."""
        return mount_health(seen, mounts, config_target)

    def git(self, worktree: str) -> Outcome[GitFacts]:
        """See `HostFiles.git`."""
        from lanekit.adapters.host.git_worktree import (  # noqa: PLC0415 - few lanes have git
            read_git,
        )

        return read_git(worktree)

    def ensure_paths(self, wanted: Sequence[RequiredPath]) -> Outcome[None]:
        """See `HostFiles.ensure_paths`."""
        from lanekit.adapters.host.git_worktree import ensure_paths  # noqa: PLC0415 - the same

        return ensure_paths(wanted)

    def touched(self, seen: ObservedContainer, paths: Sequence[str]) -> frozenset[str] | None:
        """See `HostFiles.touched`."""
        from lanekit.adapters.host.procfs import touched_files  # noqa: PLC0415 - few runs ask

        return touched_files(seen, paths)

    def _file_digest(self, path: str, info: os.stat_result) -> Outcome[str]:
        key = (info.st_dev, info.st_ino)
        remembered = self._digests.get(key)
        if remembered and remembered[0] == stamp(info):
            return Success(remembered[1])
        settled = time.time_ns() - max(info.st_ctime_ns, info.st_mtime_ns) > _CLOCK_STEP_NS
        digest = _sha256(path, info)
        if settled and isinstance(digest, Success):
            self._digests[key] = (stamp(info), digest.unwrap())
        return digest


def _found(path: str, expected: str) -> Outcome[os.stat_result]:
    try:
        info = os.stat(path)
    except (OSError, ValueError) as error:
        return Failure(InvalidLane(fault_of(path, expected), error_text(error), _CORRECT_PATH))
    other = misread(path, info)
    if not other:
        return Success(info)
    why = f"{escape(path)} goes back by '..' behind a link: podman would take {escape(other)}"
    return Failure(InvalidLane(why, hints=(Hint("resolve-path"),)))


def _stat(path: str, expected: str) -> Outcome[os.stat_result]:
    found = _found(path, expected)
    if isinstance(found, Failure):
        return found
    info = found.unwrap()
    kind = kind_of(info.st_mode)
    if kind == expected:
        return found
    return Failure(
        InvalidLane(f"{escape(path)} is {kind}, expected {expected}", hints=_CORRECT_PATH)
    )


def _sha256(path: str, info: os.stat_result) -> Outcome[str]:
    from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

    total = sha256()
    try:
        fd = os.open(path, OPEN_FILE)
        try:
            if stamp(os.fstat(fd)) != stamp(info):
                raise FileChanged
            for chunk in chunks(fd, info):
                total.update(chunk)
        finally:
            os.close(fd)
    except FileChanged:
        hints = (Hint("stop-writing"),)
        return Failure(InvalidLane(f"{escape(path)} changed while it was read", hints=hints))
    except OSError as error:
        return Failure(
            InvalidLane(
                f"{escape(path)} cannot be read", error_text(error), (Hint("make-readable"),)
            )
        )
    return Success(total.hexdigest())
