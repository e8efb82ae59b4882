"""The operations a plan is made of, and the events that tell of their progress.

An operation names containers by name; whoever runs it looks up the id. `cause` is for people.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Action = Literal["none", "created", "started", "replaced"]


@dataclass(frozen=True)
class Create:
    """Make the container of the spec under `name`."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"create {self.name}"


@dataclass(frozen=True)
class CopyIn:
    """Copy the config tree into a container that was just created."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"copy config into {self.name}"


@dataclass(frozen=True)
class Verify:
    """Read back what podman made and compare it with the spec, before it counts."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"verify {self.name}"


@dataclass(frozen=True)
class Stop:
    """Stop a container; `runs` says whether it ran, so that undoing starts it again."""

    name: str
    cause: str
    runs: bool = True

    def __str__(self) -> str:
        return f"stop {self.name}"


@dataclass(frozen=True)
class Unpause:
    """Let a paused container go on."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"unpause {self.name}"


@dataclass(frozen=True)
class Start:
    """Start a container."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"start {self.name}"


@dataclass(frozen=True)
class Rename:
    """Give a container another name; renaming NAME.next to NAME is the commit of a plan.

    `keep`: it puts right what a crash left, and stays when a later operation fails.
    """

    name: str
    to: str
    cause: str
    keep: bool = False

    def __str__(self) -> str:
        return f"rename {self.name} to {self.to}"


@dataclass(frozen=True)
class AwaitReady:
    """Wait until the worker answers.

    `fresh`: it was just started, so an answer counts only if the container runs after it.
    `keep`: what was done so far stays when the worker does not answer; else it is undone.
    """

    name: str
    cause: str
    fresh: bool = True
    keep: bool = True

    def __str__(self) -> str:
        return f"await {self.name}"


@dataclass(frozen=True)
class Remove:
    """Remove a container with its anonymous volumes."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"remove {self.name}"


Existing: TypeAlias = CopyIn | Verify | Stop | Unpause | Start | Rename | AwaitReady | Remove
"""The operations on a container that is there."""

Operation: TypeAlias = Create | Existing


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
    """lanekit waits, and for what; told about once a second."""

    lane: str
    what: str
    seconds: float


Event: TypeAlias = (
    OperationStarted | OperationFinished | OperationFailed | OperationUndone | Waiting
)
