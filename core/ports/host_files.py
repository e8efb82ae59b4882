"""The files of this host, as lanekit needs them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from lanekit.core.domain.containers import Mount
from lanekit.core.domain.errors import ConfigUnreadable, Outcome
from lanekit.core.domain.git_mounts import GitFacts, RequiredPath
from lanekit.core.domain.observed import (
    MountHealth,
    ObservedContainer,
)


class ArchiveBroken(Exception):
    """Raised while an archive is iterated: the tree cannot be read, or is not what it was.

    The one exception that crosses a port: an iterator has no other way to stop its consumer.
    """

    def __init__(self, error: ConfigUnreadable) -> None:
        super().__init__(error.message)
        self.error = error


class ConfigCopy(Protocol):
    """A config tree that was read once, from its first to its last byte."""

    @property
    def fingerprint(self) -> str:
        """The reference's fingerprint, 64 hex digits."""
        ...

    @property
    def digest(self) -> str:
        """The injective digest of what `archive` holds, 64 hex digits."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """The entries that `archive` holds, relative to its root, which is ""."""
        ...

    def archive(self, target: str) -> Iterator[bytes]:
        """The tree as a tar stream, its root at the absolute container path `target`.

        Memory stays flat. Raises `ArchiveBroken` before its end when the bytes are not those that
        `digest` was made of, so that what was fingerprinted is what was copied.
        """
        ...


class HostFiles(Protocol):
    """The host side of what is mounted and copied."""

    def folder(self, path: str) -> Outcome[None]:
        """Success when `path` is a folder, links followed; else `InvalidLane` saying what it is."""
        ...

    def mountable(self, path: str) -> Outcome[None]:
        """Success when a mount of `path` may be given to a lane, links followed.

        `InvalidLane` when it is missing, when podman's socket is it or below it, and when podman
        would take the path for another one (".." behind a link).
        """
        ...

    def digest(self, path: str, *, executable: bool) -> Outcome[str]:
        """sha256 (hex) of a regular file's bytes, links followed.

        `InvalidLane` when it is missing, not a regular file, unreadable, or should be executable
        and is not. A file whose stat did not change since is not read again.
        """
        ...

    def config(self, path: str, credentials: Sequence[str] = ()) -> Outcome[ConfigCopy]:
        """Read a config tree; `ConfigUnreadable` names the first entry that cannot be copied.

        What is at or below one of `credentials` (paths relative to the root; it may be missing) is
        in no fingerprint and no digest. `archive` has it as it is then, whatever it was before.
        """
        ...

    def mount_health(
        self, seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
    ) -> MountHealth:
        """What a running container sees of its mounts and its config. Says nothing but what is
        sure: a container of another host, or one that may not be looked at, is well.
        """
        ...

    def git(self, worktree: str) -> Outcome[GitFacts]:
        """What the files of a worktree say of its repository, no git run, nothing changed.

        `InvalidLane` when it is no worktree, when worktree and repository do not name each other,
        and for a layout that git does not make.
        """
        ...

    def ensure_paths(self, wanted: Sequence[RequiredPath]) -> Outcome[None]:
        """Make those that are not there, no link followed; what is there stays as it is."""
        ...

    def touched(self, seen: ObservedContainer, paths: Sequence[str]) -> frozenset[str] | None:
        """Which of these paths in a container were written since lanekit copied its config in, for
        what it copies is dated 1970. None where that is not sure: it does not run, or elsewhere.
        """
        ...
