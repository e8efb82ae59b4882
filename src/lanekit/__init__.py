"""lanekit: one podman container per coding-agent worktree, kept in the state that a file declares.

`Lanes(engine, profile).ensure(lane)` is the heart of it; the engines are in `lanekit.engines`, the
errors in `lanekit.errors`, the operations of a plan in `lanekit.operations`. Every name that is not
in one of these modules, in `lanekit.testing` or in `lanekit.contract` is private.

Names are resolved on first use (PEP 562): importing a part of lanekit does not load the rest.
"""

from typing import TYPE_CHECKING

from lanekit._lazy import lazy

if TYPE_CHECKING:
    from returns.result import Failure, Success

    from lanekit._version import __version__
    from lanekit.adapters.fleet_file.load import InvalidFleetFile, LoadedFleet, load_fleet
    from lanekit.api import Lanes
    from lanekit.core.application.watcher import Watcher
    from lanekit.core.domain.differences import Difference, Drift, Policy, Remedy
    from lanekit.core.domain.errors import LaneError, LaneFailed, Outcome, or_raise
    from lanekit.core.domain.journal import Journal
    from lanekit.core.domain.lane_events import LaneEvent
    from lanekit.core.domain.lanes import BindMount, Git, Lane, OnDrift, Profile
    from lanekit.core.domain.observed import ChangeKind, Endpoint, LayerChange
    from lanekit.core.domain.operations import Action, Operation
    from lanekit.core.domain.orphans import KeepReason, Orphan, OrphanRemoval, OrphanReport
    from lanekit.core.domain.plan import Plan
    from lanekit.core.domain.progress import (
        Event,
        Listener,
        OperationFailed,
        OperationFinished,
        OperationStarted,
        OperationUndone,
        Waiting,
    )
    from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
    from lanekit.core.domain.watch_schedule import Report, ReportKind
    from lanekit.core.ports.backend import LaneBackend, LaneBatch, LaneEvents
    from lanekit.core.ports.clock import Clock, Waitable
    from lanekit.core.ports.host_files import HostFiles
    from lanekit.core.ports.journal import LaneJournal
    from lanekit.core.ports.lock import LaneLock
    from lanekit.core.ports.probe import Probe

__all__ = [
    "Action",
    "BindMount",
    "ChangeKind",
    "Clock",
    "Difference",
    "Drift",
    "Endpoint",
    "EnsureResult",
    "Event",
    "Failure",
    "Git",
    "HostFiles",
    "InvalidFleetFile",
    "Journal",
    "KeepReason",
    "Lane",
    "LaneBackend",
    "LaneBatch",
    "LaneError",
    "LaneEvent",
    "LaneEvents",
    "LaneFailed",
    "LaneJournal",
    "LaneLock",
    "LaneStatus",
    "Lanes",
    "LayerChange",
    "Listener",
    "LoadedFleet",
    "OnDrift",
    "Operation",
    "OperationFailed",
    "OperationFinished",
    "OperationStarted",
    "OperationUndone",
    "Orphan",
    "OrphanRemoval",
    "OrphanReport",
    "Outcome",
    "Plan",
    "Policy",
    "Probe",
    "Profile",
    "Remedy",
    "RemoveResult",
    "Report",
    "ReportKind",
    "StopResult",
    "Success",
    "Waitable",
    "Waiting",
    "Watcher",
    "__version__",
    "load_fleet",
    "or_raise",
]

_HOMES = {
    "lanekit._version": ("__version__",),
    "lanekit.adapters.fleet_file.load": (
        "InvalidFleetFile",
        "LoadedFleet",
        "load_fleet",
    ),
    "lanekit.api": ("Lanes",),
    "lanekit.core.application.watcher": ("Watcher",),
    "lanekit.core.domain.differences": (
        "Difference",
        "Drift",
        "Policy",
        "Remedy",
    ),
    "lanekit.core.domain.errors": (
        "LaneError",
        "LaneFailed",
        "Outcome",
        "or_raise",
    ),
    "lanekit.core.domain.journal": ("Journal",),
    "lanekit.core.domain.lane_events": ("LaneEvent",),
    "lanekit.core.domain.lanes": (
        "BindMount",
        "Git",
        "Lane",
        "OnDrift",
        "Profile",
    ),
    "lanekit.core.domain.observed": (
        "ChangeKind",
        "Endpoint",
        "LayerChange",
    ),
    "lanekit.core.domain.operations": (
        "Action",
        "Operation",
    ),
    "lanekit.core.domain.orphans": (
        "KeepReason",
        "Orphan",
        "OrphanRemoval",
        "OrphanReport",
    ),
    "lanekit.core.domain.plan": ("Plan",),
    "lanekit.core.domain.progress": (
        "Event",
        "Listener",
        "OperationFailed",
        "OperationFinished",
        "OperationStarted",
        "OperationUndone",
        "Waiting",
    ),
    "lanekit.core.domain.results": (
        "EnsureResult",
        "LaneStatus",
        "RemoveResult",
        "StopResult",
    ),
    "lanekit.core.domain.watch_schedule": (
        "Report",
        "ReportKind",
    ),
    "lanekit.core.ports.backend": (
        "LaneBackend",
        "LaneBatch",
        "LaneEvents",
    ),
    "lanekit.core.ports.clock": (
        "Clock",
        "Waitable",
    ),
    "lanekit.core.ports.host_files": ("HostFiles",),
    "lanekit.core.ports.journal": ("LaneJournal",),
    "lanekit.core.ports.lock": ("LaneLock",),
    "lanekit.core.ports.probe": ("Probe",),
    "returns.result": (
        "Failure",
        "Success",
    ),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, _HOMES)
