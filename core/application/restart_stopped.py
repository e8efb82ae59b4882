"""Start again, after a run that failed, what lanekit stopped in order to replace or restart it."""

from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.lifecycle import inspect_lane
from lanekit.core.application.observe import check_ids_unambiguous
from lanekit.core.domain.containers import NEXT
from lanekit.core.domain.errors import InvalidState, LaneError, Outcome
from lanekit.core.domain.lanes import DEFAULT_GRACE_SECONDS, Lane
from lanekit.core.domain.observed import ObservedContainer, ObservedLane
from lanekit.core.domain.recovery import is_live
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.journal import LaneJournal

_RUNS = ("running", "paused")


def forget_all_stopped(journal: LaneJournal) -> Outcome[None]:
    """Let nothing be started again that lanekit stopped; the lane's lock is held."""
    known = journal.read()
    ids = [record.container_id for record in known.stopped]
    return journal.write(known.forget_stopped(ids), durable=True) if ids else Success(None)


def restart_stopped(
    engine: ContainerEngine, lane: Lane, journal: LaneJournal, error: LaneError
) -> LaneError:
    """Start the container that an earlier run stopped, unless the lane has one that runs.

    Args:
        engine: where the lane's containers are.
        lane: its lock is held.
        journal: says what was stopped; forgets what needs no start any more.
        error: why the run failed.

    Returns:
        The error, which says what was started again, or why that failed.
    """
    records = {record.container_id: record for record in journal.read().stopped}
    if not records:
        return error
    looked = inspect_lane(engine, lane)
    if isinstance(looked, Failure):
        return error
    seen = looked.unwrap()
    there = [one for one in (seen.prev, seen.current, seen.next) if one is not None]
    stopped = [one for one in there if one.id in records and one.state not in _RUNS]
    _forget(journal, set(records) - {one.id for one in stopped})
    if not stopped or any(is_live(one) for one in there if one is not stopped[0]):
        # Two containers of a lane never run at once.
        return error
    old = stopped[0]
    started = _start(engine, lane, seen, old)
    what = f"{old.name}, which lanekit had stopped ({records[old.id].why}),"
    if isinstance(started, Failure):
        return _with_detail(error, f"{what} could not be started again: {started.failure()}")
    _forget(journal, {old.id})
    return _with_detail(error, f"{what} was started again")


def _forget(journal: LaneJournal, container_ids: set[str]) -> None:
    known = journal.read()
    after = known.forget_stopped(container_ids)
    if after != known:
        _ = journal.write(after, durable=False)


def _with_detail(error: LaneError, line: str) -> LaneError:
    return replace(error, detail=f"{error.detail}\n{line}".strip())


def _start(
    engine: ContainerEngine, lane: Lane, seen: ObservedLane, old: ObservedContainer
) -> Outcome[None]:
    """Give the container the lane's name, if it has another, and start it."""
    name, current = lane.container_name, seen.current
    unambiguous = check_ids_unambiguous(engine, [one.id for one in (old, current) if one])
    if isinstance(unambiguous, Failure):
        return unambiguous
    if current is not None and current.id != old.id:
        # Its replacement, which never ran; the next ensure removes it.
        aside = engine.rename(current.id, name + NEXT)
        if isinstance(aside, Failure):
            return aside
    if old.name != name:
        renamed = engine.rename(old.id, name)
        if isinstance(renamed, Failure):
            return renamed
    grace = lane.profile.stop_grace if lane.profile else DEFAULT_GRACE_SECONDS
    return start_again(engine, old.id, grace)


def start_again(engine: ContainerEngine, container: str, grace: float) -> Outcome[None]:
    """Start a container that was stopped, also one whose stop was cut off."""
    started = engine.start(container)
    if not isinstance(started, Failure) or not isinstance(started.failure(), InvalidState):
        return started
    # A stop that was cut off leaves it neither running nor stopped: it has to be ended first.
    stopped = engine.stop(container, grace)
    return stopped if isinstance(stopped, Failure) else engine.start(container)
