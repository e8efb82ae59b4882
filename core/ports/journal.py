"""The journal of a lane."""

from typing import Protocol

from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.journal import Journal


class LaneJournal(Protocol):
    """The records of a lane, for whoever holds its lock. It may have been lost, and is then empty.

    What is damaged counts as lost; reading never fails.
    """

    def read(self) -> Journal:
        """Return what was written last."""
        ...

    def write(self, journal: Journal, *, durable: bool) -> Outcome[None]:
        """Replace what is there. An empty journal leaves nothing behind.

        Args:
            journal: the new content.
            durable: on success it is there also after a power cut, and what cannot be written is a
                failure. Otherwise it outlives this process only, and what cannot be written is
                forgotten, with what was there before.
        """
        ...
