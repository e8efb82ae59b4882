"""`--json`: one object per lane, and with --verbose one per event."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from lanekit.cli.output.hints import hint_lines
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.progress import (
    Event,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanekit.core.domain.differences import Drift
    from lanekit.core.domain.errors import LaneError
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.observed import LayerChange
    from lanekit.core.domain.operations import Operation
    from lanekit.core.domain.plan import Plan
    from lanekit.core.domain.results import EnsureResult, LaneStatus


@dataclass(frozen=True)
class Record:
    """The keys that every command prints, in this order; null where it has nothing to say."""

    lane: str
    container: str
    endpoint: str | None = None
    action: str | None = None
    drift: tuple[dict[str, str], ...] = ()
    operations: tuple[dict[str, str], ...] = ()
    rolled_back: bool = False
    seconds: float | None = None
    error: dict[str, str] | None = None
    remaining_drift: tuple[dict[str, str], ...] = ()
    remaining_reason: str | None = None


def line(record: Record, **more: object) -> str:
    """Return the record as one line of JSON; `more` are keys of one command alone."""
    return json.dumps(asdict(record) | more)


def ensured_record(ensured: EnsureResult) -> Record:
    """Return the record of an ensured lane."""
    return Record(
        ensured.lane,
        ensured.container,
        endpoint=ensured.endpoint.url,
        action=ensured.action,
        drift=differences(ensured.drift),
        operations=_operations(ensured.operations),
        seconds=round(ensured.seconds, 3),
        remaining_drift=differences(ensured.remaining_drift),
        remaining_reason=ensured.remaining_reason or None,
    )


def planned_record(plan: Plan) -> Record:
    """Return the record of a lane's plan."""
    return Record(
        plan.lane,
        plan.container,
        action=plan.action,
        drift=differences(plan.drift),
        operations=_operations(plan.operations if plan.changes else ()),
        remaining_drift=differences(plan.remaining_drift),
        remaining_reason=plan.remaining_reason or None,
    )


def losses(changes: Iterable[LayerChange] | None) -> list[dict[str, str]] | None:
    """Return what a replacement would lose, path by path; null if nothing is replaced."""
    return None if changes is None else [asdict(change) for change in changes]


def status_record(status: LaneStatus) -> Record:
    """Return the record of a lane's status."""
    return Record(
        status.lane,
        status.container,
        endpoint=status.endpoint.url if status.endpoint else None,
        drift=differences(status.drift),
        error=None if status.fault is None else error_object(status.fault),
    )


def failed_record(
    lane: Lane,
    error: LaneError,
    operations: Iterable[Operation] = (),
    *,
    rolled_back: bool = False,
    seconds: float | None = None,
) -> Record:
    """Return the record of a lane that failed, with the operations until then."""
    return Record(
        lane.name,
        lane.container_name,
        operations=_operations(operations),
        rolled_back=rolled_back,
        seconds=None if seconds is None else round(seconds, 3),
        error=error_object(error),
    )


def error_object(error: LaneError) -> dict[str, str]:
    """Return an error as an object; scripts look at its kind."""
    return {
        "kind": error.kind,
        "message": error.message,
        "detail": error.detail,
        "hint": "; ".join(hint_lines(error)),
    }


def differences(drift: Drift) -> tuple[dict[str, str], ...]:
    """Return each difference as an object."""
    return tuple(asdict(difference) for difference in drift)


def _operations(operations: Iterable[Operation]) -> tuple[dict[str, str], ...]:
    return tuple(map(_operation, operations))


def event_line(event: Event) -> str:
    """Return an event as one line of JSON; only events have the key `event`."""
    record: dict[str, object] = {"event": type(event).__name__, "lane": event.lane}
    match event:
        case Waiting(_, what, seconds):
            record |= {"what": what, "seconds": round(seconds, 3)}
        case OperationFinished(_, operation, seconds):
            record |= _operation(operation) | {"seconds": round(seconds, 3)}
        case OperationFailed(_, operation, reason):
            record |= _operation(operation) | {"reason": reason}
        case OperationUndone(_, operation, failed):
            record |= _operation(operation) | {"failed": failed}
        case OperationStarted(_, operation):
            record |= _operation(operation)
    return json.dumps(record)


def _operation(operation: Operation) -> dict[str, str]:
    return {"operation": str(operation), "cause": operation.cause}
