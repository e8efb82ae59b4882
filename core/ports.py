"""The ports: what the core asks of the world, and the contract of each answer.

Who implements one promises what its docstrings say; `tests/contract` checks it. Every method is
safe to call from several threads, returns within a bounded time, and returns a Failure where
something of the outside world went wrong. Only bugs raise. Nobody closes anything: an adapter
that keeps connections or files gives them back by itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from lanekit.core.errors import ConfigUnreadable, Outcome
from lanekit.core.git_mounts import GitFacts, ToMake
from lanekit.core.model import (
    Change,
    ContainerEvent,
    ContainerSpec,
    Endpoint,
    ImageInfo,
    Inside,
    Limits,
    Mount,
    Seen,
    Snapshot,
)
from lanekit.core.operations import Event
from lanekit.core.value import dataclass


@dataclass(frozen=True)
class Streams:
    """The file descriptors that a program in a container gets; this process's own by default."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2


Heard = Callable[[str, Seen], None]
"""Gets told of a name or reference, and all that was seen so far: it is in that, or missing."""
Meanwhile = Callable[[], None]
"""What there is to do while podman works. What it raises passes through, and ends the look."""


class EventStream(Protocol):
    """What happens to containers, in the order in which podman tells of it. One thread reads."""

    def next(self, timeout: float) -> Outcome[ContainerEvent | None]:
        """The next event, or None when none came within `timeout` seconds.

        `EngineUnavailable` when the stream has ended or was closed: no event comes after that.
        """
        ...

    def close(self) -> None:
        """End it, from any thread, also a second time; a `next` that waits returns."""
        ...


