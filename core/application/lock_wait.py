"""A lane's turn: its lock is waited for, and that is told."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from returns.result import Failure

from lanekit.core.domain.errors import LaneError, LockBusy, Outcome
from lanekit.core.domain.progress import Waiting
from lanekit.core.ports.lock import LaneLock, LaneNote

_TELL_EVERY = 1.0


def take_turn(
    lock: LaneLock,
    container_name: str,
    lane: str,
    timeout: float,
    tell: Callable[[Waiting], None],
) -> Outcome[AbstractContextManager[LaneNote]]:
    """`LaneLock.hold`, for a lane: each second of the wait it is told who works on it."""
    waited = 0.0
    while timeout - waited > _TELL_EVERY:
        held = lock.hold(container_name, _TELL_EVERY)
        if not (isinstance(held, Failure) and isinstance(held.failure(), LockBusy)):
            return held
        waited += _TELL_EVERY
        tell(turn(lane, held.failure(), waited))
    return lock.hold(container_name, timeout - waited)


def turn(lane: str, busy: LaneError, waited: float) -> Waiting:
    """What to tell of a lane that waits, for so many seconds, while its lock is so busy."""
    return Waiting(lane, f"its turn: {busy.message}", waited)
