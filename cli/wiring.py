"""The composition root of the command: engines, ports and files put together.

Commands reach podman, git and files through this module, and tests replace its names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanekit.adapters.fleet_file.load import load_fleet, nearest_fleet_file
from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.api import Lanes
from lanekit.cli.options import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lanekit.adapters.host.git_command import Worktree
    from lanekit.adapters.podman.saved_inspect import SavedDrift
    from lanekit.cli.options import PolicyName, Settings
    from lanekit.core.domain.containers import ContainerSpec
    from lanekit.core.domain.diagnostics.facts import Connection, Facts, FleetFacts
    from lanekit.core.domain.errors import Outcome
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.progress import Listener
    from lanekit.core.ports.engine import ContainerEngine
    from lanekit.core.ports.host_files import HostFiles
    from lanekit.core.ports.lock import LaneLock

__all__ = ["load_fleet", "nearest_fleet_file"]

LOCK_TIMEOUT_SECONDS = 300.0
"""How long a command waits for another lanekit that works on the same lane."""


def lanes_for(
    settings: Settings,
    lanes: Sequence[Lane],
    policy: PolicyName,
    on_event: Listener,
    *,
    restart_unready: bool = False,
) -> Lanes:
    """Return `Lanes` over the engine that the settings name."""
    return Lanes(
        ENGINES[settings.engine or EngineName.auto](lanes),
        policy=policy.value,
        on_event=on_event,
        ready_timeout=settings.timeout,
        restart_unready=restart_unready,
        lock_timeout=LOCK_TIMEOUT_SECONDS,
        files=host_files(),
        lock=lane_lock(),
    )


def host_files() -> HostFiles:
    """Return the port that reads workers, config folders and worktrees."""
    return DiskFiles()


def lane_lock() -> LaneLock:
    """Return the lock that lets one lanekit at a time work on a lane."""
    return FileLock()


def list_worktrees(folder: str) -> Outcome[tuple[Worktree, ...]]:
    """Return the git worktrees of the repository that `folder` is in."""
    from lanekit.adapters.host import git_command

    return git_command.list_worktrees(folder)


def saved_drift(
    lane: Lane, spec: ContainerSpec, text: str, policy: PolicyName
) -> Outcome[SavedDrift]:
    """Return the drift of a lane's container in the saved output of `podman inspect`."""
    from lanekit.adapters.podman import saved_inspect

    return saved_inspect.saved_drift(lane, spec, text, policy.value)


def examination_for(settings: Settings) -> Callable[[FleetFacts], Facts]:
    """Return what examines the podman that the settings name, for doctor."""
    from lanekit.adapters.host.clock import SystemClock
    from lanekit.adapters.http.probe import HttpProbe
    from lanekit.adapters.podman.diagnostic_host import PodmanDiagnosticHost
    from lanekit.core.application.diagnose import diagnose
    from lanekit.core.application.start_test import DoctorPorts

    connections: dict[EngineName, Connection]
    connections = {EngineName.cli: "command", EngineName.socket: "socket"}
    connection = connections.get(settings.engine or EngineName.auto)
    ports = DoctorPorts(PodmanDiagnosticHost(), lane_lock(), HttpProbe(), SystemClock())
    return lambda fleet: diagnose(ports, fleet, connection)


def _auto(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.auto import find_podman

    return find_podman()


def _podman_socket(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.rest.engine import PodmanSocket

    return PodmanSocket()


def _podman_cli(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.cli.engine import PodmanCli

    return PodmanCli()


def _memory(lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.memory.engine import InMemory

    images = {lane.profile.image for lane in lanes if lane.profile}
    return InMemory(images=sorted(images))


ENGINES: Mapping[EngineName, Callable[[Sequence[Lane]], ContainerEngine]] = {
    EngineName.auto: _auto,
    EngineName.socket: _podman_socket,
    EngineName.cli: _podman_cli,
    EngineName.memory: _memory,
}
"""How each engine is made. The in-memory one has the images of these lanes and no container."""
