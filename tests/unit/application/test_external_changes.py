"""Somebody else's hand before every call of an ensure, a stop and an rm, in memory."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Literal

import pytest
from returns.result import Failure
from tests.integration.podman.between import between
from tests.laws.test_ensure_laws import NAME, STATES, STRANGERS
from tests.support.lane_world import LaneWorld

from lanekit.api import Lanes
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.errors import (
    LaneError,
    NotOwned,
    NotReady,
    Outcome,
    WorkerExited,
    or_raise,
)
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.domain.results import EnsureResult, RemoveResult, StopResult

PLACES = (NAME, NAME + NEXT, NAME + PREV)
HANDS = ("remove", "rename", "stop", "pause", "replace")
# A stop and an rm look at nothing but names and states.
AS_THEY_ARE = (
    *("missing", "running", "exited", "paused", "stop cut off", "killed after copy"),
    *("killed after stop", "killed after the first rename", "killed after start"),
)
Command = Literal["ensure", "stop", "remove"]


def _can(hand: str, state: str) -> bool:
    """Whether there is anything to do for it; the state is empty when there is no container."""
    return state == "running" or (bool(state) and hand not in ("stop", "pause"))


def _hand(world: LaneWorld, hand: str, name: str) -> None:
    engine = world.engine
    state = next((c.state for c in engine.containers if c.name == name), "")
    if not _can(hand, state):
        return
    if hand in ("remove", "replace"):
        engine.external_remove(name)
    if hand == "replace":
        _ = engine.external_create(name)
    if hand == "rename":
        engine.external_rename(name, "moved")
    if hand == "stop":
        engine.external_stop(name)
    if hand == "pause":
        engine.pause(name)


def _called(
    world: LaneWorld, command: Command, before: Callable[[str], None]
) -> Outcome[EnsureResult] | Outcome[StopResult] | Outcome[RemoveResult]:
    """`command` of the lane; `before` hears of each of its calls."""
    lanes = Lanes(
        between(world.engine, before),
        world.profile,
        probe=world.engine,
        files=world.files,
        lock=world.lock,
        clock=world.clock,
    )
    if command == "ensure":
        return lanes.ensure(world.lane)
    return lanes.stop(world.lane) if command == "stop" else lanes.remove(world.lane)


class _Case:
    """A world in a state, and a hand that acts once there, before the call after `skip` others."""

    def __init__(self, state: str, hand: str, place: str, skip: int) -> None:
        self.world = _arranged(state)
        self.had = bool(self.world.ours())
        self.about = f"{state}, {hand} {place} before call {skip}"
        self._hand, self._place, self._skip = hand, place, skip
        self._calls = 0
        self._left: list[ObservedContainer] = []

    def before(self, _method: str) -> None:
        if self._calls == self._skip:
            _hand(self.world, self._hand, self._place)
            self._left = self.theirs()
        self._calls += 1

    def theirs(self) -> list[ObservedContainer]:
        """What is not the lane's."""
        return [c for c in self.world.engine.containers if "lanekit.lane" not in c.labels]

    def clear_away(self) -> None:
        """Nobody else's was touched; the hand rests, and takes away what is in the lane's way."""
        assert self.theirs() == self._left, self.about
        names = {c.name for c in self.theirs()} & set(PLACES)
        names |= {"moved"} & {c.name for c in self.world.engine.containers}
        for name in names:
            self.world.engine.external_remove(name)


def _arranged(state: str) -> LaneWorld:
    world = LaneWorld()
    for name in STRANGERS:
        _ = world.engine.external_create(name)
    STATES[state](world)
    return world


@cache
def _moments(state: str, command: Command) -> Sequence[dict[str, str]]:
    """What there is at each call, by name, when no hand acts."""
    world, seen = _arranged(state), list[dict[str, str]]()
    _ = _called(
        world, command, lambda _: seen.append({c.name: c.state for c in world.engine.containers})
    )
    return seen


def _cases(state: str, hand: str, command: Command) -> Iterator[tuple[_Case, LaneError | None]]:
    """Each in which the hand has something to do, with the error, if the command failed."""
    for skip, there in enumerate(_moments(state, command)):
        for place in PLACES:
            if _can(hand, there.get(place, "")):
                case = _Case(state, hand, place, skip)
                told = _called(case.world, command, case.before)
                yield case, told.failure() if isinstance(told, Failure) else None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("hand", HANDS)
def test_external_change_during_ensure_loses_nothing(state: str, hand: str) -> None:
    """Law: it converges once the hand rests, and what is not ours is as it was."""
    for case, error in _cases(state, hand, "ensure"):
        world, about = case.world, f"{case.about}: {error}"
        # Stopped or frozen by hand while its worker was awaited, it is told of as that.
        told = {"replace": NotOwned, "stop": WorkerExited, "pause": NotReady}.get(hand, ())
        assert error is None or isinstance(error, told), about
        if case.had and hand not in ("remove", "replace"):
            assert world.ours(), about
        case.clear_away()
        _ = or_raise(world.lanes().ensure(world.lane))
        assert [(c.name, c.state) for c in world.ours()] == [(NAME, "running")], about
        assert or_raise(world.lanes().ensure(world.lane)).action == "none", about


@pytest.mark.parametrize("state", AS_THEY_ARE)
@pytest.mark.parametrize("hand", HANDS)
def test_external_change_during_stop_loses_nothing(state: str, hand: str) -> None:
    for case, error in _cases(state, hand, "stop"):
        world, about = case.world, f"{case.about}: {error}"
        assert error is None or isinstance(error, NotOwned), about
        if hand not in ("remove", "replace"):
            assert world.ours(), about
        case.clear_away()
        _ = or_raise(world.lanes().stop(world.lane))
        assert NAME not in [c.name for c in world.running()], about


@pytest.mark.parametrize("state", AS_THEY_ARE)
@pytest.mark.parametrize("hand", HANDS)
def test_external_change_during_rm_leaves_nothing_of_the_lane(state: str, hand: str) -> None:
    for case, error in _cases(state, hand, "remove"):
        world, about = case.world, f"{case.about}: {error}"
        assert error is None or isinstance(error, NotOwned), about
        case.clear_away()
        _ = or_raise(world.lanes().remove(world.lane))
        assert world.ours() == [], about


@pytest.mark.parametrize(
    ("hand", "kind"),
    [
        ("remove", "Conflict"),
        ("replace", "NotOwned"),
        # It was to be stopped anyway.
        *(("stop", ""), ("pause", "")),
    ],
)
def test_ensure_recovers_after_repeated_external_changes(hand: str, kind: str) -> None:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(world.lane))
    world.drift()

    def always(method: str) -> None:
        if method in ("rename", "start"):
            _hand(world, hand, NAME)

    told = _called(world, "ensure", always)
    assert (told.failure().kind if isinstance(told, Failure) else "") == kind
    if hand == "replace":
        world.engine.external_remove(NAME)
    _ = or_raise(world.lanes().ensure(world.lane))
    assert [(c.name, c.state) for c in world.ours()] == [(NAME, "running")]
