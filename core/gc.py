"""Which containers are nobody's any more: lanes of a fleet file x containers -> what may go."""

from collections.abc import Iterable, Sequence

from lanekit.core.model import (
    LABEL_FLEET,
    LABEL_LANE,
    LABEL_WORKSPACE,
    NEXT,
    PREV,
    Lane,
    Snapshot,
)
from lanekit.core.recover import is_awake
from lanekit.core.value import dataclass

_Owner = tuple[str, str]


@dataclass(frozen=True)
class Garbage:
    """A container that may go. `lane` is whose it was, `base` the name whose lock guards it."""

    container: Snapshot
    lane: str
    base: str
    why: str

    @property
    def runs(self) -> bool:
        """Whether its processes exist: then it goes only when that was asked for."""
        return is_awake(self.container)


@dataclass(frozen=True)
class Sweep:
    """What was found. `others`: of other fleets, by their names; `unknown`: made for none."""

    garbage: tuple[Garbage, ...]
    others: tuple[str, ...]
    unknown: tuple[Snapshot, ...]


def sweep(fleet: str, lanes: Iterable[Lane], seen: Sequence[Snapshot]) -> Sweep:
    """Judge containers with lanekit's labels, for the fleet of this name and its lanes.

    Garbage is what carries the fleet's name and belongs to none of its lanes, and what a broken
    replace left: NAME.next always; NAME.prev only while NAME itself runs, for else it is all that
    the lane has. A lane's own container is never garbage, whatever its labels say of a fleet.
    """
    known = {(lane.workspace, lane.id): lane for lane in lanes}
    running = {(_owner(one), one.name) for one in seen if one.state == "running"}
    garbage: list[Garbage] = []
    others: list[str] = []
    unknown: list[Snapshot] = []
    for one in sorted(seen, key=lambda snapshot: snapshot.name):
        owner, lane = _owner(one), known.get(_owner(one))
        if lane is not None and _is_needed(lane, one, running):
            continue
        mark = one.labels.get(LABEL_FLEET, "")
        if not mark:
            unknown.append(one)
        elif mark != fleet:
            others.append(mark)
        else:
            base = one.name.removesuffix(NEXT).removesuffix(PREV)
            garbage.append(Garbage(one, "/".join(owner), base, _why(one, lane)))
    return Sweep(tuple(garbage), tuple(others), tuple(unknown))


def _owner(seen: Snapshot) -> _Owner:
    return seen.labels.get(LABEL_WORKSPACE, ""), seen.labels.get(LABEL_LANE, "")


def _is_needed(lane: Lane, one: Snapshot, running: set[tuple[_Owner, str]]) -> bool:
    name = lane.container_name
    if one.name == name + PREV:
        return ((lane.workspace, lane.id), name) not in running
    return one.name == name


def _why(one: Snapshot, lane: Lane | None) -> str:
    if lane is None:
        return "no lane of the fleet file"
    if one.name in (lane.container_name + NEXT, lane.container_name + PREV):
        return "left by a replace that was broken off"
    return f"the lane's container is {lane.container_name}"
