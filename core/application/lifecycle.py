"""What is done with a lane besides ensure: status, endpoint, logs, stop, remove."""

from collections.abc import Sequence
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.observe import check_ids_unambiguous, containers_of, with_mount_health
from lanekit.core.application.planning import drift_check
from lanekit.core.domain.differences import Drift, Policy
from lanekit.core.domain.drift import inside_drift
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import (
    ConfigUnreadable,
    ImageMissing,
    InvalidLane,
    InvalidState,
    LaneError,
    NotFound,
    Outcome,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import Endpoint, ObservedContainer, ObservedLane
from lanekit.core.domain.ownership import ownership_error
from lanekit.core.domain.progress import Listener, Waiting
from lanekit.core.domain.recovery import is_live
from lanekit.core.domain.results import LaneStatus, RemoveResult, StopResult
from lanekit.core.domain.validation import validation_errors
from lanekit.core.ports.engine import ContainerEngine, Streams
from lanekit.core.ports.probe import Probe

# A status asks once and does not wait.
_STATUS_PROBE = 1.0
_TRIES = 5
_RACES = (NotFound, InvalidState)
# What is not as it must be on the host, while podman can be asked.
_OF_THE_HOST = (InvalidLane, ConfigUnreadable, ImageMissing)


def inspect_lane(engine: ContainerEngine, lane: Lane) -> Outcome[ObservedLane]:
    """The lane's containers, by name alone: files that are gone must not hinder a stop."""
    found = containers_of(engine, lane.container_name)
    if isinstance(found, Failure):
        return found
    stranger = ownership_error(lane, found.unwrap())
    return found if stranger is None else Failure(stranger)


def _container(engine: ContainerEngine, lane: Lane) -> Outcome[ObservedContainer]:
    looked = inspect_lane(engine, lane)
    if isinstance(looked, Failure):
        return looked
    current = looked.unwrap().current
    return Failure(_missing(lane)) if current is None else Success(current)


def _missing(lane: Lane) -> NotFound:
    return NotFound(
        f"there is no container {lane.container_name}",
        hints=(Hint("create-lane"),),
        lane=lane.name,
    )


def status(
    world: Ports, target: PreparedLane, seen: ObservedLane, policy: Policy
) -> Outcome[LaneStatus]:
    """How the lane is; nothing is changed and nothing waited for."""
    stranger = ownership_error(target.lane, seen)
    if stranger is not None:
        return Failure(stranger)
    drift: Drift = ()
    if seen.current is not None:
        drift = drift_check(target, seen.image, policy)(seen.current)
        if policy == "strict":
            drift += inside_drift(
                target.spec, with_mount_health(world.files, target.spec, seen).mount_health
            )
    told = _told(target.lane, seen, world.probe, target.profile.ready_path)
    return Success(replace(told, drift=drift))


def status_without_drift(
    world: Ports, lane: Lane, profile: Profile, fault: LaneError
) -> Outcome[LaneStatus]:
    """How a lane is that cannot be compared with what is asked. `fault` says why.

    The fault itself is the answer when it is podman's: then nothing can be seen.
    """
    if not isinstance(fault, _OF_THE_HOST):
        return Failure(fault)
    looked = inspect_lane(world.engine, lane)
    if isinstance(looked, Failure):
        return looked
    # A profile that is impossible has perhaps no path that can be asked for.
    path = "" if validation_errors(lane, profile) else profile.ready_path
    return Success(replace(_told(lane, looked.unwrap(), world.probe, path), fault=fault))


def _told(lane: Lane, seen: ObservedLane, probe: Probe, ready_path: str) -> LaneStatus:
    """What the lane's containers alone tell; its worker is asked for the path, if it is one."""
    name, current = lane.container_name, seen.current
    if current is None:
        state = "missing" if seen.prev is None else "interrupted"
        return LaneStatus(lane.name, name, state, None, ready=False, drift=())
    found = endpoint_of(current)
    where = None if isinstance(found, Failure) else found.unwrap()
    ready = (
        where is not None
        and current.state == "running"
        and bool(ready_path)
        and probe.answers(where, ready_path, _STATUS_PROBE)
    )
    return LaneStatus(lane.name, name, current.state, where, ready=ready, drift=())


def endpoint(engine: ContainerEngine, lane: Lane) -> Outcome[Endpoint]:
    """Where the lane's worker answers; not probed. One that does not run answers nowhere."""
    found = _container(engine, lane)
    if isinstance(found, Failure):
        return found
    current = found.unwrap()
    return (
        endpoint_of(current)
        if current.state == "running"
        else Failure(_not_running_error(lane, current))
    )


def logs(engine: ContainerEngine, lane: Lane, tail: int) -> Outcome[str]:
    """The last lines that the lane's container wrote."""
    found = _container(engine, lane)
    return found if isinstance(found, Failure) else engine.logs(found.unwrap().id, tail)


def execute(
    engine: ContainerEngine, lane: Lane, command: Sequence[str], streams: Streams, *, tty: bool
) -> Outcome[int]:
    """Run a command in the lane's container; its exit status."""
    found = _container(engine, lane)
    if isinstance(found, Failure):
        return found
    current = found.unwrap()
    if current.state != "running":
        return Failure(_not_running_error(lane, current))
    return engine.execute(current.id, command, streams, tty=tty)


def _not_running_error(lane: Lane, seen: ObservedContainer) -> InvalidState:
    last = f" (its worker ended with {seen.exit_code})" if seen.state == "exited" else ""
    return InvalidState(
        f"the container {seen.name} does not run: it is {seen.state}{last}",
        hints=(Hint("start-lane"), Hint("show-logs")),
        lane=lane.name,
    )


def stop(
    engine: ContainerEngine, lane: Lane, grace: float, listen: Listener
) -> Outcome[StopResult]:
    """Stop the lane's container, also a paused one; one that is stopped or missing is fine."""
    for _ in range(_TRIES - 1):
        stopped = _stop(engine, lane, grace, listen)
        # Somebody removed or paused it since it was looked at: look again.
        raced = isinstance(stopped, Failure) and isinstance(stopped.failure(), _RACES)
        if not raced:
            return stopped
    return _stop(engine, lane, grace, listen)


def _stop(
    engine: ContainerEngine, lane: Lane, grace: float, listen: Listener
) -> Outcome[StopResult]:
    looked = inspect_lane(engine, lane)
    if isinstance(looked, Failure):
        return looked
    current = looked.unwrap().current
    if current is None:
        return Success("missing")
    if not is_live(current):
        return Success("not running")
    sound = check_ids_unambiguous(engine, [current.id])
    if isinstance(sound, Failure):
        return sound
    if current.state == "paused":
        woken = engine.unpause(current.id)
        if isinstance(woken, Failure):
            return woken
    listen(_ending(lane, current, grace))
    stopped = engine.stop(current.id, grace)
    return stopped if isinstance(stopped, Failure) else Success("stopped")


def _ending(lane: Lane, seen: ObservedContainer, grace: float) -> Waiting:
    return Waiting(lane.name, f"{seen.name} to end (killed if it takes {grace:g} s)", 0.0)


def remove(
    engine: ContainerEngine, lane: Lane, grace: float, listen: Listener
) -> Outcome[RemoveResult]:
    """Remove the lane's container and what an interrupted ensure left; all of it must be ours."""
    looked = inspect_lane(engine, lane)
    if isinstance(looked, Failure):
        return looked
    seen = looked.unwrap()
    there = [one for one in (seen.next, seen.current, seen.prev) if one is not None]
    sound = check_ids_unambiguous(engine, [one.id for one in there])
    if isinstance(sound, Failure):
        return sound
    for container in there:
        if is_live(container):
            listen(_ending(lane, container, grace))
        removed = engine.remove(container.id, grace)
        if isinstance(removed, Failure):
            return removed
    return Success("removed" if there else "missing")
