"""What happened to a lane, as a backend reports it to the watch."""

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.observed import ContainerEvent

_ACTIONS_THAT_MATTER = ("died", "remove", "rename", "pause")


@dataclass(frozen=True)
class LaneEvent:
    """Something may have changed the lane that has this `container_name`.

    `renamed`: it came by a rename, of which the old name is unknown. If no lane has the new name,
    any lane may have lost its container.
    """

    container_name: str
    renamed: bool = False


def lane_event(event: ContainerEvent) -> LaneEvent | None:
    """Return what an event of a container means for lanes; None if it changes none."""
    if event.action not in _ACTIONS_THAT_MATTER:
        return None
    name = event.name.removesuffix(NEXT).removesuffix(PREV)
    return LaneEvent(name, renamed=event.action == "rename")
