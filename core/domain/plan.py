"""Plan which operations bring a lane to its specification, in which order, and why.

Nothing is lost, because a replacement is created as NAME.next while the lane's container stays as
it is. Two renames put it in place, and the old one is removed only when the new one answers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

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
    """What ensure does about a lane. `str(plan)` is the text that people read.

    `resumed` are operations of an interrupted ensure, each with the id of its container: they are
    undone like our own when the rest fails. `remaining_drift` are the differences that the plan
    does not end, and `remaining_reason` says why. `replaces` is the id of the container that is
    replaced; `lost_files` are the files of its own layer that are lost then, None where they were
    not listed.
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
        """Whether the plan changes anything."""
        return any(not isinstance(operation, AwaitReady) for operation in self.operations)

    def __str__(self) -> str:
        nothing = self.remaining_drift and not self.changes
        head = "left as it is" if nothing else _HEADS[self.action]
        differences = [f"  differs  {each}  -> {each.remedy}" for each in self.drift]
        remaining = [
            f"  left  {each}  because {self.remaining_reason}" for each in self.remaining_drift
        ]
        operations = [f"  {op}  because {op.cause}" for op in self.operations if self.changes]
        first = f"{self.lane} ({self.container}): {head}"
        return "\n".join([first, *differences, *remaining, *operations])


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
    """What is asked for besides the spec: by the profile, or by an earlier try of this ensure.

    `replace` and `restart` are causes where no drift is one. `busy` says why the worker must not be
    interrupted. `no_update`: an in-place update was tried and had no effect.
    """

    replace: str = ""
    restart: str = ""
    on_drift: OnDrift = "replace"
    busy: str = ""
    no_update: bool = False

    def reason_to_defer(self, seen: ObservedContainer) -> str:
        """Return why drift must not stop or replace this container; empty when it may."""
        if self.on_drift == "report":
            return "on_drift is report"
        return self.busy if self.on_drift == "when-idle" and is_live(seen) else ""


NO_CONSTRAINTS = PlanConstraints()


def make_plan(
    lane: str,
    spec: ContainerSpec,
    observed: ObservedLane,
    check: DriftCheck,
    constraints: PlanConstraints = NO_CONSTRAINTS,
) -> Plan:
    """Return the plan that brings the lane to its specification by the mildest sufficient means.

    Args:
        lane: the lane's name.
        spec: what its container has to be.
        observed: what there is of the lane. None of it may belong to somebody else, see `is_ours`.
        check: returns the drift of a container.
        constraints: what else is asked for than the specification.
    """
    keep = constraints.on_drift != "replace"
    recovery, current, resumed = recover(spec.name, observed, check, keep=keep)
    if current is None:
        return _create_plan(lane, spec, recovery)
    drift = without_update(check(current)) if constraints.no_update else check(current)
    situation = _Situation(lane, spec, current, recovery, resumed, drift, constraints)
    if situation.replace_cause and not situation.deferred:
        return _replace_plan(situation)
    if situation.finishes_replace:
        return _finish_plan(situation)
    return _in_place_plan(situation, observed.mount_health)


class _Situation(NamedTuple):
    """A lane that has a container, and what recovery does before anything else."""

    lane: str
    spec: ContainerSpec
    current: ObservedContainer
    recovery: Sequence[Operation]
    resumed: tuple[tuple[Operation, str], ...]
    drift: Drift
    constraints: PlanConstraints

    @property
    def hard(self) -> Drift:
        """The differences that only a replacement ends."""
        return needing(self.drift, "replace")

    @property
    def replace_cause(self) -> str:
        return _because(self.hard) or self.constraints.replace

    @property
    def deferred(self) -> str:
        """Why the container must not be stopped now; empty when it may be."""
        return self.constraints.reason_to_defer(self.current)

    @property
    def finishes_replace(self) -> bool:
        """Whether recovery starts the container and waits for its worker."""
        return any(isinstance(operation, AwaitReady) for operation in self.recovery)

    def update(self) -> Iterator[Operation]:
        return _update(self.spec, self.current, needing(self.drift, "adjust"))


def _create_plan(lane: str, spec: ContainerSpec, recovery: Sequence[Operation]) -> Plan:
    operations = (*recovery, *_create(spec, "there is no such container"))
    return Plan(lane, spec.name, "created", (), operations)


def _replace_plan(of: _Situation) -> Plan:
    live = of.finishes_replace or is_live(of.current)
    asks = of.constraints.on_drift == "when-idle" and live
    new = _replace(of.spec, of.current, of.replace_cause, awake=of.finishes_replace, asks=asks)
    operations = (*of.recovery, *new)
    return Plan(
        of.lane, of.spec.name, "replaced", of.drift, operations, of.resumed, replaces=of.current.id
    )


def _finish_plan(of: _Situation) -> Plan:
    """Return the plan that finishes an interrupted replacement; what it cannot end remains."""
    operations = (*of.recovery, *of.update())
    ended = needing(of.drift, "adjust")
    reason = of.deferred if of.hard else ""
    return Plan(of.lane, of.spec.name, "replaced", ended, operations, of.resumed, of.hard, reason)


def _in_place_plan(of: _Situation, health: MountHealth) -> Plan:
    name = of.spec.name
    inside = inside_drift(of.spec, health)
    restart = tuple(_restart(name, of.current, health, of.constraints, of.deferred))
    stale = needing(inside, "restart") if of.deferred and not restart else ()
    remaining = (*of.hard, *stale)
    ended = tuple(each for each in (*of.drift, *inside) if each not in remaining)
    start = tuple(start_operations(name, of.current))
    repairs = (*of.update(), *_copy_config(name, health), *restart)
    action = _action(repairs, awake=bool(start or of.recovery))
    fresh = any(isinstance(operation, Start) for operation in (*start, *repairs))
    ready = AwaitReady(name, ANSWER, fresh=fresh)
    operations = (*of.recovery, *start, *repairs, ready)
    reason = of.deferred if remaining else ""
    return Plan(of.lane, name, action, ended, operations, (), remaining, reason)


def _action(repairs: tuple[Operation, ...], *, awake: bool) -> Action:
    if any(isinstance(operation, Start) for operation in repairs):
        return "restarted"
    if repairs:
        return "adjusted"
    return "started" if awake else "none"


def _update(spec: ContainerSpec, seen: ObservedContainer, drift: Drift) -> Iterator[Operation]:
    if drift:
        yield Update(spec.name, _because(drift), *updates(spec, seen, drift))


def _copy_config(name: str, health: MountHealth) -> Iterator[Operation]:
    if health.config_missing:
        yield CopyIn(name, "its config was deleted in the container, or copied incompletely")


def _restart(
    name: str,
    container: ObservedContainer,
    health: MountHealth,
    constraints: PlanConstraints,
    deferred: str,
) -> Iterator[Operation]:
    # A start mounts what is at the paths now; nothing that was written in the container is lost.
    stale = ""
    if health.stale_mounts and not deferred:
        stale = f"{', '.join(health.stale_mounts)} shows a folder that is gone"
    cause = stale or constraints.restart
    if cause and is_live(container):
        if stale and constraints.on_drift == "when-idle":
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
    yield Verify(name, "podman may create something else than was asked for")


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
