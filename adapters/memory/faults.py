"""What happens to the calls of the in-memory engine: faults, delays, deaths; and their record."""

import threading
from typing import Literal

from lanekit.adapters.memory.workers import Call, SimulatedKill
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import EngineUnavailable, LaneError
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.probe import Probe

When = Literal["before", "after"]

_METHODS = frozenset(
    name
    for protocol in (ContainerEngine, Probe)
    for name in vars(protocol)
    if not name.startswith("_") and name != "description"
)
ANY = "*"


@dataclass
class Fault:
    """Something that is to happen at a call. `times` None: again and again."""

    method: str
    container: str
    when: When
    skip: int
    times: int | None
    error: LaneError | None = None
    seconds: float = 0.0
    kills: bool = False

    def __post_init__(self) -> None:
        # A rule that can never apply would make a test that can never fail.
        if self.method != ANY and self.method not in _METHODS:
            raise ValueError(f"no such method: {self.method!r}; there are {sorted(_METHODS)}")

    def matches(self, call: Call, when: When) -> bool:
        """Return whether this call is one of those that the fault is about."""
        return (
            when == self.when
            and self.method in (ANY, call.method)
            and self.times != 0
            and self.container in ("", call.container)
        )

    def count(self) -> bool:
        """Count a call that matches; return whether the fault happens at it."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultScript:
    """The rules, in the order in which they were made, and every call there was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._calls: list[Call] = []
        self.away: EngineUnavailable | None = None

    def add(self, rule: Fault) -> None:
        """Let it happen."""
        with self._lock:
            self._rules.append(rule)

    def pending(self) -> tuple[Fault, ...]:
        """The rules that have not happened as often as they should."""
        with self._lock:
            return tuple(rule for rule in self._rules if rule.times)

    def calls(self) -> tuple[Call, ...]:
        """Every call since the last `forget`."""
        with self._lock:
            return tuple(self._calls)

    def forget(self) -> None:
        """Begin a new record of calls."""
        with self._lock:
            self._calls.clear()

    def enter(self, call: Call) -> LaneError | None:
        """A call begins: record it; the error with which it ends at once, if any."""
        with self._lock:
            self._calls.append(call)
        failed = self._play(call, "before")
        # A worker is asked over the network, not through the service.
        return failed or (self.away if call.method not in ("answers", "status") else None)

    def leave(self, call: Call) -> LaneError | None:
        """A call was carried out; the error that the caller gets all the same, if any."""
        return self._play(call, "after")

    def _play(self, call: Call, when: When) -> LaneError | None:
        with self._lock:
            matching = [rule for rule in self._rules if rule.matches(call, when)]
            delays = [rule.seconds for rule in matching if rule.seconds and rule.count()]
            # The first that happens is the only one: those after it wait for another call.
            sudden = next((r for r in matching if not r.seconds and r.count()), None)
        self._clock.sleep(sum(delays))
        if sudden is not None and sudden.kills:
            raise SimulatedKill(f"{when} {call}")
        return None if sudden is None else sudden.error
