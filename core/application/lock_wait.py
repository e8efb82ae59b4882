"""Hold a lane's lock, and report who has it while it is waited for."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from lanekit.core.domain.errors import LockTimeout, Outcome
from lanekit.core.domain.progress import Waiting
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal
from lanekit.core.ports.lock import LaneLock


def acquire_with_progress(  # noqa: PLR0913, PLR0917 - a lock, whose, for how long, and whom to tell
    lock: LaneLock,
    container_name: str,
    lane: str,
    timeout: float,
    tell: Callable[[Waiting], None],
    cancel: Waitable | None = None,
) -> Outcome[AbstractContextManager[LaneJournal]]:
    """Hold the lock of a lane; see `LaneLock.hold`. `tell` hears of the wait each second."""

    def on_wait(busy: LockTimeout, waited: float) -> None:
        tell(Waiting(lane, f"the lane lock: {busy.message}", waited))

    return lock.hold(container_name, timeout, on_wait, cancel)
