"""For tests of services that embed lanekit: no podman is needed, and no test waits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.host.clock import VirtualClock
    from lanekit.adapters.memory.engine import InMemory
    from lanekit.adapters.memory.workers import Worker

__all__ = [
    "InMemory",
    "VirtualClock",
    "Worker",
]

_HOMES = {
    "InMemory": "lanekit.adapters.memory.engine",
    "VirtualClock": "lanekit.adapters.host.clock",
    "Worker": "lanekit.adapters.memory.workers",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only paid by the first use

    return getattr(import_module(_HOMES[name]), name)
