"""Find out whose a container is: by its labels, or by the reference's variables."""

from lanekit.core.domain.errors import NotOwned
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.labels import LABEL_LANE, LABEL_WORKSPACE
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedContainer, ObservedLane


def is_ours(lane: Lane, seen: ObservedContainer) -> bool:
    """Return whether the container is this lane's: by its labels, or else by its variables."""
    if LABEL_WORKSPACE in seen.labels or LABEL_LANE in seen.labels:
        owner = (seen.labels.get(LABEL_WORKSPACE), seen.labels.get(LABEL_LANE))
        return owner == (lane.workspace, lane.id)
    owner = (seen.env.get("INBOX_WORKSPACE_ID"), seen.env.get("INBOX_LANE_ID"))
    return owner == (lane.workspace, lane.id)


def ownership_error(lane: Lane, seen: ObservedLane) -> NotOwned | None:
    """Return an error when a name that this lane needs belongs to somebody else."""
    for container in (seen.current, seen.next, seen.prev):
        if container is not None and not is_ours(lane, container):
            return NotOwned(
                f"a container named {container.name} exists and is not this lane's",
                detail=f"it seems to be {_owner(container)}; it was not touched",
                hints=(Hint("rename-other-container", container.name),),
            )
    return None


def _owner(seen: ObservedContainer) -> str:
    workspace = seen.labels.get(LABEL_WORKSPACE) or seen.env.get("INBOX_WORKSPACE_ID")
    lane = seen.labels.get(LABEL_LANE) or seen.env.get("INBOX_LANE_ID")
    if workspace or lane:
        return f"lane {workspace or '?'}/{lane or '?'}'s"
    project = seen.labels.get("com.docker.compose.project") or seen.labels.get(
        "io.podman.compose.project"
    )
    if project:
        return f"the compose project {project}'s"
    return f"somebody else's (image {seen.image}, id {seen.id[:12]})"
