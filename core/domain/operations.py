"""The operations a plan is made of, and the events that tell of their progress.

An operation names containers by name; whoever runs it looks up the id. `cause` is for people.
"""

from typing import Literal, TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import Limits

Action = Literal["none", "created", "started", "adjusted", "restarted", "replaced"]
"""What became of a lane, from the mildest; "adjusted": put right while it runs."""


@dataclass(frozen=True)
class _Operation:
    # Those that add no field need no decorator of their own: each costs a millisecond of a start.
    name: str
    cause: str


class Create(_Operation):
    """Make the container of the spec under `name`."""

    def __str__(self) -> str:
        return f"create {self.name}"


class CopyIn(_Operation):
    """Copy the config tree into a container."""

    def __str__(self) -> str:
        return f"copy config into {self.name}"


class Verify(_Operation):
    """Read back what podman made and compare it with the spec, before it counts."""

    def __str__(self) -> str:
        return f"verify {self.name}"


@dataclass(frozen=True)
class Stop(_Operation):
    """Stop a container; `runs` says whether it ran, so that undoing starts it again."""

    runs: bool = True

    def __str__(self) -> str:
        return f"stop {self.name}"


class Unpause(_Operation):
    """Let a paused container go on."""

    def __str__(self) -> str:
        return f"unpause {self.name}"


class Start(_Operation):
    """Start a container."""

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
class AwaitReady(_Operation):
    """Wait until the worker answers.

    `fresh`: it was just started, so an answer counts only if the container runs after it.
    `keep`: what was done so far stays when the worker does not answer; else it is undone.
    """

    fresh: bool = True
    keep: bool = True

    def __str__(self) -> str:
        return f"await {self.name}"


class Remove(_Operation):
    """Remove a container with its anonymous volumes."""

    def __str__(self) -> str:
        return f"remove {self.name}"


@dataclass(frozen=True)
class Update(_Operation):
    """Change limits of a container while it runs, and see that podman honours it.

    `before`: what they were, to be put back.
    """

    limits: Limits = Limits()
    before: Limits = Limits()

    def __str__(self) -> str:
        return f"update {self.name}"


class CheckIdle(_Operation):
    """Ask the worker once more whether it is idle; the plan ends here when it is not."""

    def __str__(self) -> str:
        return f"ask {self.name} whether it is idle"


Existing: TypeAlias = (
    CopyIn | Verify | Stop | Unpause | Start | Rename | AwaitReady | Remove | Update | CheckIdle
)
"""The operations on a container that is there."""
Operation: TypeAlias = Create | Existing


def undo(operation: Operation) -> Operation | None:
    """Return the operation that undoes this one; None where there is nothing to undo."""
    because = "undone"
    match operation:
        case Create(name):
            return Remove(name, because)
        case Update(name, _, limits, before):
            return Update(name, because, before, limits)
        case Stop(name, runs=True):
            return Start(name, because)
        case Start(name):
            return Stop(name, because)
        case Rename(name, to, keep=False):
            return Rename(to, name, because)
        case _:
            return None
