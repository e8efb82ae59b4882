"""The lane lock, and the record that its holder leaves for the next one."""

from contextlib import AbstractContextManager
from typing import Protocol

from lanekit.core.domain.errors import Outcome


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
        self, container_name: str, timeout: float
    ) -> Outcome[AbstractContextManager[LaneJournal]]:
        """Wait up to `timeout` seconds for the lock, then give it: leaving the context frees it.

        It dies with its owner. `LockTimeout` names the owner where that is known.
        """
        ...
