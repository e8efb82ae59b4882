"""What a run needs: the five ports together, and a lane with everything read that it needs."""

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.git_mounts import RequiredPath
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.host_files import ConfigCopy, HostFiles
from lanekit.core.ports.lock import LaneLock
from lanekit.core.ports.probe import Probe


@dataclass(frozen=True)
class Ports:
    """The ports, as a composition root put them together."""

    engine: ContainerEngine
    probe: Probe
    files: HostFiles
    lock: LaneLock
    clock: Clock


@dataclass(frozen=True)
class PreparedLane:
    """A lane that was found possible: its spec, and its config where it has one.

    `make`: what has to be on the host before a container is made or started.
    """

    lane: Lane
    profile: Profile
    spec: ContainerSpec
    config: ConfigCopy | None
    required_paths: tuple[RequiredPath, ...] = ()
