"""Time."""

from typing import Protocol


class Waitable(Protocol):
    """Something that happens once or more, and that can be waited for: a `threading.Event` is one.

    It also is how a wait is cancelled: whoever cancels sets it.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has happened, at most `timeout` seconds; return whether it has."""
        ...


class Clock(Protocol):
    """Time, in seconds."""

    def now(self) -> float:
        """Return a monotonic reading."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; zero or fewer seconds return at once."""
        ...

    def wait(self, event: Waitable, seconds: float | None = None) -> bool:
        """Wait until the event has happened, at most so many seconds of this clock.

        Args:
            event: What is waited for. One that has happened is found so, whatever the seconds.
            seconds: The longest wait; None for no limit.

        Returns:
            Whether it has happened.
        """
        ...
