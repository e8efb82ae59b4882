"""A lane in memory: host files that need no disk, a lock, a clock that does not wait."""

import tarfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from returns.result import Failure, Success

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.api import Lanes
from lanekit.core.domain.containers import Mount
from lanekit.core.domain.differences import Policy
from lanekit.core.domain.errors import InvalidLane, Outcome, or_raise
from lanekit.core.domain.git_mounts import GitFacts, RequiredPath
from lanekit.core.domain.journal import (
    EMPTY,
    ChangeStarted,
    ConfigCopyStarted,
    Journal,
    Settled,
)
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Lane, Profile
from lanekit.core.domain.observed import MountHealth, ObservedContainer
from lanekit.core.domain.progress import Event, Listener
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal
from lanekit.core.ports.lock import OnWait

WELL = MountHealth()
LANE = Lane("ws", "a", "/work/tree")
PROFILE = Profile("/bin/worker", "/bin/inbox", config_dir="/c/.codex", ready_timeout=10)


def words_of(outcome: Outcome[object]) -> str:
    """Those of what failed, whole."""
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


@dataclass(frozen=True)
class Config:
    """A config of one file, whose content is its fingerprint."""

    fingerprint: str
    digest: str

    names: frozenset[str] = frozenset(("",))

    def archive(self, target: str) -> Iterator[bytes]:
        """The folder alone: what is copied is not looked at here."""
        folder = tarfile.TarInfo(target.lstrip("/"))
        folder.type = tarfile.DIRTYPE
        yield folder.tobuf() + bytes(1024)


@dataclass
class Files:
    """Host files in memory: `version` of the worker and the config; `broken` paths are missing.

    `lost`: what a running container sees inside, until it is started anew or copied into.
    """

    version: int = 1
    broken: Sequence[str] = ()
    lost: MountHealth = WELL
    made: list[RequiredPath] = field(default_factory=lambda: [])

    def folder(self, path: str) -> Outcome[None]:
        """A folder, unless broken."""
        return Failure(InvalidLane(f"{path} is missing")) if path in self.broken else Success(None)

    def mountable(self, path: str) -> Outcome[None]:
        """Anything, unless broken."""
        return self.folder(path)

    def digest(self, path: str, *, executable: bool) -> Outcome[str]:
        """Changes with the version."""
        _ = executable
        checked = self.folder(path)
        return checked if isinstance(checked, Failure) else Success(f"{self.version:064d}")

    def config(self, path: str, credentials: Sequence[str] = ()) -> Outcome[Config]:
        """Changes with the version."""
        _ = path, credentials
        return Success(Config(f"{self.version:064d}", f"{self.version:064d}"))

    def mount_health(
        self, seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
    ) -> MountHealth:
        """What was set."""
        _ = seen, mounts, config_target
        return self.lost

    def git(self, worktree: str) -> Outcome[GitFacts]:
        """A worktree of /r/.git that has its own name there."""
        name = worktree.rsplit("/", 1)[-1]
        return Success(
            GitFacts(False, f"{worktree}/.git", f"/r/.git/worktrees/{name}", "/r/.git", name)
        )

    def ensure_paths(self, wanted: Sequence[RequiredPath]) -> Outcome[None]:
        """Notes it."""
        self.made += wanted
        return Success(None)

    def touched(self, seen: ObservedContainer, paths: Sequence[str]) -> frozenset[str] | None:
        """Nobody can tell."""
        _ = seen, paths
        return None


@dataclass
class SeeingFiles(Files):
    """Files that look into the containers of `engine`, of which some may have lost something.

    `dead`: the ids of those whose worktree was made anew, with the start that still shows the old.
    """

    engine: InMemory = field(default_factory=InMemory)
    dead: dict[str, str] = field(default_factory=lambda: {})

    def mount_health(
        self, seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
    ) -> MountHealth:
        """A start mounts anew, a copy makes the config's folder."""
        _ = mounts
        now = {c.id: c.name for c in self.engine.containers if c.state in ("running", "paused")}
        if seen.id not in now:
            return WELL
        dead = ("/workspace",) if self.dead.get(seen.id) == seen.started_at else ()
        gone = bool(config_target) and config_target not in self.engine.files(now[seen.id])
        return MountHealth(dead, gone)


