"""The words of lanekit: what is asked (Lane, Profile, ContainerSpec) and what is seen (Snapshot).

All are frozen. Collections are tuples sorted by their makers, so that equal things are equal.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal

from lanekit.core.printable import printable
from lanekit.core.value import dataclass

WORKER_PATH = "/usr/local/bin/lane-worker"
INBOX_PATH = "/usr/local/bin/inbox"
WORKSPACE_PATH = "/workspace"
HOME = "/root"
WORKER_PORT = 31417
DEFAULT_IMAGE = "localhost/ai-workflow-agent-runner:local"
FINGERPRINT_ENV = "INBOX_RUNTIME_CODEX_SHA"

NEXT = ".next"
"""Ends the name of a replacement that is being made."""
PREV = ".prev"
"""Ends the name of the container that a replacement takes the place of."""

OnDrift = Literal["replace", "report", "when-idle"]
"""What becomes of a container that is not as asked; see `Profile`."""

LABEL_WORKSPACE = "lanekit.workspace"
LABEL_LANE = "lanekit.lane"
LABEL_WORKER = "lanekit.worker"
LABEL_INBOX = "lanekit.inbox"
LABEL_CONFIG = "lanekit.config"
LABEL_FLEET = "lanekit.fleet"
"""Which fleet a container was made for; for `gc` alone, never drift and never identity (ADR 21)."""
LABEL_ENV = "lanekit.env"
"""Names of the environment variables of the spec: a variable that was dropped is thus seen."""


Git = Literal["none", "safe", "read-write"]
"""What a lane may do with its worktree's repository (ADR 22)."""


@dataclass(frozen=True)
class BindMount:
    """A folder or file of the host (`source`) seen in the container at `target`."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Profile:
    """What the lanes of a fleet have in common. Paths are absolute host paths.

    `memory` is in bytes, `cpus` in cores, `ready_timeout` and `stop_grace` in seconds.
    `env` is added to the variables lanekit makes; its values are never shown. `credentials` are
    paths below `config_dir`: copied in, but never a cause to replace (ADR 23).
    `on_drift`: "report" leaves drift that only a replace or a restart would end, and says so;
    "when-idle" leaves it while the worker runs and does not say, by 2xx at `busy_path`, that it is
    idle.
    """

    worker: str
    inbox: str
    image: str = DEFAULT_IMAGE
    server_port: int = 8080
    config_dir: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None
    mounts: tuple[BindMount, ...] = ()
    ready_path: str = "/"
    ready_timeout: float = 30.0
    stop_grace: float = 10.0
    git: Git = "none"
    credentials: tuple[str, ...] = ()
    on_drift: OnDrift = "replace"
    busy_path: str = ""


@dataclass(frozen=True)
class Lane:
    """One stream of agent work. `container` defaults to WORKSPACE-ID.

    `profile`, when given, is used for this lane in place of the fleet's. `fleet` names those lanes
    that are kept together, as a fleet file does: `gc` looks at the containers of one fleet.
    """

    workspace: str
    id: str
    worktree: str
    container: str = ""
    profile: Profile | None = None
    fleet: str = ""

    @property
    def name(self) -> str:
        """How people name the lane: WORKSPACE/ID."""
        return f"{self.workspace}/{self.id}"

    @property
    def container_name(self) -> str:
        """The name of the lane's container."""
        return self.container or f"{self.workspace}-{self.id}"


@dataclass(frozen=True)
class EnvVar:
    """A variable of the container's environment. `secret`: its value is never shown."""

    name: str
    value: str = field(repr=False)
    secret: bool = True


@dataclass(frozen=True)
class Mount:
    """A mount as asked for or as seen. `kind` is podman's Type: bind, volume, tmpfs, image, .."""

    source: str
    target: str
    read_only: bool = False
    kind: str = "bind"


