"""Garbage of a fleet: found in one look, and removed one by one under the lane's lock."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

from returns.result import Failure, Success

from lanekit.core.errors import Outcome, for_lane
from lanekit.core.gc import Garbage, Sweep, sweep
from lanekit.core.model import LABEL_LANE, Lane
from lanekit.core.observe import ids_are_sound
from lanekit.core.ports import ContainerEngine, LaneNote

Collected: TypeAlias = Literal["removed", "runs", "changed"]
"""What became of garbage. "runs" and "changed" were left: it runs, or is none any more."""

Hold = Callable[[str], Outcome[AbstractContextManager[LaneNote]]]
"""Hold the lock of the lane whose container has this name."""


def find_garbage(engine: ContainerEngine, fleet: str, lanes: Iterable[Lane]) -> Outcome[Sweep]:
    """What of this fleet's containers may go; nothing is changed."""
    found = engine.find({LABEL_LANE: ""})
    return found if isinstance(found, Failure) else Success(sweep(fleet, lanes, found.unwrap()))


class Collector:
    """Removes garbage. `running`: also what runs; it gets SIGTERM, and SIGKILL after `grace` s."""

    def __init__(
        self, engine: ContainerEngine, hold: Hold, *, running: bool = False, grace: float = 10.0
    ) -> None:
        self._engine = engine
        self._hold = hold
        self._running = running
        self._grace = grace

    def collect(
        self, fleet: str, lanes: Sequence[Lane], garbage: Iterable[Garbage]
    ) -> Iterator[tuple[Garbage, Outcome[Collected]]]:
        """Each with what became of it, as soon as that is known."""
        for one in garbage:
            done = self._one(fleet, lanes, one)
            failed = isinstance(done, Failure)
            yield one, Failure(for_lane(done.failure(), one.lane)) if failed else done

    def _one(self, fleet: str, lanes: Sequence[Lane], one: Garbage) -> Outcome[Collected]:
        held = self._hold(one.base)
        if isinstance(held, Failure):
            return held
        with held.unwrap():
            return self._under_lock(fleet, lanes, one)

    def _under_lock(self, fleet: str, lanes: Sequence[Lane], one: Garbage) -> Outcome[Collected]:
        # Since it was found, an ensure may have taken it into use, or somebody started it.
        looked = find_garbage(self._engine, fleet, lanes)
        if isinstance(looked, Failure):
            return looked
        now = {item.container.id: item for item in looked.unwrap().garbage}.get(one.container.id)
        if now is None or now.container.name != one.container.name:
            return Success("changed")
        if now.runs and not self._running:
            return Success("runs")
        sound = ids_are_sound(self._engine, [one.container.id])
        if isinstance(sound, Failure):
            return sound
        removed = self._engine.remove(one.container.id, self._grace)
        return removed if isinstance(removed, Failure) else Success("removed")
