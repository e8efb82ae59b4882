"""A lane's note spares questions, and decides nothing."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.lane_world import LANE, LaneWorld

from lanekit.adapters.memory.engine import SimulatedKill
from lanekit.core.application.observe import UNFINISHED
from lanekit.core.domain.errors import or_raise

NAME = "ws-a"
STALE = "ab" * 32


def _note(world: LaneWorld) -> str:
    return world.lock.notes[NAME].read()


def _asked(world: LaneWorld) -> list[str]:
    """The names and images that the first look of an ensure asks for, and the second."""
    world.engine.forget_calls()
    _ = or_raise(world.lanes().ensure(LANE))
    calls = [call for call in world.engine.calls if call.method in ("inspect", "images")]
    return [" ".join((call.method, *call.about)) for call in calls]


@pytest.fixture
def settled() -> LaneWorld:
    world = LaneWorld()
    _ = or_raise(world.lanes().ensure(LANE))
    return world


def test_an_ensure_leaves_the_id_of_the_lanes_container(settled: LaneWorld) -> None:
    (made,) = settled.ours()
    assert _note(settled) == made.id
    settled.drift()
    _ = or_raise(settled.lanes().ensure(LANE))
    (replaced,) = settled.ours()
    assert _note(settled) == replaced.id != made.id


def test_a_settled_lane_is_asked_for_its_container_and_image_alone(settled: LaneWorld) -> None:
    assert _asked(settled) == [f"inspect {NAME}", f"images {settled.profile.image}"]


def test_a_new_lane_is_asked_for_what_could_be_lost() -> None:
    world = LaneWorld()
    assert _asked(world)[0] == f"inspect {NAME} {NAME}.prev"


@pytest.mark.parametrize("note", ["", STALE, "garbage"])
def test_what_a_lost_or_stale_note_did_not_tell_is_asked(settled: LaneWorld, note: str) -> None:
    settled.lock.notes[NAME].write(note)
    asked = " ".join(_asked(settled))
    assert all(f"{NAME}{end}" in asked for end in ("", ".next", ".prev"))
    assert _note(settled) == settled.ours()[0].id, "and then it is settled"


def test_while_a_lane_is_changed_its_note_says_so(settled: LaneWorld) -> None:
    settled.drift()
    settled.engine.crash("create", "before")
    with pytest.raises(SimulatedKill):
        _ = settled.lanes().ensure(LANE)
    assert _note(settled) == UNFINISHED
    assert _asked(settled)[0] == f"inspect {NAME} {NAME}.next {NAME}.prev"


def test_a_removal_forgets_the_note(settled: LaneWorld) -> None:
    _ = or_raise(settled.lanes().remove(LANE))
    assert _note(settled) == ""


def _lost(world: LaneWorld) -> None:
    world.lock.notes.clear()


def _stale(world: LaneWorld) -> None:
    if NAME in world.lock.notes:
        world.lock.notes[NAME].write(STALE)


def _kept(world: LaneWorld) -> None:
    _ = world


NOTES: list[Callable[[LaneWorld], None]] = [_lost, _stale, _kept]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.sampled_from(NOTES)), max_size=5),
    st.sampled_from(NOTES),
)
@settings(max_examples=150, deadline=None)
def test_whatever_becomes_of_the_note_the_lane_converges(
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
