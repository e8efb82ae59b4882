"""ContainerSpec x Observation -> Plan: which operations, in which order, and why.

Nothing is lost because a replacement is made under NAME.next while the lane's container stays as
it is; two renames put it in place, and the old one is removed only when the new one answers.
"""

from collections.abc import Callable, Iterator

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV, ContainerSpec
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.drift import inside_drift
from lanekit.core.domain.lanes import OnDrift
from lanekit.core.domain.observed import LayerChange, MountHealth, ObservedContainer, ObservedLane
from lanekit.core.domain.operations import (
    Action,
    AwaitReady,
    CheckIdle,
    CopyIn,
    Create,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Unpause,
    Update,
    Verify,
)
from lanekit.core.domain.recovery import ANSWER, is_live, recover, start_operations
from lanekit.core.domain.remedies import needing, updates, without_update

DriftCheck = Callable[[ObservedContainer], Drift]
"""The drift of a container, by the policy."""

_CAUSES_SHOWN = 3
_IDLE_CHECK_CAUSE = "on_drift is when-idle"


@dataclass(frozen=True)
class Plan:
    """What ensure does about a lane. `str(plan)` is the text people and tests read.

    `resumed` are operations that an interrupted ensure did, each with the id of its container:
    they are undone like our own when the rest fails. `remaining_drift` are the differences that
    the plan leaves, and `remaining_reason` why. `replaces` is the id of the container that is
    replaced; `lost_files` are the files of its own layer that go with it, None where nobody looked.
    """

    lane: str
    container: str
    action: Action
    drift: Drift
    operations: tuple[Operation, ...]
    resumed: tuple[tuple[Operation, str], ...] = ()
    remaining_drift: Drift = ()
    remaining_reason: str = ""
    replaces: str = ""
    lost_files: tuple[LayerChange, ...] | None = None

    @property
    def changes(self) -> bool:
        """Whether there is anything to do but look."""
        return any(not isinstance(operation, AwaitReady) for operation in self.operations)

    def __str__(self) -> str:
        nothing = self.remaining_drift and not self.changes
        doing = "left as it is" if nothing else _HEADS[self.action]
        differences = [f"  differs  {each}  -> {each.remedy}" for each in self.drift]
        left = [f"  left  {each}  because {self.remaining_reason}" for each in self.remaining_drift]
        operations = [f"  {op}  because {op.cause}" for op in self.operations if self.changes]
        head = f"{self.lane} ({self.container}): {doing}"
        return "\n".join([head, *differences, *left, *operations])


_HEADS: dict[Action, str] = {
    "none": "nothing to do",
    "created": "create",
    "started": "start",
    "adjusted": "adjust",
    "restarted": "restart",
    "replaced": "replace",
}


@dataclass(frozen=True)
class PlanConstraints:
    """What else is asked for than the spec: by the profile, or by an earlier try of this ensure.

    `replace` and `restart` are causes though no drift is one; `busy`: why the worker is not to be
    interrupted; `no_update`: podman was seen not to honour one.
    """

    replace: str = ""
    restart: str = ""
    on_drift: OnDrift = "replace"
    busy: str = ""
    no_update: bool = False

    def reason_to_defer(self, seen: ObservedContainer) -> str:
        """Why drift is no reason to stop or replace this container; empty when it is one."""
        if self.on_drift == "report":
            return "on_drift is report"
        return self.busy if self.on_drift == "when-idle" and is_live(seen) else ""


NO_CONSTRAINTS = PlanConstraints()