class ContainerEngine(Protocol):
    """podman, or something that behaves like it.

    `container` is a container's full id, as `inspect` and `create` gave it; never a name, so that
    nothing but that very container can be meant. An unknown id is `NotFound` unless said otherwise.
    Any method may fail with `EngineUnavailable`, `EngineTimeout`, `EngineFailed`, `Undecodable`.
    """

    @property
    def label(self) -> str:
        """For people: which engine this is ("podman command", "in-memory")."""
        ...

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, Snapshot]]:
        """The containers that have exactly one of these names (or full ids); others are left out.

        One batch: its cost grows slower than the number of names. Keyed by what was asked.
        """
        ...

    def images(self, references: Sequence[str]) -> Outcome[Mapping[str, ImageInfo]]:
        """The images that are in storage, keyed by the reference asked; missing are left out."""
        ...

    def look(
        self,
        names: Sequence[str],
        references: Sequence[str],
        heard: Heard | None = None,
        meanwhile: Meanwhile | None = None,
    ) -> Outcome[Seen]:
        """`inspect` of the names and `images` of the references, at once.

        `heard` may be told of a name or reference as soon as its answer is known, from this thread.
        `meanwhile` may be called, once, in this thread, while podman works on it.
        """
        ...

    def find(self, labels: Mapping[str, str]) -> Outcome[tuple[Snapshot, ...]]:
        """All containers, in any state, that carry all these labels, sorted by name.

        An empty value means: the label is there, with whatever value.
        """
        ...

    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        """Make the container under `name` (not `spec.name`), do not start it; its full id.

        All or nothing. Fails with `NameTaken`, `ImageMissing` (nothing is pulled),
        `SourceMissing`, `InvalidLane` (podman refuses the name or an option).
        """
        ...

    def copy_in(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        """Extract a tar stream at / of a container that does not run.

        Folders that are missing are made. When iterating `archive` raises `ArchiveBroken`, the
        extraction is given up and its error is the Failure; what was extracted so far may stay.
        """
        ...

    def start(self, container: str) -> Outcome[None]:
        """Start it; one that runs already is fine.

        Fails with `PortTaken`, `StartFailed`, `WrongState` (paused, being removed).
        """
        ...

    def unpause(self, container: str) -> Outcome[None]:
        """Let a paused one run on; `WrongState` when it is not paused."""
        ...

    def stop(self, container: str, grace: float) -> Outcome[None]:
        """Stop it: SIGTERM, and SIGKILL after `grace` seconds. One that does not run is fine.

        `WrongState` for a paused one.
        """
        ...

    def rename(self, container: str, name: str) -> Outcome[None]:
        """Give it another name, in whatever state it is; `NameTaken` changes nothing."""
        ...

    def remove(self, container: str, grace: float) -> Outcome[None]:
        """Remove it in whatever state, with its anonymous volumes; one that is gone is fine.

        A running one gets SIGTERM, and SIGKILL after `grace` seconds.
        """
        ...

    def logs(self, container: str, tail: int) -> Outcome[str]:
        """The last `tail` lines of its stdout and stderr, oldest first."""
        ...

    def changes(self, container: str) -> Outcome[tuple[Change, ...]]:
        """The paths in its own layer that are not as its image brings them, sorted by path.

        In every state. Folders above a change and the places of mounts are among them; what is
        in a mount is not. A name that is not UTF-8 is shown with U+FFFD.
        """
        ...

    def update(self, container: str, limits: Limits) -> Outcome[None]:
        """Change limits of one that runs.

        Where its snapshot is `updatable` they then show in `inspect` and stay across a restart.
        Where it is not, the container may refuse, ignore or lose them. After a Failure (what it
        uses is more than the new limit) they may show and not hold: set the old ones again.
        """
        ...

    def events(self) -> Outcome[EventStream]:
        """The events of all containers from now on; who opens it closes it.

        Events of the second before may be among them.
        """
        ...

    def execute(
        self, container: str, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """Run a command in it, attached to `streams`, and wait for its end; its exit status.

        The one method that takes as long as somebody else likes. The status is 0 to 255: 128+n of
        a command that signal n ended, 126 or 127 of one that could not be run (podman's words are
        then on stderr), 141 when nobody reads the output any more. The end of stdin reaches the
        command. With `tty` it has a terminal of its own, as large as that of `streams.stdout`,
        and the one of `streams.stdin` hands on every key while it runs and is then as it was.
        Called from the main thread, it hands SIGINT, SIGTERM, SIGHUP and SIGQUIT to the command.
        `WrongState` when the container does not run.
        """
        ...


@runtime_checkable
class Probe(Protocol):
    """Asks a worker whether it answers, and what."""

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        """Whether an HTTP answer below 500 came within `timeout` seconds. Never raises."""
        ...

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        """The status of the HTTP answer that came within `timeout` seconds, or None."""
        ...


class Begun(Protocol):
    """A worker was asked; its answer is looked at later."""

    def answers(self) -> bool:
        """What `Probe.answers` says, which may have to be waited for; to be called once."""
        ...

    def close(self) -> None:
        """The answer is not wanted any more."""
        ...


@runtime_checkable
class EagerProbe(Probe, Protocol):
    """A probe that can ask a worker while something else is waited for."""

    def begin(self, endpoint: Endpoint, path: str, timeout: float) -> Begun:
        """Ask, for an answer within `timeout` seconds from now. Never raises."""
        ...


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

    def inside(self, seen: Snapshot, mounts: Sequence[Mount], config_target: str) -> Inside:
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

    def make_missing(self, wanted: Sequence[ToMake]) -> Outcome[None]:
        """Make those that are not there, no link followed; what is there stays as it is."""
        ...

    def touched(self, seen: Snapshot, paths: Sequence[str]) -> frozenset[str] | None:
        """Which of these paths in a container were written since lanekit copied its config in, for
        what it copies is dated 1970. None where that is not sure: it does not run, or elsewhere.
        """
        ...


class Clock(Protocol):
    """Time, in seconds."""

    def now(self) -> float:
        """A monotonic reading."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class LaneNote(Protocol):
    """A line that who holds a lane's lock leaves for who holds it next.

    Nothing may depend on it but speed: it may be lost at any time, and then it is empty.
    """

    def read(self) -> str:
        """What was written last."""
        ...

    def write(self, text: str) -> None:
        """Let it say this: up to 100 letters and digits of ASCII. It is there when this returns,
        also if the process is killed then. A note that cannot be written is lost.
        """
        ...


class LaneLock(Protocol):
    """One worker at a time on a lane, on this host, across processes and threads."""

    def hold(
        self, container_name: str, timeout: float
    ) -> Outcome[AbstractContextManager[LaneNote]]:
        """Wait up to `timeout` seconds for the lock, then give it: leaving the context frees it.

        It dies with its owner. `LockBusy` names the owner where that is known.
        """
        ...


Listener = Callable[[Event], None]
"""Gets told of progress, from the thread that works on the lane."""
