"""lanekit: one podman container per agent lane, made so, kept so, and said why when not.

`Lanes(engine, profile).ensure(lane)` is the heart of it; engines are in `lanekit.adapters`. Names
are resolved on first use (PEP 562), so that importing a part of lanekit does not load the rest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.adapters.lanes import Lanes
    from lanekit.core.errors import LaneError, LaneFailed, Outcome, or_raise
    from lanekit.core.model import BindMount, Endpoint, Lane, Profile

__all__ = [
    "BindMount",
    "Endpoint",
    "Lane",
    "LaneError",
    "LaneFailed",
    "Lanes",
    "Outcome",
    "Profile",
    "or_raise",
]

_HOMES = {
    "BindMount": "lanekit.core.model",
    "Endpoint": "lanekit.core.model",
    "Lane": "lanekit.core.model",
    "LaneError": "lanekit.core.errors",
    "LaneFailed": "lanekit.core.errors",
    "Lanes": "lanekit.adapters.lanes",
    "Outcome": "lanekit.core.errors",
    "Profile": "lanekit.core.model",
    "or_raise": "lanekit.core.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only paid by the first use

    return getattr(import_module(_HOMES[name]), name)
