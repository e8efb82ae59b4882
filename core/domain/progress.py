"""The events that tell a listener how the work on a lane goes on."""

from collections.abc import Callable
from typing import TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.operations import Operation


@dataclass(frozen=True)
class OperationStarted:
    """An operation begins."""

    lane: str
    operation: Operation


@dataclass(frozen=True)
class OperationFinished:
    """An operation succeeded, after `seconds`."""

    lane: str
    operation: Operation
    seconds: float


@dataclass(frozen=True)
class OperationFailed:
    """An operation failed; the undoing of those before it follows, if any."""

    lane: str
    operation: Operation
    reason: str


@dataclass(frozen=True)
class OperationUndone:
    """The effect of `operation` was taken back, or, when `failed`, could not be."""

    lane: str
    operation: Operation
    failed: str = ""


@dataclass(frozen=True)
class Waiting:
    """lanekit waits; reported about once a second, with what it waits for."""

    lane: str
    what: str
    seconds: float


Event: TypeAlias = (
    OperationStarted | OperationFinished | OperationFailed | OperationUndone | Waiting
)
Listener = Callable[[Event], None]
"""Receives progress events, in the thread that works on the lane."""
