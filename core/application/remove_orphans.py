"""Find the orphans of a fleet with one request, and remove one under its lane's lock."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from returns.result import Failure, Success

from lanekit.core.application.observe import check_ids_unambiguous
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.journal import EMPTY
from lanekit.core.domain.labels import LABEL_LANE
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.orphans import (
    Orphan,
    OrphanRemoval,
    OrphanReport,
    find_orphans_in,
    reason_to_keep,
)
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.journal import LaneJournal

HoldOrphan = Callable[[Orphan], Outcome[AbstractContextManager[LaneJournal]]]
"""Hold the lock of the lane that an orphan belonged to."""


def find_orphans(
    engine: ContainerEngine, fleet: str, lanes: Sequence[Lane]
) -> Outcome[OrphanReport]:
    """Return which of this fleet's containers no lane needs; change nothing."""
    listed = engine.list_by_labels({LABEL_LANE: ""})
    if isinstance(listed, Failure):
        return listed
    return Success(find_orphans_in(fleet, lanes, listed.unwrap()))


def remove_orphan(  # noqa: PLR0913 - the engine and the lock, and the port's arguments
    engine: ContainerEngine,
    hold: HoldOrphan,
    fleet: str,
    lanes: Sequence[Lane],
    orphan: Orphan,
    *,
    running: bool,
    grace: float,
) -> Outcome[OrphanRemoval]:
    """Remove an orphan under its lane's lock, after another look at it.

    One that runs is kept, unless `running`: then it gets SIGTERM, and SIGKILL after `grace`
    seconds.
    """
    held = hold(orphan)
    if isinstance(held, Failure):
        return held
    with held.unwrap() as journal:
        # Since it was found, an ensure may have taken it into use, or somebody started it.
        now = find_orphans(engine, fleet, lanes)
        if isinstance(now, Failure):
            return now
        settled_id = journal.read().settled_id
        kept = reason_to_keep(orphan, now.unwrap(), settled_id, running=running)
        if kept:
            return Success(kept)
        removed = _remove(engine, orphan.id, grace)
        if isinstance(removed, Success) and orphan.id == settled_id:
            _ = journal.write(EMPTY, durable=False)
        return removed


def _remove(engine: ContainerEngine, container: str, grace: float) -> Outcome[OrphanRemoval]:
    unambiguous = check_ids_unambiguous(engine, [container])
    if isinstance(unambiguous, Failure):
        return unambiguous
    removed = engine.remove(container, grace)
    return removed if isinstance(removed, Failure) else Success("removed")
