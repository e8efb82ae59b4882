"""The port above containers: what `Lanes`, watch, gc and the command ask about lanes."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.lane_events import LaneEvent
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.results import EnsureResult, LaneStatus, RemoveResult, StopResult
from lanekit.core.ports.engine import Streams


class LaneBatch(Protocol):
    """The ensure of several lanes, under way."""

    def __iter__(self) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
        """Yield each lane with its outcome, in the order in which they are known.

        Iterating again begins with the first outcome. Abandoning the iteration does not cancel the
        work.
        """
        ...

    def interrupt(self) -> None:
        """Begin nothing more; finish or undo what has begun. May be called at any time.

        The outcome of a lane that was interrupted is `Interrupted`.
        """
        ...


class LaneEvents(Protocol):
    """A subscription to what happens to lanes. One thread reads it."""

    def next(self, timeout: float) -> Outcome[LaneEvent | None]:
        """Return the next event, or None if none came within `timeout` seconds.

        `EngineUnavailable` after the end of the subscription: no event comes after that.
        """
        ...

    def close(self) -> None:
        """End it. May be called from any thread, and twice; a waiting `next` returns."""
        ...


class LaneBackend(Protocol):
    """Where lanes live: containers on this host, or one object per lane that a controller keeps.

    A `Lane` that is passed has its `profile`, with all defaults resolved; only `endpoint`, `logs`,
    `execute`, `stop` and `remove` work without one. Every method refuses a lane whose name or types
    are impossible with `InvalidLane`, and one whose object belongs to somebody else with
    `NotOwned`; neither touches anything. Locks, retries, undo and recovery after a crash are the
    backend's own matter, as are progress events: it is constructed with its listener.

    All methods may be called from several threads, take a bounded time (except `execute`), and
    return a Failure if something outside went wrong; only bugs raise. An error may quote a secret
    or lack the lane's name: the caller redacts and names it.
    """

    @property
    def description(self) -> str:
        """What people call this backend: "podman command", "in-memory"."""
        ...

    def validate(self, lane: Lane) -> Outcome[None]:
        """Check whether this backend can do all that the lane asks for.

        Touches nothing and asks nobody. `InvalidLane` names what it cannot do. `ensure` and `plan`
        return the same failure before they touch anything.
        """
        ...

    def ensure(self, lane: Lane) -> Outcome[EnsureResult]:
        """Reconcile one lane, in the calling thread.

        On success the lane matches its specification, runs and answers. On failure it is no worse
        than before. Safe to call concurrently, repeatedly and after a crash. A KeyboardInterrupt
        undoes or finishes what has begun, then passes through.
        """
        ...

    def ensure_all(self, lanes: Sequence[Lane], jobs: int, *, background: bool) -> LaneBatch:
        """Reconcile several lanes, at most `jobs` at once; observe them together.

        `background`: work in other threads even if there is one lane alone, so that only
        `LaneBatch.interrupt` ends it.
        """
        ...

    def plan(self, lanes: Sequence[Lane]) -> Sequence[Outcome[Plan]]:
        """Return what `ensure` would do now to each lane, in order, with one observation for all.

        Changes nothing.
        """
        ...

    def status(self, lanes: Sequence[Lane]) -> Sequence[Outcome[LaneStatus]]:
        """Return how each lane is now, in order, with one observation for all.

        Changes nothing and waits for nothing. A lane that exists but cannot be compared has a
        `fault` and its state.
        """
        ...

    def endpoint(self, lane: Lane) -> Outcome[Endpoint]:
        """Return where the lane's worker answers; do not ask it. `InvalidState` if it is down."""
        ...

    def logs(self, lane: Lane, tail: int) -> Outcome[str]:
        """Return the last `tail` lines that the lane's worker wrote, oldest first."""
        ...

    def execute(
        self, lane: Lane, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """Run a command in the lane and return its exit status; see `ContainerEngine.execute`."""
        ...

    def stop(self, lane: Lane) -> Outcome[StopResult]:
        """Stop the lane's worker. What it wrote stays, and `ensure` starts it again."""
        ...

    def remove(self, lane: Lane) -> Outcome[RemoveResult]:
        """Remove the lane's object and what an interrupted ensure left; the worktree stays."""
        ...

    def events(self) -> Outcome[LaneEvents]:
        """Subscribe to what happens to lanes from now on.

        On success the backend can be reached. Whoever subscribes closes the subscription.
        """
        ...

    def find_orphans(self, fleet: str, lanes: Sequence[Lane]) -> Outcome[OrphanReport]:
        """Find what carries the fleet's name and belongs to none of its lanes; change nothing."""
        ...

    def remove_orphan(
        self, fleet: str, lanes: Sequence[Lane], orphan: Orphan, *, running: bool, grace: float
    ) -> Outcome[OrphanRemoval]:
        """Remove an orphan that was found, after another look at it.

        It is kept if it runs, unless `running`: then it is told to end, and killed after `grace`
        seconds. It is also kept if it is an orphan no longer.
        """
        ...