@dataclass(frozen=True)
class Port:
    """A published port. `host_port` None: podman chooses at create (asked), or none (seen)."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = "127.0.0.1"
    host_port: int | None = None

    @property
    def key(self) -> str:
        """As podman writes it: 31417/tcp."""
        return f"{self.container_port}/{self.protocol}"


@dataclass(frozen=True)
class ContainerSpec:
    """Everything that is asked of a lane's container. None means podman's own default."""

    name: str
    image: str
    user: str
    entrypoint: tuple[str, ...]
    workdir: str
    env: tuple[EnvVar, ...]
    mounts: tuple[Mount, ...]
    ports: tuple[Port, ...]
    labels: Mapping[str, str]
    config_target: str = ""
    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None


State = Literal[
    "created", "running", "paused", "exited", "stopping", "stopped", "removing", "unknown"
]


@dataclass(frozen=True)
class Snapshot:
    """A container as podman showed it, in one spelling for all versions.

    `entrypoint` is the path and `args` what follows it. `env` values are kept for comparing and
    left out of repr. Limits are None where podman's default holds. `privileged` implies podman's
    own choice of capabilities and devices, so those are then left empty. `pid` is that of its first
    process, on podman's host; 0 while it does not run. `updatable`: its limits can be changed while
    it runs, inspect then shows them, and they stay (not so with 4.3.1). `read_only`: its own layer
    cannot be written.
    """

    id: str
    name: str
    state: State
    image: str
    image_id: str
    user: str
    path: str
    args: tuple[str, ...]
    workdir: str
    env: Mapping[str, str] = field(repr=False)
    mounts: tuple[Mount, ...]
    ports: tuple[Port, ...]
    labels: Mapping[str, str]
    exposed: tuple[str, ...] = ()
    config_image: str = ""
    network_mode: str = "bridge"
    networks: tuple[str, ...] = ()
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    restart_policy: str = "no"
    auto_remove: bool = False
    host_namespaces: tuple[str, ...] = ()
    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    started_at: str = ""
    pid: int = 0
    updatable: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Limits:
    """Limits of a container to be changed while it runs; None leaves one as it is."""

    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None
    restart_policy: str | None = None


@dataclass(frozen=True)
class Change:
    """A path in a container's own layer that is not as its image brings it."""

    path: str
    kind: Literal["added", "changed", "deleted"]


@dataclass(frozen=True)
class ImageInfo:
    """What lanekit needs to know of an image: its id, and what it brings to every container."""

    id: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What one look at podman showed, keyed by what was asked; what is missing is left out."""

    containers: Mapping[str, Snapshot]
    images: Mapping[str, ImageInfo]


@dataclass(frozen=True)
class Inside:
    """What a running container sees, where this host can tell; all is well where it cannot.

    `dead` are targets of mounts that show a folder which was deleted or moved away on the host;
    `config_gone`: its config folder was deleted, or a copy into it was broken off.
    """

    dead: tuple[str, ...] = ()
    config_gone: bool = False


@dataclass(frozen=True)
class Observation:
    """What there is of a lane: the container of its name, and leftovers of a replace.

    `image` None: not looked at (nothing to compare it with) or not there.
    """

    current: Snapshot | None = None
    next: Snapshot | None = None
    prev: Snapshot | None = None
    image: ImageInfo | None = None
    inside: Inside = Inside()
    half_copied: bool = False
    """Whether a copy of the config into `current` was begun and not seen to end."""


@dataclass(frozen=True)
class ContainerEvent:
    """Something that happened to a container, whoever did it. `name` is what it has then.

    `action` is podman's word: "died" comes whenever its process ended, "stop" not always.
    """

    id: str
    name: str
    action: str


@dataclass(frozen=True)
class Endpoint:
    """Where the worker answers, seen from the host."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """http://127.0.0.1:41234"""
        return f"http://{self.host}:{self.port}"


Grade = Literal["adjust", "restart", "replace"]
"""The mildest mend that ends a difference: while it runs, by a restart, by another container."""


@dataclass(frozen=True)
class Difference:
    """One field in which a container is not as asked. Both sides are printable and masked."""

    field: str
    expected: str
    actual: str
    grade: Grade = "replace"

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, actual {self.actual}"

    def printable(self) -> "Difference":
        """The same, with what would steer a terminal as escapes: podman's words may hold that."""
        field, expected, actual = map(printable, (self.field, self.expected, self.actual))
        return Difference(field, expected, actual, self.grade)


Drift = tuple[Difference, ...]
Policy = Literal["strict", "reference"]
