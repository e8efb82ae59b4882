"""`Lanes` with its defaults: the composition root of those who embed lanekit."""

from lanekit.adapters.host.clock import SystemClock
from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.core.application import lanes
from lanekit.core.application.container_backend import ContainerBackend
from lanekit.core.application.context import Ports
from lanekit.core.application.ensure import EnsureOptions
from lanekit.core.application.lanes import JOBS
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.differences import Policy
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.progress import Event, Listener
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.host_files import HostFiles
from lanekit.core.ports.lock import LaneLock
from lanekit.core.ports.probe import Probe

__all__ = ["JOBS", "Lanes"]


def _ignore(_event: Event) -> None:
    return


class Lanes(lanes.Lanes):
    """Reconcile lanes as containers of an engine, and explain what is wrong when that fails.

    May be used from several threads. Every method returns an Outcome and raises only for bugs.

    Args:
        engine: `PodmanSocket()`, `PodmanCli()`, `find_podman()`, which chooses between these two,
            or `InMemory()`; see `lanekit.engines`.
        profile: what lanes without a profile of their own have in common.
        policy: "strict" compares all fields, "reference" those that the Go runtime compares.
        on_event: called with each progress event, from the thread that works on the lane.
        ready_timeout: seconds; overrides the `ready_timeout` of all profiles.
        restart_unready: restart a container once if its worker does not answer in time.
        lock_timeout: seconds to wait for another lanekit process that works on the same lane.
        probe, files, lock, clock: the other ports; the defaults suit a service.
    """

    def __init__(  # noqa: PLR0913 - every port can be given, all by name
        self,
        engine: ContainerEngine,
        profile: Profile | None = None,
        *,
        policy: Policy = "strict",
        on_event: Listener = _ignore,
        ready_timeout: float | None = None,
        restart_unready: bool = False,
        lock_timeout: float = 300.0,
        probe: Probe | None = None,
        files: HostFiles | None = None,
        lock: LaneLock | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        ports = Ports(
            engine, probe or _default_probe(engine), files or DiskFiles(), lock or FileLock(), clock
        )
        options = EnsureOptions(policy, on_event, restart_unready)
        self._containers = ContainerBackend(ports, options, lock_timeout)
        super().__init__(self._containers, profile, clock=clock, ready_timeout=ready_timeout)

    @property
    def engine(self) -> ContainerEngine:
        """The engine in use."""
        return self._containers.engine

    def spec(self, lane: Lane) -> Outcome[ContainerSpec]:
        """Return what the lane's container must be; read the host's files, ask no engine."""
        return self._named(self._containers.spec(self._given(lane)), lane)


def _default_probe(engine: ContainerEngine) -> Probe:
    # The in-memory engine has no sockets: it answers for its workers itself.
    if isinstance(engine, Probe):
        return engine
    from lanekit.adapters.http.probe import HttpProbe  # noqa: PLC0415 - http costs start-up

    return HttpProbe()
