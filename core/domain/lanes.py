"""A lane and its profile, as the user writes them. Both are frozen."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal

from lanekit.core.domain._dataclass import dataclass

DEFAULT_IMAGE = "localhost/ai-workflow-agent-runner:local"
DEFAULT_GRACE_SECONDS = 10.0
OnDrift = Literal["replace", "report", "when-idle"]
"""What to do with a container that differs from its specification; see `Profile`."""
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
    "when-idle" leaves it while the worker runs and does not say, by 2xx at `idle_path`, that it is
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
    stop_grace: float = DEFAULT_GRACE_SECONDS
    git: Git = "none"
    credentials: tuple[str, ...] = ()
    on_drift: OnDrift = "replace"
    idle_path: str = ""


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
