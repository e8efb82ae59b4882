"""Every way in which lanekit can fail, as data, and `Outcome`, the type of what may fail.

An error is for the person who reads it: `message` says what failed, `lane` on which lane,
`detail` holds podman's (or the system's) own words, `hints` say what to do next. None of them ever
holds the value of an environment variable that lanekit did not make.
"""

from dataclasses import replace
from typing import TypeAlias, TypeVar

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.hints import Hint, library_words

T = TypeVar("T")


@dataclass(frozen=True)
class LaneErrorBase:
    message: str
    detail: str = ""
    hints: tuple[Hint, ...] = ()
    lane: str = ""

    @property
    def kind(self) -> str:
        """The error's stable name, for scripts: `ImageMissing`, `WorkerExited`, .."""
        return type(self).__name__

    @property
    def reason(self) -> str:
        """What failed, and the engine's own words: for an error that quotes this one."""
        return f"{self.message}\n{self.detail.strip()}".strip()

    def __str__(self) -> str:
        where = f"{self.lane}: " if self.lane else ""
        hints = (f"-> {library_words(hint, self.lane)}" for hint in self.hints)
        return "\n".join([where + self.reason, *hints])


# The kinds below add no field, so they need no decorator of their own: each costs a millisecond
# of every start.
class InvalidLane(LaneErrorBase):
    """The lane cannot be created as specified: an invalid name, a missing path, a wrong type."""


class ConfigUnreadable(LaneErrorBase):
    """An entry of the config tree cannot be copied: a FIFO, a dangling link, no permission, .."""


class ImageMissing(LaneErrorBase):
    """The image is not in podman's storage. lanekit never pulls."""


class NotOwned(LaneErrorBase):
    """A container that is not this lane's has a name that this lane needs. It was not touched."""


class NotFound(LaneErrorBase):
    """No container of exactly that name or id."""


class NameInUse(LaneErrorBase):
    """Another container has the name already."""


class InvalidState(LaneErrorBase):
    """The container's state does not allow the operation (stop of a paused one, ..)."""


class PortInUse(LaneErrorBase):
    """The container cannot start: its host port, fixed at create, belongs to another process."""


class MountSourceMissing(LaneErrorBase):
    """The host side of a bind mount is gone."""


class StartFailed(LaneErrorBase):
    """podman could not start the container's process."""


class SpecMismatch(LaneErrorBase):
    """podman created a container that differs from its specification (by a containers.conf, ..)."""


@dataclass(frozen=True)
class WorkerExited(LaneErrorBase):
    """The container stopped while lanekit waited for its worker to answer."""

    exit_code: int = 0


class NotReady(LaneErrorBase):
    """The container runs, but its worker did not answer within the time allowed."""


class NoEndpoint(LaneErrorBase):
    """The container publishes no usable host port for the worker."""


class EngineUnavailable(LaneErrorBase):
    """podman itself is missing, cannot be executed, or cannot be reached."""


class EngineTimeout(LaneErrorBase):
    """podman did not answer in time. The request may still have taken effect."""


class EngineFailed(LaneErrorBase):
    """podman answered with an error that lanekit does not know; `detail` has its words."""


class InvalidResponse(LaneErrorBase):
    """podman's answer could not be understood."""


class LockTimeout(LaneErrorBase):
    """Another lanekit process works on this lane and did not finish in time."""


class Interrupted(LaneErrorBase):
    """The run was interrupted: what it had begun on this lane was rolled back."""


class Conflict(LaneErrorBase):
    """Somebody else kept changing the lane while lanekit worked on it."""


class WorkerBusy(LaneErrorBase):
    """The worker does not say that it is idle, so its container is kept for now."""


LaneError: TypeAlias = (
    InvalidLane
    | ConfigUnreadable
    | ImageMissing
    | NotOwned
    | NotFound
    | NameInUse
    | InvalidState
    | PortInUse
    | MountSourceMissing
    | StartFailed
    | SpecMismatch
    | WorkerExited
    | NotReady
    | NoEndpoint
    | EngineUnavailable
    | EngineTimeout
    | EngineFailed
    | InvalidResponse
    | Interrupted
    | LockTimeout
    | Conflict
    | WorkerBusy
)

Outcome: TypeAlias = Success[T] | Failure[LaneError]
"""What a port method, a parser or an ensure returns. Match both cases; nothing is raised."""


class LaneFailed(Exception):
    """Raised by `or_raise` for those who prefer exceptions; `error` is the LaneError."""

    def __init__(self, error: LaneError) -> None:
        super().__init__(str(error))
        self.error = error


def without_value(outcome: Outcome[object]) -> Outcome[None]:
    """Return the same failure, or a success without a value."""
    return outcome if isinstance(outcome, Failure) else Success(None)


def or_raise(outcome: Outcome[T]) -> T:
    """Return the value of a Success; raise `LaneFailed` for a Failure."""
    match outcome:
        case Success(value):
            return value
        case Failure(error):
            raise LaneFailed(error)


def for_lane(error: LaneError, lane: str) -> LaneError:
    """Return the error with the name of the lane it happened on."""
    return error if error.lane else replace(error, lane=lane)
