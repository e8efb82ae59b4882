"""Somebody else's hand before every call of an ensure, exhaustively, in memory."""

import os
from collections.abc import Callable
from itertools import product

import pytest
from returns.result import Failure
from tests.core.test_ensure_laws import NAME, STATES, STRANGERS
from tests.lane_world import LaneWorld
from tests.podman.between import between

from lanekit.adapters.lanes import Lanes
from lanekit.core.errors import (
    Foreign,
    LaneError,
    LostRace,
    NotFound,
    NotReady,
    WorkerExited,
    or_raise,
)
from lanekit.core.model import NEXT, PREV

PLACES = (NAME, NAME + NEXT, NAME + PREV)
# In the usual run; the others are much like these.
USUAL = ("missing", "exited", "drifted", "killed after the first rename", "killed after start")
CHOSEN = STATES if os.environ.get("LANEKIT_LONG") == "1" else USUAL
HANDS = ("remove", "rename", "stop", "pause", "replace")


def _hand(world: LaneWorld, hand: str, name: str) -> None:
    engine = world.engine
    found = {c.name: c.state for c in engine.containers}
    if name not in found:
        return
    if hand in ("remove", "replace"):
        engine.by_hand_remove(name)
    if hand == "replace":
        _ = engine.by_hand_create(name)
    if hand == "rename":
        engine.by_hand_rename(name, "moved")
    if hand == "stop" and found[name] == "running":
        engine.by_hand_stop(name)
    if hand == "pause" and found[name] == "running":
        engine.pause(name)


def _ensured(world: LaneWorld, skip: int, act: Callable[[], None]) -> tuple[LaneError | None, int]:
    """The error, and how many calls were made."""
    calls = 0

    def before(_method: str) -> None:
        nonlocal calls
        if calls == skip:
            act()
        calls += 1

    told = Lanes(
        between(world.engine, before),
        world.profile,
        probe=world.engine,
        files=world.files,
        lock=world.lock,
        clock=world.clock,
    ).ensure(world.lane)
    return (told.failure() if isinstance(told, Failure) else None), calls


@pytest.mark.parametrize("state", CHOSEN)
@pytest.mark.parametrize("hand", HANDS)
def test_a_hand_before_every_call_loses_nothing(state: str, hand: str) -> None:
    """Law: it converges once the hand rests, and what is not ours is as it was."""
    for place in PLACES:
        skip, calls = 0, 1
        while skip < calls:
            calls = _one(state, hand, place, skip)
            skip += 1


def _one(state: str, hand: str, place: str, skip: int) -> int:
    world = LaneWorld()
    for name in STRANGERS:
        _ = world.engine.by_hand_create(name)
    STATES[state](world)
    left: list[object] = []

    def act() -> None:
        _hand(world, hand, place)
        left.extend(c for c in world.engine.containers if c.labels.get("lanekit.lane") is None)

    before = {c.id for c in world.ours()}
    error, calls = _ensured(world, skip, act)
    about = f"{state}, {hand} {place} before call {skip}: {error}"
    clear = (Foreign, LostRace, NotFound, NotReady)
    # Stopped by hand while its worker was awaited, it has exited: that is what is told.
    told = (*clear, WorkerExited) if hand == "stop" else clear
    assert error is None or isinstance(error, told), about
    theirs = [c for c in world.engine.containers if c.labels.get("lanekit.lane") is None]
    assert theirs == left or not left, about
    if before and hand not in ("remove", "replace"):
        assert world.ours(), about
    for name in {c.name for c in theirs} & set(PLACES):
        world.engine.by_hand_remove(name)
    if "moved" in {c.name for c in world.engine.containers}:
        world.engine.by_hand_remove("moved")
    _ = or_raise(world.lanes().ensure(world.lane))
    assert [(c.name, c.state) for c in world.ours()] == [(NAME, "running")], about
    assert or_raise(world.lanes().ensure(world.lane)).action == "none", about
    return calls


@pytest.mark.parametrize(("hand", "name"), list(product(("remove", "stop"), (NAME,))))
def test_a_hand_that_never_rests_is_told_after_a_few_times(hand: str, name: str) -> None:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(world.lane))
    world.drift()

    def always(method: str) -> None:
        if method in ("rename", "start"):
            _hand(world, hand, name)

    told = Lanes(
        between(world.engine, always),
        world.profile,
        probe=world.engine,
        files=world.files,
        lock=world.lock,
        clock=world.clock,
    ).ensure(world.lane)
    if isinstance(told, Failure):
        assert isinstance(told.failure(), (LostRace, NotFound)), told
    _ = or_raise(world.lanes().ensure(world.lane))
    assert [(c.name, c.state) for c in world.ours()] == [(NAME, "running")]
