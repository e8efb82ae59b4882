"""For tests of services that embed lanekit: no podman is needed, and no test waits."""

from typing import TYPE_CHECKING

from lanekit._lazy import lazy

if TYPE_CHECKING:
    from lanekit.adapters.host.clock import VirtualClock
    from lanekit.adapters.memory.engine import InMemory, SimulatedKill
    from lanekit.adapters.memory.workers import Worker

__all__ = [
    "InMemory",
    "SimulatedKill",
    "VirtualClock",
    "Worker",
]


_HOMES = {
    "lanekit.adapters.host.clock": ("VirtualClock",),
    "lanekit.adapters.memory.engine": (
        "InMemory",
        "SimulatedKill",
    ),
    "lanekit.adapters.memory.workers": ("Worker",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, _HOMES)
