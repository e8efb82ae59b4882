"""The container engine: podman, or something that behaves like it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import ContainerSpec, Limits
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import (
    ContainerEvent,
    ImageInfo,
    InspectResult,
    LayerChange,
    ObservedContainer,
)


@dataclass(frozen=True)
class Streams:
    """The file descriptors that a program in a container gets; this process's own by default."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2


OnPartialResult = Callable[[str, InspectResult], None]
"""Called after each answer with the name or reference and the results so far; what is missing is
absent from them. What it raises passes through, and ends the inspect.
"""


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
    Any method may fail with `EngineUnavailable`, `EngineTimeout`, `EngineFailed` or
    `InvalidResponse`.
    """

    @property
    def description(self) -> str:
        """For people: which engine this is ("podman command", "in-memory")."""
        ...

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        """The containers that have exactly one of these names (or full ids); others are left out.

        One batch: its cost grows slower than the number of names. Keyed by what was asked.
        """
        ...

    def images(self, references: Sequence[str]) -> Outcome[Mapping[str, ImageInfo]]:
        """The images that are in storage, keyed by the reference asked; missing are left out."""
        ...

    def inspect_many(
        self,
        names: Sequence[str],
        references: Sequence[str],
        on_partial: OnPartialResult | None = None,
    ) -> Outcome[InspectResult]:
        """`inspect` of the names and `images` of the references, at once.

        `on_partial` may be called with a name or reference as soon as its answer is known, from
        this thread.
        """
        ...

    def list_by_labels(self, labels: Mapping[str, str]) -> Outcome[tuple[ObservedContainer, ...]]:
        """All containers, in any state, that carry all these labels, sorted by name.

        An empty value means: the label is there, with whatever value.
        """
        ...

    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        """Make the container under `name` (not `spec.name`), do not start it; its full id.

        All or nothing. Fails with `NameInUse`, `ImageMissing` (nothing is pulled),
        `MountSourceMissing`, `InvalidLane` (podman refuses the name or an option).
        """
        ...

    def put_archive(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        """Extract a tar stream at / of a container that does not run.

        Folders that are missing are made. When iterating `archive` raises `ArchiveBroken`, the
        extraction is given up and its error is the Failure; what was extracted so far may stay.
        """
        ...

    def start(self, container: str) -> Outcome[None]:
        """Start it; one that runs already is fine.

        Fails with `PortInUse`, `StartFailed`, `InvalidState` (paused, being removed).
        """
        ...

    def unpause(self, container: str) -> Outcome[None]:
        """Let a paused one run on; `InvalidState` when it is not paused."""
        ...

    def stop(self, container: str, grace: float) -> Outcome[None]:
        """Stop it: SIGTERM, and SIGKILL after `grace` seconds. One that does not run is fine.

        `InvalidState` for a paused one.
        """
        ...

    def rename(self, container: str, name: str) -> Outcome[None]:
        """Give it another name, in whatever state it is; `NameInUse` changes nothing."""
        ...

    def remove(self, container: str, grace: float) -> Outcome[None]:
        """Remove it in whatever state, with its anonymous volumes; one that is gone is fine.

        A running one gets SIGTERM, and SIGKILL after `grace` seconds.
        """
        ...

    def logs(self, container: str, tail: int) -> Outcome[str]:
        """The last `tail` lines of its stdout and stderr, oldest first."""
        ...

    def diff(self, container: str) -> Outcome[tuple[LayerChange, ...]]:
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
        `InvalidState` when the container does not run.
        """
        ...
