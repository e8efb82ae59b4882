"""Matches over lanekit's public types that are complete: mypy and basedpyright prove it.

Nothing here runs. A kind of error that is added needs a case here; tests/repository/test_typing.py
shows that both type checkers report a case that is missing.
"""

from typing import assert_never, assert_type

from returns.result import Failure, Success

from lanekit import Lane, LaneError, Lanes, Outcome, or_raise
from lanekit.core.domain.results import EnsureResult
from lanekit.errors import (
    ConfigUnreadable,
    Conflict,
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    ImageMissing,
    Interrupted,
    InvalidLane,
    InvalidResponse,
    InvalidState,
    LockTimeout,
    MountSourceMissing,
    NameInUse,
    NoEndpoint,
    NotFound,
    NotOwned,
    NotReady,
    PortInUse,
    SpecMismatch,
    StartFailed,
    WorkerBusy,
    WorkerExited,
)


def both_cases(outcome: Outcome[int]) -> int:
    match outcome:
        case Success(value):
            return assert_type(value, int)
        case Failure(error):
            _ = assert_type(error, LaneError)
            return 0


def every_kind(error: LaneError) -> str:  # noqa: PLR0911, PLR0912, C901 - as many as there are
    match error:
        case InvalidLane():
            return "InvalidLane"
        case ConfigUnreadable():
            return "ConfigUnreadable"
        case ImageMissing():
            return "ImageMissing"
        case NotOwned():
            return "NotOwned"
        case NotFound():
            return "NotFound"
        case NameInUse():
            return "NameInUse"
        case InvalidState():
            return "InvalidState"
        case PortInUse():
            return "PortInUse"
        case MountSourceMissing():
            return "MountSourceMissing"
        case StartFailed():
            return "StartFailed"
        case SpecMismatch():
            return "SpecMismatch"
        case WorkerExited():
            return "WorkerExited"
        case NotReady():
            return "NotReady"
        case NoEndpoint():
            return "NoEndpoint"
        case EngineUnavailable():
            return "EngineUnavailable"
        case EngineTimeout():
            return "EngineTimeout"
        case EngineFailed():
            return "EngineFailed"
        case InvalidResponse():
            return "InvalidResponse"
        case Interrupted():
            return "Interrupted"
        case LockTimeout():
            return "LockTimeout"
        case Conflict():
            return "Conflict"
        case WorkerBusy():
            return "WorkerBusy"
        case _:
            assert_never(error)


def ensured(lanes: Lanes, lane: Lane) -> EnsureResult:
    outcome = assert_type(lanes.ensure(lane), Outcome[EnsureResult])
    return assert_type(or_raise(outcome), EnsureResult)
