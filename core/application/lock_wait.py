"""A lane's turn: its lock is waited for, and that is told."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from returns.result import Failure

from lanekit.core.domain.errors import LaneError, LockTimeout, Outcome
from lanekit.core.domain.progress import Waiting
from lanekit.core.ports.lock import LaneJournal, LaneLock

_PROGRESS_SECONDS = 1.0


def acquire_with_progress(
    lock: LaneLock,
    container_name: str,
    lane: str,
    timeout: float,
    tell: Callable[[Waiting], None],
) -> Outcome[AbstractContextManager[LaneJournal]]:
    """`LaneLock.hold`, for a lane: each second of the wait it is told who works on it."""
    waited = 0.0
    while timeout - waited > _PROGRESS_SECONDS:
        held = lock.hold(container_name, _PROGRESS_SECONDS)
        if not (isinstance(held, Failure) and isinstance(held.failure(), LockTimeout)):
            return held
        waited += _PROGRESS_SECONDS
        tell(waiting_for_lock(lane, held.failure(), waited))
    return lock.hold(container_name, timeout - waited)


def waiting_for_lock(lane: str, busy: LaneError, waited: float) -> Waiting:
    """What to tell of a lane that waits, for so many seconds, while its lock is so busy."""
    return Waiting(lane, f"the lane's lock: {busy.message}", waited)
