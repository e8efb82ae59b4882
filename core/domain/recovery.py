"""Finish or roll back what an interrupted ensure left, before anything else is planned."""

from collections.abc import Callable, Iterator

from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.observed import LIVE_STATES, ObservedContainer, ObservedLane
from lanekit.core.domain.operations import (
    AwaitReady,
    Create,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Unpause,
)

ANSWER = "a lane is ready when its worker answers"
_UNFINISHED = "an interrupted ensure left it unfinished"


def recover(
    name: str, seen: ObservedLane, judge: Callable[[ObservedContainer], Drift], *, keep: bool
) -> tuple[list[Operation], ObservedContainer | None, tuple[tuple[Operation, str], ...]]:
    """Return the recovery's operations, the container that is then the lane's, and what to undo.

    Args:
        name: the name of the lane's container.
        seen: what there is of the lane.
        judge: returns the drift of a container.
        keep: whether a live container stays, even when its worker does not answer.
    """
    operations: list[Operation] = []
    if seen.next is not None:
        operations.append(Remove(name + NEXT, _UNFINISHED))
    if seen.prev is None:
        return operations, seen.current, ()
    back = Rename(name + PREV, name, _UNFINISHED, keep=True)
    if seen.current is None:
        return [*operations, back], seen.prev, ()
    if not is_live(seen.current) and judge(seen.current):
        # It neither runs nor is what is wanted now, and the old one is still there.
        return [*operations, Remove(name, _UNFINISHED), back], seen.prev, ()
    keep = keep and is_live(seen.current)
    operations += [
        *start_operations(name, seen.current),
        AwaitReady(name, ANSWER, keep=keep),
        Remove(name + PREV, "its replacement is ready"),
    ]
    resumed = () if keep else _resumed(name, seen.current, seen.prev)
    return operations, seen.current, resumed


def _resumed(
    name: str, new: ObservedContainer, old: ObservedContainer
) -> tuple[tuple[Operation, str], ...]:
    done: list[tuple[Operation, str]] = [
        (Create(name + NEXT, _UNFINISHED), new.id),
        (Stop(name, _UNFINISHED), old.id),
        (Rename(name, name + PREV, _UNFINISHED), old.id),
        (Rename(name + NEXT, name, _UNFINISHED), new.id),
    ]
    if is_live(new):
        done.append((Start(name, _UNFINISHED), new.id))
    return tuple(done)


def is_live(seen: ObservedContainer) -> bool:
    """Return whether its processes exist: running, paused, or being stopped."""
    return seen.state in LIVE_STATES


def start_operations(name: str, seen: ObservedContainer) -> Iterator[Operation]:
    """Yield the operations that make the container run."""
    if seen.state == "paused":
        yield Unpause(name, "it is paused")
    elif seen.state == "stopping":
        # Whoever began to stop it may be gone: then podman leaves it in this state forever.
        yield Stop(name, "somebody began to stop it", runs=False)
        yield Start(name, "it was being stopped")
    elif seen.state != "running":
        yield Start(name, f"it is {seen.state}")
