"""`--json --verbose`: an object an event, beside those of the lanes."""

import json

from lanekit.core.domain.operations import Operation
from lanekit.core.domain.progress import (
    Event,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
    Waiting,
)


def event_line(event: Event) -> str:
    """An event, as one line of JSON; `event` tells it from the record of a lane."""
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
