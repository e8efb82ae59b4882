"""The engines that run containers: podman by its socket or its command, or in memory.

`ContainerEngine` is what an engine implements; the other names are what its methods take and
return. Names are resolved on first use (PEP 562): whoever embeds the in-memory engine does not pay
for the imports of the podman engines.
"""

from typing import TYPE_CHECKING

from lanekit._lazy import lazy

if TYPE_CHECKING:
    from lanekit.adapters.host.processes import ProcessLimits
    from lanekit.adapters.memory.engine import InMemory
    from lanekit.adapters.podman.auto import find_podman
    from lanekit.adapters.podman.cli.engine import PodmanCli
    from lanekit.adapters.podman.rest.engine import PodmanSocket
    from lanekit.core.domain.containers import ContainerSpec, EnvVar, Limits, Mount, Port
    from lanekit.core.domain.observed import (
        ChangeKind,
        ContainerEvent,
        ImageInfo,
        InspectResult,
        LayerChange,
        ObservedContainer,
        State,
    )
    from lanekit.core.ports.engine import (
        ContainerEngine,
        EventStream,
        OnPartialResult,
        Streams,
    )
    from lanekit.core.ports.host_files import ArchiveBroken

__all__ = [
    "ArchiveBroken",
    "ChangeKind",
    "ContainerEngine",
    "ContainerEvent",
    "ContainerSpec",
    "EnvVar",
    "EventStream",
    "ImageInfo",
    "InMemory",
    "InspectResult",
    "LayerChange",
    "Limits",
    "Mount",
    "ObservedContainer",
    "OnPartialResult",
    "PodmanCli",
    "PodmanSocket",
    "Port",
    "ProcessLimits",
    "State",
    "Streams",
    "find_podman",
]


_HOMES = {
    "lanekit.adapters.host.processes": ("ProcessLimits",),
    "lanekit.adapters.memory.engine": ("InMemory",),
    "lanekit.adapters.podman.auto": ("find_podman",),
    "lanekit.adapters.podman.cli.engine": ("PodmanCli",),
    "lanekit.adapters.podman.rest.engine": ("PodmanSocket",),
    "lanekit.core.domain.containers": (
        "ContainerSpec",
        "EnvVar",
        "Limits",
        "Mount",
        "Port",
    ),
    "lanekit.core.domain.observed": (
        "ChangeKind",
        "ContainerEvent",
        "ImageInfo",
        "InspectResult",
        "LayerChange",
        "ObservedContainer",
        "State",
    ),
    "lanekit.core.ports.engine": (
        "ContainerEngine",
        "EventStream",
        "OnPartialResult",
        "Streams",
    ),
    "lanekit.core.ports.host_files": ("ArchiveBroken",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, _HOMES)
