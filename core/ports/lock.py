"""The lane lock."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from lanekit.core.domain.errors import LockTimeout, Outcome
from lanekit.core.domain.journal import Journal
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal

OnWait: TypeAlias = Callable[[LockTimeout, float], None]
"""Called each second of a wait for a lock: who has it, and the seconds waited so far."""


class LaneLock(Protocol):
    """One worker at a time on a lane, on this host, across processes and threads."""

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> Outcome[AbstractContextManager[LaneJournal]]:
        """Wait for the lock and return it, locked; leaving the context frees it.

        Entering the context gives the lane's journal, which its holder may write.

        It also ends with its owner, when the process dies or the object is forgotten.

        Args:
            container_name: Whose lock.
            timeout: The longest wait in seconds; 0 tries once.
            on_wait: Hears of the wait. What it raises ends the wait.
            cancel: Ends the wait when it is set. A lock that is free is still given.

        Returns:
            The lock; `LockTimeout` when the time is over, which names the owner where that is
            known; `Interrupted` when the wait was cancelled.
        """
        ...

    def read_journal(self, container_name: str) -> Journal:
        """Return the lane's journal as it is now; whoever holds the lock may be changing it."""
        ...
