"""The engines that run containers: podman by its socket or its command, or in memory.

Names are resolved on first use (PEP 562): whoever embeds the in-memory engine does not pay for the
imports of the podman engines.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.memory.engine import InMemory
    from lanekit.adapters.podman.auto import find_podman
    from lanekit.adapters.podman.cli.engine import PodmanCli
    from lanekit.adapters.podman.rest.engine import PodmanSocket

__all__ = [
    "InMemory",
    "PodmanCli",
    "PodmanSocket",
    "find_podman",
]

_HOMES = {
    "InMemory": "lanekit.adapters.memory.engine",
    "PodmanCli": "lanekit.adapters.podman.cli.engine",
    "PodmanSocket": "lanekit.adapters.podman.rest.engine",
    "find_podman": "lanekit.adapters.podman.auto",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only paid by the first use

    return getattr(import_module(_HOMES[name]), name)
