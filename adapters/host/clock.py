"""Time: the system's, and one for tests that passes only when it is told to."""

import threading
import time

from lanekit.core.ports.clock import Waitable

_EVENT_POLL_SECONDS = 0.002
"""Real seconds between two looks at an event while the time stands still."""


class SystemClock:
    """The system's monotonic clock; see `Clock`."""

    def now(self) -> float:
        """Return the seconds since some moment in the past; they never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds; zero or fewer return at once."""
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, event: Waitable, seconds: float | None = None) -> bool:
        """See `Clock.wait`."""
        return event.wait(None if seconds is None else max(0.0, seconds))


class VirtualClock:
    """A clock for tests, whose time does not pass by itself.

    With `auto` nobody waits: each sleep moves the clock on by what was asked, at once. With several
    threads every sleep counts, as if they had slept one after the other. Give the same clock to
    `InMemory` and to `Lanes`: then a deadline of minutes is over at once. Without `auto` sleepers
    wait until `advance` has moved the clock on far enough; a watch needs this, because otherwise
    its pauses would end at once, one after another.
    """

    def __init__(self, start: float = 0.0, *, auto: bool = True) -> None:
        self._now = start
        self._auto = auto
        self._moved = threading.Condition()

    def now(self) -> float:
        """Return the start, and the seconds that have passed since."""
        with self._moved:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and wake those whose time has come."""
        with self._moved:
            self._now += max(0.0, seconds)
            self._moved.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        if self._auto:
            self.advance(seconds)
            return
        with self._moved:
            end = self._now + seconds
            while self._now < end:
                _ = self._moved.wait()

    def wait(self, event: Waitable, seconds: float | None = None) -> bool:
        """See `Clock.wait`."""
        if seconds is None:
            return event.wait()
        if self._auto:
            if not event.wait(0):
                self.advance(seconds)
            return event.wait(0)
        end = self.now() + seconds
        while self.now() < end:
            # An event of any kind cannot wake whoever waits for the clock: look at both in turn.
            if event.wait(_EVENT_POLL_SECONDS):
                return True
        return event.wait(0)