UNFINISHED = Journal((ChangeStarted(),))


def settled(container_id: str) -> Journal:
    """The journal after an ensure that ended well with this container."""
    return Journal((Settled(container_id),))


def copying(container_id: str) -> Journal:
    """The journal while a config is copied into this container, which was there before."""
    return Journal((ChangeStarted(), ConfigCopyStarted(container_id)))


class MemoryJournal:
    """A journal in memory."""

    def __init__(self, journal: Journal = EMPTY) -> None:
        self.journal = journal

    def read(self) -> Journal:
        """What was written last."""
        return self.journal

    def write(self, journal: Journal, *, durable: bool) -> Outcome[None]:
        """Keep it."""
        _ = durable
        self.journal = journal
        return Success(None)


class NoLock:
    """Always free; the journals stay."""

    def __init__(self) -> None:
        self.journals: dict[str, MemoryJournal] = {}

    def read_journal(self, container_name: str) -> Journal:
        """What is in it."""
        return self.journals.get(container_name, MemoryJournal()).read()

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> Outcome[AbstractContextManager[LaneJournal]]:
        """At once."""
        _ = timeout, on_wait, cancel
        return Success(nullcontext(self.journals.setdefault(container_name, MemoryJournal())))


@dataclass
class LaneWorld:
    """One lane on the in-memory engine, watched at every event."""

    policy: Policy = "strict"
    lane: Lane = LANE
    profile: Profile = PROFILE
    files: Files = field(default_factory=Files)
    events: list[Event] = field(default_factory=lambda: [])
    most_running: int = 0

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.engine = InMemory((DEFAULT_IMAGE,), clock=self.clock, seed=1)
        self.lock = NoLock()

    def lanes(self, on_event: Listener | None = None, *, restart_unready: bool = False) -> Lanes:
        """The facade; a new one as a new process would make it."""
        return Lanes(
            self.engine,
            self.profile,
            policy=self.policy,
            on_event=on_event or self._watch,
            restart_unready=restart_unready,
            files=self.files,
            lock=self.lock,
            clock=self.clock,
        )

    def made(self) -> "LaneWorld":
        """With the lane as asked and answering; how it came so is forgotten."""
        _ = or_raise(self.lanes().ensure(self.lane))
        self.events.clear()
        self.engine.forget_calls()
        return self

    def _watch(self, event: Event) -> None:
        self.events.append(event)
        self.most_running = max(self.most_running, len(self.running()))

    def ours(self) -> list[ObservedContainer]:
        """The lane's containers, by label."""
        return [c for c in self.engine.containers if c.labels.get("lanekit.lane") == self.lane.id]

    def running(self) -> list[ObservedContainer]:
        """Those of them that run."""
        return [c for c in self.ours() if c.state == "running"]

    def drift(self) -> None:
        """Let the worker and the config be others than the container has."""
        self.files.version += 1

    def lose(self, *, mount: bool = False, config: bool = False) -> None:
        """Let the lane's container, which runs, lose what a look inside shows."""
        (seen,) = self.running()
        files = SeeingFiles(self.files.version, engine=self.engine)
        if mount:
            files.dead[seen.id] = seen.started_at
        if config:
            self.engine.delete_file(seen.name, or_raise(self.lanes().spec(self.lane)).config_target)
        self.files = files
        self.engine.tamper(seen.name, pid=4711)

    def new_worker(self, worker: Worker) -> None:
        """The worker of containers made from now on."""
        self.engine.set_worker(self.lane.container_name, worker)

    def with_profile(self, **changes: object) -> None:
        """Change the profile."""
        self.profile = replace(self.profile, **changes)  # type: ignore[arg-type]  # any field
