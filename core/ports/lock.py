"""The lane lock, and the record that its holder leaves for the next one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from lanekit.core.domain.errors import LockTimeout, Outcome
from lanekit.core.ports.clock import Waitable

OnWait: TypeAlias = Callable[[LockTimeout, float], None]
"""Called each second of a wait for a lock: who has it, and the seconds waited so far."""


class LaneJournal(Protocol):
    """A line that who holds a lane's lock leaves for who holds it next.

    Nothing may depend on it but speed: it may be lost at any time, and then it is empty.
    """

    def read(self) -> str:
        """What was written last."""
        ...

    def write(self, text: str) -> None:
        """Let it say this: up to 100 letters and digits of ASCII. It is there when this returns,
        also if the process is killed then. A note that cannot be written is lost.
        """
        ...


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
