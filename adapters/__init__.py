"""The drivers behind the ports of `lanekit.core.ports`.

Names are resolved on first use (PEP 562): who embeds the in-memory engine does not pay for the
imports of the podman drivers.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.memory import InMemory
    from lanekit.adapters.podman_auto import find_podman
    from lanekit.adapters.podman_cli import PodmanCli
    from lanekit.adapters.podman_socket import PodmanSocket

__all__ = ["InMemory", "PodmanCli", "PodmanSocket", "find_podman"]

_HOMES = {
    "InMemory": "lanekit.adapters.memory",
    "PodmanCli": "lanekit.adapters.podman_cli",
    "PodmanSocket": "lanekit.adapters.podman_socket",
    "find_podman": "lanekit.adapters.podman_auto",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only paid by the first use

    return getattr(import_module(_HOMES[name]), name)
