"""What was observed: containers, images and events, in one spelling for all engines."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import Mount, Port

State = Literal[
    "created", "running", "paused", "exited", "stopping", "stopped", "removing", "unknown"
]
LIVE_STATES: tuple[State, ...] = ("running", "paused", "stopping")
"""The states in which a container's processes exist."""


@dataclass(frozen=True)
class ObservedContainer:
    """A container as podman shows it, in one spelling for all versions.

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


ChangeKind = Literal["added", "changed", "deleted"]


@dataclass(frozen=True)
class LayerChange:
    """A path in a container's own layer that is not as its image brings it."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True)
class ImageInfo:
    """What lanekit needs to know of an image: its id, and what it brings to every container."""

    id: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class InspectResult:
    """Containers and images, keyed by the names asked for; a missing one is absent."""

    containers: Mapping[str, ObservedContainer]
    images: Mapping[str, ImageInfo]


@dataclass(frozen=True)
class MountHealth:
    """What a running container sees, where this host can tell; all is well where it cannot.

    `dead` are targets of mounts that show a folder which was deleted or moved away on the host;
    `config_missing`: its config folder was deleted, or a copy into it was interrupted.
    """

    stale_mounts: tuple[str, ...] = ()
    config_missing: bool = False


@dataclass(frozen=True)
class ObservedLane:
    """What there is of a lane: the container of its name, and leftovers of a replace.

    `image` None: not looked at (nothing to compare it with) or not there.
    """

    current: ObservedContainer | None = None
    next: ObservedContainer | None = None
    prev: ObservedContainer | None = None
    image: ImageInfo | None = None
    mount_health: MountHealth = MountHealth()
    config_copy_incomplete: bool = False
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