def make_plan(
    lane: str,
    spec: ContainerSpec,
    seen: ObservedLane,
    judge: DriftCheck,
    wish: PlanConstraints = NO_CONSTRAINTS,
) -> Plan:
    """The plan that brings the lane to `spec`, by the mildest means that are enough.

    Nothing observed may be foreign (see `foreign`). `judge` gives the drift of a container.
    """
    name = spec.name
    recovery, current, resumed = recover(name, seen, judge, keep=wish.on_drift != "replace")
    if current is None:
        operations = (*recovery, *_create(spec, "there is no such container"))
        return Plan(lane, name, "created", (), operations)
    drift = without_update(judge(current)) if wish.no_update else judge(current)
    spared, hard = wish.reason_to_defer(current), needing(drift, "replace")
    cause = _because(hard) or wish.replace
    finishes = any(isinstance(operation, AwaitReady) for operation in recovery)
    if cause and not spared:
        asks = wish.on_drift == "when-idle" and (finishes or is_live(current))
        new = _replace(spec, current, cause, awake=finishes, asks=asks)
        operations = (*recovery, *new)
        return Plan(lane, name, "replaced", drift, operations, resumed, replaces=current.id)
    update = tuple(_update(spec, current, needing(drift, "adjust")))
    if finishes:
        ended, operations = needing(drift, "adjust"), (*recovery, *update)
        return Plan(lane, name, "replaced", ended, operations, resumed, hard, spared * bool(hard))
    inside = inside_drift(spec, seen.mount_health)
    restart = tuple(_restart(name, current, seen.mount_health, wish, spared))
    left = (*hard, *(needing(inside, "restart") if spared and not restart else ()))
    ended = tuple(difference for difference in (*drift, *inside) if difference not in left)
    waking = tuple(start_operations(name, current))
    mend = (*update, *_mend(name, seen.mount_health), *restart)
    action = _action(mend, awake=bool(waking or recovery))
    fresh = any(isinstance(operation, Start) for operation in (*waking, *mend))
    operations = (*recovery, *waking, *mend, AwaitReady(name, ANSWER, fresh=fresh))
    return Plan(lane, name, action, ended, operations, (), left, spared * bool(left))


def _action(mend: tuple[Operation, ...], *, awake: bool) -> Action:
    if any(isinstance(operation, Start) for operation in mend):
        return "restarted"
    if mend:
        return "adjusted"
    return "started" if awake else "none"


def _update(spec: ContainerSpec, seen: ObservedContainer, drift: Drift) -> Iterator[Operation]:
    if drift:
        yield Update(spec.name, _because(drift), *updates(spec, seen, drift))


def _mend(name: str, inside: MountHealth) -> Iterator[Operation]:
    if inside.config_missing:
        yield CopyIn(name, "its config was deleted in the container, or half copied")


def _restart(
    name: str, seen: ObservedContainer, inside: MountHealth, wish: PlanConstraints, spared: str
) -> Iterator[Operation]:
    # A start mounts what is at the paths now; nothing that was written in the container is lost.
    dead = (
        f"{', '.join(inside.stale_mounts)} shows a folder that is gone"
        if inside.stale_mounts
        else ""
    )
    dead = "" if spared else dead
    cause = dead or wish.restart
    if cause and is_live(seen):
        if dead and wish.on_drift == "when-idle":
            yield CheckIdle(name, _IDLE_CHECK_CAUSE)
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


def _create(spec: ContainerSpec, cause: str) -> Iterator[Operation]:
    # Without a config nothing can be half done: the container is made under its own name.
    first = spec.name + NEXT if spec.config_target else spec.name
    yield from _make(spec, first, cause)
    if first != spec.name:
        yield Rename(first, spec.name, "it is complete")
    yield Start(spec.name, cause)
    yield AwaitReady(spec.name, ANSWER)


def _make(spec: ContainerSpec, name: str, cause: str) -> Iterator[Operation]:
    yield Create(name, cause)
    if spec.config_target:
        yield CopyIn(name, "a new container has no config")
    yield Verify(name, "podman may make something else than was asked")


def _replace(
    spec: ContainerSpec, old: ObservedContainer, cause: str, *, awake: bool, asks: bool
) -> Iterator[Operation]:
    name = spec.name
    yield from _make(spec, name + NEXT, cause)
    if asks:
        # As late as possible: the replacement took its time to be made.
        yield CheckIdle(name, _IDLE_CHECK_CAUSE)
    if old.state == "paused" and not awake:
        yield Unpause(name, "a paused container cannot be stopped")
    if awake or is_live(old):
        yield Stop(name, "two containers of a lane never run at once")
    yield Rename(name, name + PREV, "it is kept until its replacement is ready")
    yield Rename(name + NEXT, name, "this is the commit")
    yield Start(name, cause)
    yield AwaitReady(name, ANSWER, keep=False)
    yield Remove(name + PREV, "its replacement is ready")


def undo(operation: Operation) -> Operation | None:
    """What takes an operation back; None where there is nothing to take back."""
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
