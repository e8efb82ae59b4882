"""lanekit: one podman container per coding-agent worktree, kept in the state that a file declares.

`Lanes(engine, profile).ensure(lane)` is the heart of it; the engines are in `lanekit.engines`.
Names are resolved on first use (PEP 562): importing a part of lanekit does not load the rest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanekit.api import Lanes
    from lanekit.core.domain.errors import LaneError, LaneFailed, Outcome, or_raise
    from lanekit.core.domain.lanes import BindMount, Lane, Profile
    from lanekit.core.domain.observed import Endpoint

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
    "BindMount": "lanekit.core.domain.lanes",
    "Endpoint": "lanekit.core.domain.observed",
    "Lane": "lanekit.core.domain.lanes",
    "LaneError": "lanekit.core.domain.errors",
    "LaneFailed": "lanekit.core.domain.errors",
    "Lanes": "lanekit.api",
    "Outcome": "lanekit.core.domain.errors",
    "Profile": "lanekit.core.domain.lanes",
    "or_raise": "lanekit.core.domain.errors",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - costs a start 20 ms

        return version("lanekit")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only paid by the first use

    return getattr(import_module(_HOMES[name]), name)
