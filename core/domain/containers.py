"""What is wanted of a container (ContainerSpec), and the paths and names lanekit uses."""

from collections.abc import Mapping
from dataclasses import field

from lanekit.core.domain._dataclass import dataclass

WORKER_PATH = "/usr/local/bin/lane-worker"
INBOX_PATH = "/usr/local/bin/inbox"
WORKSPACE_PATH = "/workspace"
HOME = "/root"
WORKER_PORT = 31417
FINGERPRINT_ENV = "INBOX_RUNTIME_CODEX_SHA"
CONTAINER_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
"""podman's own rule for names (libpod/define: RegexError)."""
MAX_PORT = 65535
CPU_PERIOD_US = 100_000
"""podman's default period: a container may use `cpus` times this much CPU time in each."""
NEXT = ".next"
"""Ends the name of a replacement that is being made."""
PREV = ".prev"
"""Ends the name of the container that a replacement takes the place of."""


@dataclass(frozen=True)
class EnvVar:
    """A variable of the container's environment. `secret`: its value is never shown."""

    name: str
    value: str = field(repr=False)
    secret: bool = True


@dataclass(frozen=True)
class Mount:
    """A mount, specified or observed. `kind` is podman's Type: bind, volume, tmpfs, image, .."""

    source: str
    target: str
    read_only: bool = False
    kind: str = "bind"


@dataclass(frozen=True)
class Port:
    """A published port. `host_port` None: podman chooses one (specified), or none (observed)."""

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
    """The specification of a lane's container. None means podman's own default."""

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


@dataclass(frozen=True)
class Limits:
    """Limits of a container to be changed while it runs; None leaves one as it is."""

    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = None
    restart_policy: str | None = None
