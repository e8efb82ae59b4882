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
    """A container that may go. `lane` is whose it was, `base` the name whose lock guards it.

    `beside`: the id of the container that took its place, and has to have been seen to answer.
    """

    container: ObservedContainer
    lane: str
    base: str
    why: str
    successor_id: str = ""

    @property
    def runs(self) -> bool:
        """Whether its processes exist: then it goes only when that was asked for."""
        return is_live(self.container)


KeepReason: TypeAlias = Literal["runs", "changed", "unsure"]
"""Why garbage is left. "runs": it runs; "changed": it is none any more; "unsure": what took its
place was never seen to answer, so it may be the one that works."""


@dataclass(frozen=True)
class OrphanReport:
    """What was found. `others`: of other fleets, by their names; `unknown`: made for none."""

    orphans: tuple[Orphan, ...]
    other_fleets: tuple[str, ...]
    unlabelled: tuple[ObservedContainer, ...]


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
    unknown: list[ObservedContainer] = []
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
            beside = running.get((owner, base), "") if lane and one.name.endswith(PREV) else ""
            garbage.append(Orphan(one, "/".join(owner), base, _why(one, lane), beside))
    return OrphanReport(tuple(garbage), tuple(others), tuple(unknown))


def reason_to_keep(
    one: Orphan, now: OrphanReport, note: str, *, running: bool
) -> KeepReason | None:
    """Why garbage is left at a second look, under the lock with this `note`; None when it goes.

    An ensure that was killed may have left a replacement that runs and never answers: the old
    container is then what the next ensure puts back. Only a note of the replacement's id says that
    an ensure came to its end with it.
    """
    found = {item.container.id: item for item in now.orphans}.get(one.container.id)
    if found is None or found.container.name != one.container.name:
        return "changed"
    if found.successor_id and found.successor_id != note:
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
        return "left by a replace that was broken off"
    return f"the lane's container is {lane.container_name}"
