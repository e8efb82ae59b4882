"""What a run needs: the five ports together, and a lane with everything read that it needs."""

from lanekit.core.git_mounts import ToMake
from lanekit.core.model import ContainerSpec, Lane, Profile
from lanekit.core.ports import Clock, ConfigCopy, ContainerEngine, HostFiles, LaneLock, Probe
from lanekit.core.value import dataclass


@dataclass(frozen=True)
class World:
    """The ports, as a composition root put them together."""

    engine: ContainerEngine
    probe: Probe
    files: HostFiles
    lock: LaneLock
    clock: Clock


@dataclass(frozen=True)
class Target:
    """A lane that was found possible: its spec, and its config where it has one.

    `make`: what has to be on the host before a container is made or started.
    """

    lane: Lane
    profile: Profile
    spec: ContainerSpec
    config: ConfigCopy | None
    make: tuple[ToMake, ...] = ()
