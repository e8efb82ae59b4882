"""`--json`: one object a line a lane."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from lanekit.cli.output.hints import hint_lines
from lanekit.core.domain._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanekit.cli.output.progress import LaneProgress
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
    """The record as one line of JSON; `more` are keys of one command alone."""
    return json.dumps(asdict(record) | more)


def ensured_record(ensured: EnsureResult) -> Record:
    """A lane that was made so."""
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
    """A lane and what would be done."""
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
    """What a replace would lose, path by path; null where nothing is replaced."""
    return None if changes is None else [asdict(change) for change in changes]


def status_record(status: LaneStatus) -> Record:
    """A lane as it is."""
    return Record(
        status.lane,
        status.container,
        endpoint=status.endpoint.url if status.endpoint else None,
        drift=differences(status.drift),
        error=None if status.fault is None else error_object(status.fault),
    )


def failed_record(
    lane: Lane, error: LaneError, heard: LaneProgress | None = None, seconds: float | None = None
) -> Record:
    """A lane that failed, and what was done until then."""
    return Record(
        lane.name,
        lane.container_name,
        operations=_operations(heard.operations) if heard else (),
        rolled_back=heard.rolled_back if heard else False,
        seconds=None if seconds is None else round(seconds, 3),
        error=error_object(error),
    )


def error_object(error: LaneError) -> dict[str, str]:
    """An error, for scripts: they ask for its kind."""
    return {
        "kind": error.kind,
        "message": error.message,
        "detail": error.detail,
        "hint": "; ".join(hint_lines(error)),
    }


def differences(drift: Drift) -> tuple[dict[str, str], ...]:
    """Each difference as an object."""
    return tuple(asdict(difference) for difference in drift)


def _operations(operations: Iterable[Operation]) -> tuple[dict[str, str], ...]:
    return tuple({"operation": str(op), "cause": op.cause} for op in operations)
