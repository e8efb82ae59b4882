"""ContainerSpec x Observation -> Plan: which operations, in which order, and why.

Nothing is lost because a replacement is made under NAME.next while the lane's container stays as
it is; two renames put it in place, and the old one is removed only when the new one answers.
"""

from collections.abc import Callable, Iterator

from lanekit.core.drift import inside_drift
from lanekit.core.model import NEXT, PREV, ContainerSpec, Drift, Inside, Observation, Snapshot
from lanekit.core.operations import (
    Action,
    AwaitReady,
    CopyIn,
    Create,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Unpause,
    Verify,
)
from lanekit.core.value import dataclass

Judge = Callable[[Snapshot], Drift]
"""The drift of a container, by the policy."""

_CAUSES_SHOWN = 3
_UNFINISHED = "an interrupted ensure left it unfinished"
_ANSWER = "a lane is ready when its worker answers"


@dataclass(frozen=True)
class Plan:
    """What ensure does about a lane. `str(plan)` is the text people and tests read.

    `resumed` are operations that an interrupted ensure did, each with the id of its container:
    they are undone like our own when the rest fails.
    """

    lane: str
    container: str
    action: Action
    drift: Drift
    operations: tuple[Operation, ...]
    resumed: tuple[tuple[Operation, str], ...] = ()

    @property
    def changes(self) -> bool:
        """Whether there is anything to do but look."""
        return any(not isinstance(operation, AwaitReady) for operation in self.operations)

    def __str__(self) -> str:
        head = f"{self.lane} ({self.container}): {_HEADS[self.action]}"
        differences = [f"  differs  {difference}" for difference in self.drift]
        operations = [f"  {op}  because {op.cause}" for op in self.operations if self.changes]
        return "\n".join([head, *differences, *operations])


_HEADS: dict[Action, str] = {
    "none": "nothing to do",
    "created": "create",
    "started": "start",
    "adjusted": "adjust",
    "restarted": "restart",
    "replaced": "replace",
}


@dataclass(frozen=True)
class Wish:
    """What an earlier try of the same ensure asks for though no drift does, each with its cause."""

    replace: str = ""
    restart: str = ""


NO_WISH = Wish()


def plan(
    lane: str, spec: ContainerSpec, seen: Observation, judge: Judge, wish: Wish = NO_WISH
) -> Plan:
    """The plan that brings the lane to `spec`, by the mildest means that are enough.

    Nothing observed may be foreign (see `foreign`). `judge` gives the drift of a container.
    """
    name = spec.name
    recovery, current, resumed = _recover(name, seen, judge)
    if current is None:
        operations = (*recovery, *_create(spec, "there is no such container"))
        return Plan(lane, name, "created", (), operations)
    drift = judge(current)
    cause = _because(drift) or wish.replace
    if cause:
        awake = bool(resumed)
        operations = (*recovery, *_replace(spec, current, cause, awake=awake))
        return Plan(lane, name, "replaced", drift, operations, resumed)
    if resumed:
        return Plan(lane, name, "replaced", (), tuple(recovery), resumed)
    wake = tuple(_wake(name, current))
    lost = inside_drift(spec, seen.inside)
    mend = (*_mend(name, seen.inside), *_restart(name, current, seen.inside, wish))
    action = _action(mend, awake=bool(wake or recovery))
    ready = AwaitReady(name, _ANSWER, fresh=any(isinstance(op, Start) for op in (*wake, *mend)))
    return Plan(lane, name, action, lost, (*recovery, *wake, *mend, ready))


def _action(mend: tuple[Operation, ...], *, awake: bool) -> Action:
    if any(isinstance(operation, Start) for operation in mend):
        return "restarted"
    if mend:
        return "adjusted"
    return "started" if awake else "none"


def _mend(name: str, inside: Inside) -> Iterator[Operation]:
    if inside.config_gone:
        yield CopyIn(name, "its config was deleted in the container")


def _restart(name: str, seen: Snapshot, inside: Inside, wish: Wish) -> Iterator[Operation]:
    # A start mounts what is at the paths now; nothing that was written in the container is lost.
    dead = f"{', '.join(inside.dead)} shows a folder that is gone" if inside.dead else ""
    cause = dead or wish.restart
    if cause and is_awake(seen):
        yield Stop(name, cause)
        yield Start(name, cause)


