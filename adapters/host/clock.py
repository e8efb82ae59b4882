"""Time: the system's, and one for tests that passes only when somebody sleeps."""

import threading
import time


class SystemClock:
    """The system's monotonic clock; see `Clock`."""

    def now(self) -> float:
        """Seconds since some moment in the past; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds; none or fewer return at once."""
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """A clock whose sleepers do not wait: each sleep moves it on by what was asked.

    With several threads every sleep counts, as if they had slept one after the other. Give the
    same one to `InMemory` and to `Lanes`: then a deadline of minutes is over at once.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds: the start, and all that was slept since."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on by `seconds`, at once."""
        with self._lock:
            self._now += max(0.0, seconds)
