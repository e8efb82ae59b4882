"""Time."""

from typing import Protocol


class Clock(Protocol):
    """Time, in seconds."""

    def now(self) -> float:
        """A monotonic reading."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
