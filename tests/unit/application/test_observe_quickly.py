"""A lane's journal spares questions, and the lane converges without it."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.lane_world import LANE, LaneWorld, settled

from lanekit.adapters.memory.engine import SimulatedKill
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.journal import EMPTY, Journal

NAME = "ws-a"
STALE = "ab" * 32


def _journal(world: LaneWorld) -> Journal:
    return world.lock.journals[NAME].read()


def _asked(world: LaneWorld) -> list[str]:
    """The names and images that the first look of an ensure asks for, and the second."""
    world.engine.forget_calls()
    _ = or_raise(world.lanes().ensure(LANE))
    calls = [call for call in world.engine.calls if call.method in ("inspect", "images")]
    return [" ".join((call.method, *call.about)) for call in calls]


@pytest.fixture
def world() -> LaneWorld:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    return world


def test_an_ensure_leaves_the_id_of_the_lanes_container(world: LaneWorld) -> None:
    (made,) = world.ours()
    assert _journal(world) == settled(made.id)
    world.drift()
    _ = or_raise(world.lanes().ensure(LANE))
    (replaced,) = world.ours()
    assert _journal(world) == settled(replaced.id) != settled(made.id)


def test_a_settled_lane_is_asked_for_its_container_and_image_alone(world: LaneWorld) -> None:
    assert _asked(world) == [f"inspect {NAME}", f"images {world.profile.image}"]


def test_a_new_lane_is_asked_for_what_could_be_lost() -> None:
    world = LaneWorld()
    assert _asked(world)[0] == f"inspect {NAME} {NAME}.prev"


@pytest.mark.parametrize("journal", [EMPTY, settled(STALE)])
def test_what_a_lost_or_stale_journal_did_not_tell_is_asked(
    world: LaneWorld, journal: Journal
) -> None:
    _ = world.lock.journals[NAME].write(journal, durable=False)
    asked = " ".join(_asked(world))
    assert all(f"{NAME}{end}" in asked for end in ("", ".next", ".prev"))
    assert _journal(world) == settled(world.ours()[0].id), "and then it is settled"


def test_while_a_lane_is_changed_its_journal_says_so(world: LaneWorld) -> None:
    world.drift()
    world.engine.crash("create", "before")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(LANE)
    assert _journal(world).is_changing
    assert _journal(world).settled_id == ""
    assert _asked(world)[0] == f"inspect {NAME} {NAME}.next {NAME}.prev"


def test_a_removal_forgets_the_journal(world: LaneWorld) -> None:
    _ = or_raise(world.lanes().remove(LANE))
    assert _journal(world) == EMPTY


def _lost(world: LaneWorld) -> None:
    world.lock.journals.clear()


def _stale(world: LaneWorld) -> None:
    if NAME in world.lock.journals:
        _ = world.lock.journals[NAME].write(settled(STALE), durable=False)


def _kept(world: LaneWorld) -> None:
    _ = world


SPOILED: list[Callable[[LaneWorld], None]] = [_lost, _stale, _kept]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.sampled_from(SPOILED)), max_size=5),
    st.sampled_from(SPOILED),
)
@settings(max_examples=150, deadline=None)
def test_whatever_becomes_of_the_journal_the_lane_converges(
    kills: list[tuple[int, bool, Callable[[LaneWorld], None]]],
    finally_: Callable[[LaneWorld], None],
) -> None:
    world = LaneWorld()
    for skip, drifts, spoil in kills:
        if drifts:
            world.drift()
        world.engine.crash("*", "after", skip=skip)
        with suppress(SimulatedKill):
            _ = world.lanes().ensure(LANE)
        spoil(world)
    while world.engine.pending:
        with suppress(SimulatedKill):
            _ = world.lanes().ensure(LANE)
    finally_(world)
    _ = or_raise(world.lanes().ensure(LANE))
    (only,) = world.ours()
    assert (only.name, only.state) == (NAME, "running")
    assert or_raise(world.lanes().ensure(LANE)).action == "none"
    assert world.most_running <= 1
