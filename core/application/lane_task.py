"""One lane among many: its ports, which give its place to others while it waits, and end soon."""

import threading
from dataclasses import replace

from lanekit.core.application.context import Ports
from lanekit.core.application.pool import LanePool
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.operations import Remove
from lanekit.core.domain.progress import Event, Listener, OperationStarted, Waiting
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.probe import Probe


class LaneCancelled(KeyboardInterrupt):
    """A Ctrl-C for one lane: what is under way there is undone, as after a real one."""


class LaneTask:
    """A lane that a crew works on until `stop` is set."""

    def __init__(self, lane: Lane, world: Ports, crew: LanePool, stop: threading.Event) -> None:
        self.lane = lane
        self._base = world
        self._crew = crew
        self._stop = stop
        self._interrupted = False

    @property
    def ports(self) -> Ports:
        """The ports for this lane."""
        probe = _SlotYieldingProbe(self._base.probe, self._crew)
        return replace(self._base, probe=probe, clock=_LaneClock(self, self._base, self._crew))

    def listener(self, tell: Listener) -> Listener:
        """`tell`, and the place at which an operation that has not begun yet is not begun."""

        def hear(event: Event, /) -> None:
            # What removes the old container ends a replace: that is done rather than undone.
            begins = isinstance(event, OperationStarted) and not isinstance(event.operation, Remove)
            if begins or isinstance(event, Waiting):
                self.checkpoint()
            tell(event)

        return hear

    def checkpoint(self) -> None:
        """Raise `LaneCancelled`, once, when all is to be over: the undoing is not interrupted."""
        if self._stop.is_set() and not self._interrupted:
            self._interrupted = True
            raise LaneCancelled

    def sleep(self, seconds: float) -> None:
        """Wait; no longer than until all is to be over."""
        if self._interrupted:
            self._base.clock.sleep(seconds)
        else:
            _ = self._base.clock.wait(self._stop, seconds)
        self.checkpoint()


class _LaneClock:
    def __init__(self, one: LaneTask, world: Ports, crew: LanePool) -> None:
        self._one = one
        self._base = world.clock
        self._crew = crew

    def now(self) -> float:
        return self._base.now()

    def sleep(self, seconds: float) -> None:
        with self._crew.yield_slot():
            self._one.sleep(seconds)

    def wait(self, event: Waitable, seconds: float | None = None) -> bool:
        with self._crew.yield_slot():
            return self._base.wait(event, seconds)


class _SlotYieldingProbe:
    """The first try keeps the place, for a worker that is ready answers at once."""

    def __init__(self, probe: Probe, crew: LanePool) -> None:
        self._probe = probe
        self._crew = crew
        self._tried = False

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        if not self._tried:
            self._tried = True
            return self._probe.answers(endpoint, path, timeout)
        with self._crew.yield_slot():
            return self._probe.answers(endpoint, path, timeout)

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        with self._crew.yield_slot():
            return self._probe.status(endpoint, path, timeout)
