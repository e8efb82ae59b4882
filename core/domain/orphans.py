"""Which containers are nobody's any more: lanes of a fleet file x containers -> what may go."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.labels import LABEL_FLEET, LABEL_LANE, LABEL_WORKSPACE
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.domain.recovery import is_live

_Owner = tuple[str, str]


@dataclass(frozen=True)
class Orphan:
    """Something of a lane that no lane needs any more, and `why`.

    `container` is its name, `state` the backend's word for its state. `runs`: its processes exist,
    so it is removed only on request. `base` is the container name of the lane whose lock guards
    it. `successor_id` is the id of the container that took its place, if one did: it must have been
    seen to answer before this one goes.
    """

    id: str
    container: str
    state: str
    runs: bool
    lane: str
    base: str
    why: str
    successor_id: str = ""


KeepReason: TypeAlias = Literal["runs", "changed", "unsure"]
"""Why an orphan is kept. "runs": it runs; "changed": it is no orphan any more; "unsure": what took
its place was never seen to answer, so this may be the one that works."""
OrphanRemoval: TypeAlias = Literal["removed", KeepReason]
"""What became of an orphan: it was removed, or why it was kept."""


@dataclass(frozen=True)
class OrphanReport:
    """What was found. `other_fleets`: one fleet's name for each container of another fleet;
    `unlabelled`: the names of containers that were made for no fleet.
    """

    orphans: tuple[Orphan, ...]
    other_fleets: tuple[str, ...]
    unlabelled: tuple[str, ...]


def find_orphans_in(
    fleet: str, lanes: Iterable[Lane], seen: Sequence[ObservedContainer]
) -> OrphanReport:
    """Judge containers with lanekit's labels, for the fleet of this name and its lanes.

    Garbage is what carries the fleet's name and belongs to none of its lanes, and what a broken
    replace left: NAME.next always; NAME.prev only beside a NAME that runs (see `why_left`), for
    else it is all that the lane has. A lane's own container is never garbage, whatever its labels
    say of a fleet.
    """
    known = {(lane.workspace, lane.id): lane for lane in lanes}
    running = {(_owner(one), one.name): one.id for one in seen if one.state == "running"}
    garbage: list[Orphan] = []
    others: list[str] = []
    unknown: list[str] = []
    for one in sorted(seen, key=lambda snapshot: snapshot.name):
        owner, lane = _owner(one), known.get(_owner(one))
        if lane is not None and _is_needed(lane, one, running):
            continue
        mark = one.labels.get(LABEL_FLEET, "")
        if not mark:
            unknown.append(one.name)
        elif mark != fleet:
            others.append(mark)
        else:
            base = one.name.removesuffix(NEXT).removesuffix(PREV)
            beside = running.get((owner, base), "") if lane and one.name.endswith(PREV) else ""
            why = _why(one, lane)
            runs, whose = is_live(one), "/".join(owner)
            garbage.append(Orphan(one.id, one.name, one.state, runs, whose, base, why, beside))
    return OrphanReport(tuple(garbage), tuple(others), tuple(unknown))


def reason_to_keep(
    one: Orphan, now: OrphanReport, settled_id: str, *, running: bool
) -> KeepReason | None:
    """Why garbage is left at a second look, under the lock; None when it goes.

    An ensure that was killed may have left a replacement that runs and never answers: the old
    container is then what the next ensure puts back. Only `settled_id`, from the journal, says that
    an ensure came to its end with it.
    """
    found = {item.id: item for item in now.orphans}.get(one.id)
    if found is None or found.container != one.container:
        return "changed"
    if found.successor_id and found.successor_id != settled_id:
        return "unsure"
    return "runs" if found.runs and not running else None


def _owner(seen: ObservedContainer) -> _Owner:
    return seen.labels.get(LABEL_WORKSPACE, ""), seen.labels.get(LABEL_LANE, "")


def _is_needed(
    lane: Lane, one: ObservedContainer, running: Mapping[tuple[_Owner, str], str]
) -> bool:
    name = lane.container_name
    if one.name == name + PREV:
        return ((lane.workspace, lane.id), name) not in running
    return one.name == name


def _why(one: ObservedContainer, lane: Lane | None) -> str:
    if lane is None:
        return "no lane of the fleet file"
    if one.name in (lane.container_name + NEXT, lane.container_name + PREV):
        return "left by an interrupted replacement"
    return f"the lane's container is {lane.container_name}"