def _because(drift: Drift) -> str:
    if not drift:
        return ""
    fields = [difference.field for difference in drift[:_CAUSES_SHOWN]]
    more = len(drift) - len(fields)
    return f"{', '.join(fields)}{f' and {more} more' if more else ''} differ" + (
        "s" if len(drift) == 1 else ""
    )


def _recover(
    name: str, seen: Observation, judge: Judge
) -> tuple[list[Operation], Snapshot | None, tuple[tuple[Operation, str], ...]]:
    """Put right what a crash left; the container that is then the lane's; what may be undone."""
    operations: list[Operation] = []
    if seen.next is not None:
        operations.append(Remove(name + NEXT, _UNFINISHED))
    if seen.prev is None:
        return operations, seen.current, ()
    back = Rename(name + PREV, name, _UNFINISHED, keep=True)
    if seen.current is None:
        return [*operations, back], seen.prev, ()
    if not is_awake(seen.current) and judge(seen.current):
        # It neither runs nor is what is wanted now, and the old one is still there.
        return [*operations, Remove(name, _UNFINISHED), back], seen.prev, ()
    operations += [
        *_wake(name, seen.current),
        AwaitReady(name, _ANSWER, keep=False),
        Remove(name + PREV, "its replacement is ready"),
    ]
    return operations, seen.current, _resumed(name, seen.current, seen.prev)


def _resumed(name: str, new: Snapshot, old: Snapshot) -> tuple[tuple[Operation, str], ...]:
    done: list[tuple[Operation, str]] = [
        (Create(name + NEXT, _UNFINISHED), new.id),
        (Stop(name, _UNFINISHED), old.id),
        (Rename(name, name + PREV, _UNFINISHED), old.id),
        (Rename(name + NEXT, name, _UNFINISHED), new.id),
    ]
    if is_awake(new):
        done.append((Start(name, _UNFINISHED), new.id))
    return tuple(done)


def is_awake(seen: Snapshot) -> bool:
    """Whether its processes exist: running, paused, or on their way out."""
    return seen.state in ("running", "paused", "stopping")


def _wake(name: str, seen: Snapshot) -> Iterator[Operation]:
    if seen.state == "paused":
        yield Unpause(name, "it is paused")
    elif seen.state == "stopping":
        # Whoever began to stop it may be gone: podman then leaves it in this state for ever.
        yield Stop(name, "somebody began to stop it", runs=False)
        yield Start(name, "it was being stopped")
    elif seen.state != "running":
        yield Start(name, f"it is {seen.state}")


def _create(spec: ContainerSpec, cause: str) -> Iterator[Operation]:
    # Without a config nothing can be half done: the container is made under its own name.
    first = spec.name + NEXT if spec.config_target else spec.name
    yield from _make(spec, first, cause)
    if first != spec.name:
        yield Rename(first, spec.name, "it is complete")
    yield Start(spec.name, cause)
    yield AwaitReady(spec.name, _ANSWER)


def _make(spec: ContainerSpec, name: str, cause: str) -> Iterator[Operation]:
    yield Create(name, cause)
    if spec.config_target:
        yield CopyIn(name, "a new container has no config")
    yield Verify(name, "podman may make something else than was asked")


def _replace(spec: ContainerSpec, old: Snapshot, cause: str, *, awake: bool) -> Iterator[Operation]:
    name = spec.name
    yield from _make(spec, name + NEXT, cause)
    if old.state == "paused" and not awake:
        yield Unpause(name, "a paused container cannot be stopped")
    if awake or is_awake(old):
        yield Stop(name, "two containers of a lane never run at once")
    yield Rename(name, name + PREV, "it is kept until its replacement is ready")
    yield Rename(name + NEXT, name, "this is the commit")
    yield Start(name, cause)
    yield AwaitReady(name, _ANSWER, keep=False)
    yield Remove(name + PREV, "its replacement is ready")


def undo(operation: Operation) -> Operation | None:
    """What takes an operation back; None where there is nothing to take back."""
    because = "undone"
    match operation:
        case Create(name):
            return Remove(name, because)
        case Stop(name, runs=True):
            return Start(name, because)
        case Start(name):
            return Stop(name, because)
        case Rename(name, to, keep=False):
            return Rename(to, name, because)
        case _:
            return None
