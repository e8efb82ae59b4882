"""The composition root of the command: which engine, and the ports put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanekit.cli.options import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lanekit.api import Lanes
    from lanekit.cli.options import PolicyName, Settings
    from lanekit.core.domain.diagnostics.facts import Connection, Facts, FleetFacts
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.progress import Listener
    from lanekit.core.ports.engine import ContainerEngine


def lanes_for(
    settings: Settings,
    lanes: Sequence[Lane],
    policy: PolicyName,
    on_event: Listener,
    *,
    restart_unready: bool = False,
) -> Lanes:
    """The face of lanekit, over the engine that the settings name."""
    from lanekit.api import Lanes  # noqa: PLC0415 - costs start-up

    engine = ENGINES[settings.engine or EngineName.auto](lanes)
    return Lanes(
        engine,
        policy=policy.value,
        on_event=on_event,
        ready_timeout=settings.timeout,
        restart_unready=restart_unready,
    )


def examination_for(settings: Settings) -> Callable[[FleetFacts], Facts]:
    """How doctor looks at the podman that the settings name."""
    from lanekit.adapters.host.clock import SystemClock  # noqa: PLC0415 - costs start-up
    from lanekit.adapters.host.lane_lock import FileLock  # noqa: PLC0415
    from lanekit.adapters.http.probe import HttpProbe  # noqa: PLC0415
    from lanekit.adapters.podman.diagnostic_host import PodmanDiagnosticHost  # noqa: PLC0415
    from lanekit.core.application.diagnose import diagnose  # noqa: PLC0415
    from lanekit.core.application.start_test import DoctorPorts  # noqa: PLC0415

    connections: dict[EngineName, Connection]
    connections = {EngineName.cli: "command", EngineName.socket: "socket"}
    connection = connections.get(settings.engine or EngineName.auto)
    ports = DoctorPorts(PodmanDiagnosticHost(), FileLock(), HttpProbe(), SystemClock())
    return lambda fleet: diagnose(ports, fleet, connection)


def _auto(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.auto import find_podman  # noqa: PLC0415 - costs start-up

    return find_podman()


def _podman_socket(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.rest.engine import PodmanSocket  # noqa: PLC0415 - costs start-up

    return PodmanSocket()


def _podman_cli(_lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.podman.cli.engine import PodmanCli  # noqa: PLC0415 - costs start-up

    return PodmanCli()


def _memory(lanes: Sequence[Lane]) -> ContainerEngine:
    from lanekit.adapters.memory.engine import InMemory  # noqa: PLC0415 - costs start-up

    images = {lane.profile.image for lane in lanes if lane.profile}
    return InMemory(images=sorted(images))


ENGINES: Mapping[EngineName, Callable[[Sequence[Lane]], ContainerEngine]] = {
    EngineName.auto: _auto,
    EngineName.socket: _podman_socket,
    EngineName.cli: _podman_cli,
    EngineName.memory: _memory,
}
"""How each engine is made; the in-memory one has the images of these lanes and no container."""
