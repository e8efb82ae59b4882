"""What gc may take: this fleet's containers that no lane needs, and nothing else."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success
from tests.support.lane_world import LANE, PROFILE, LaneWorld
from tests.support.strategies.lanes import snapshot_of
from tests.support.strategies.orphans import FLEETS, fleet_zoos

from lanekit.adapters.memory.engine import SimulatedKill, Worker
from lanekit.api import Lanes
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import EngineFailed, or_raise
from lanekit.core.domain.journal import EMPTY
from lanekit.core.domain.labels import LABEL_FLEET, LABEL_LANE, LABEL_WORKSPACE
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedContainer, State
from lanekit.core.domain.orphans import Orphan, OrphanReport, find_orphans_in

Zoo = tuple[list[Lane], list[ObservedContainer]]


def _whose(seen: ObservedContainer) -> tuple[str | None, str | None]:
    return seen.labels.get(LABEL_WORKSPACE), seen.labels.get(LABEL_LANE)


def _shown(seen: list[ObservedContainer], orphan: Orphan) -> ObservedContainer:
    (container,) = [one for one in seen if one.id == orphan.id]
    assert (container.name, container.state) == (orphan.container, orphan.state)
    return container


def _orphan(seen: ObservedContainer, lane: str, base: str, why: str, successor: str = "") -> Orphan:
    return Orphan(seen.id, seen.name, seen.state, True, lane, base, why, successor)


@given(fleet_zoos(), st.sampled_from(FLEETS))
def test_gc_selects_only_containers_of_its_fleet(zoo: Zoo, fleet: str) -> None:
    lanes, seen = zoo
    for one in find_orphans_in(fleet, lanes, seen).orphans:
        assert _shown(seen, one).labels[LABEL_FLEET] == fleet


@given(fleet_zoos(), st.sampled_from(FLEETS))
def test_gc_never_selects_the_container_of_a_lane(zoo: Zoo, fleet: str) -> None:
    lanes, seen = zoo
    own = {(lane.container_name, (lane.workspace, lane.id)) for lane in lanes}
    for one in find_orphans_in(fleet, lanes, seen).orphans:
        assert (one.container, _whose(_shown(seen, one))) not in own


@given(fleet_zoos(), st.sampled_from(FLEETS))
def test_gc_never_selects_last_usable_container_of_a_lane(zoo: Zoo, fleet: str) -> None:
    lanes, seen = zoo
    taken = {one.id for one in find_orphans_in(fleet, lanes, seen).orphans}
    for lane in lanes:
        mine = [one for one in seen if _whose(one) == (lane.workspace, lane.id)]
        usable = {lane.container_name, f"{lane.container_name}.prev"}
        good = [one for one in mine if one.name in usable]
        assert not good or any(one.id not in taken for one in good)
        runs = any(one.name == lane.container_name and one.state == "running" for one in mine)
        for one in good:
            assert one.id not in taken or (runs and one.name.endswith(".prev"))


@given(fleet_zoos(), st.sampled_from(FLEETS))
def test_each_unneeded_container_is_reported_once(zoo: Zoo, fleet: str) -> None:
    lanes, seen = zoo
    found = find_orphans_in(fleet, lanes, seen)
    assert all(found.other_fleets), "whose they are is known"
    told = [one.id for one in found.orphans]
    assert len(told) == len(set(told))
    unlabelled = [
        one.name for one in seen if one.id not in told and not one.labels.get(LABEL_FLEET)
    ]
    assert not Counter(found.unlabelled) - Counter(unlabelled), "each is told once"
    told += found.unlabelled
    known = {(lane.workspace, lane.id) for lane in lanes}
    orphans = [one for one in seen if _whose(one) not in known]
    assert len(told) + len(found.other_fleets) >= len(orphans)


@given(fleet_zoos(), st.sampled_from(FLEETS))
def test_second_gc_selects_nothing(zoo: Zoo, fleet: str) -> None:
    lanes, seen = zoo
    taken = {one.id for one in find_orphans_in(fleet, lanes, seen).orphans}
    left = [one for one in seen if one.id not in taken]
    assert find_orphans_in(fleet, lanes, left).orphans == ()


def test_fleet_name_affects_neither_drift_nor_ownership() -> None:
    world = LaneWorld(lane=Lane("ws", "a", LANE.worktree, fleet="/one/lanes.toml"))
    lanes = world.lanes()
    assert or_raise(lanes.ensure(world.lane)).action == "created"
    (made,) = world.ours()
    assert made.labels[LABEL_FLEET] == "/one/lanes.toml"
    for fleet in ("/moved/lanes.toml", ""):
        again = lanes.ensure(Lane("ws", "a", LANE.worktree, fleet=fleet))
        assert or_raise(again).action == "none"
    world.policy = "reference"
    assert or_raise(world.lanes().ensure(LANE)).action == "none"


def test_prev_container_is_kept_unless_its_successor_runs() -> None:
    world = LaneWorld(lane=_fleet_of("a")[0])
    lanes = world.lanes()
    _ = or_raise(lanes.ensure(world.lane))
    (own,) = world.ours()
    older = replace(own, id="ab" * 32, name="ws-a.prev", state="exited")
    states: list[tuple[State, int]] = [("exited", 0), ("paused", 0), ("running", 1)]
    for state, taken in states:
        seen = [replace(own, state=state), older]
        assert len(find_orphans_in("f", [world.lane], seen).orphans) == taken


def test_prev_container_is_kept_if_successor_never_answered() -> None:
    """An ensure that was killed in the midst of a replace: gc must not take what still works."""
    world = LaneWorld(lane=_fleet_of("a")[0])
    _ = or_raise(world.lanes().ensure(world.lane))
    (old,) = world.ours()
    world.drift()
    world.new_worker(Worker(answers_after=None))
    world.engine.crash("start", "after")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(world.lane)
    assert {(c.name, c.state) for c in world.ours()} == {
        *(("ws-a", "running"), ("ws-a.prev", "exited")),
    }
    lanes = world.lanes()
    found = or_raise(lanes.find_orphans("f", [world.lane])).orphans
    assert [one.id for one in found] == [old.id]
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", [world.lane], found)] == ["unsure"]
    assert lanes.ensure(world.lane).failure().kind == "NotReady"
    assert [(c.id, c.name, c.state) for c in world.ours()] == [(old.id, "ws-a", "running")]


def test_prev_container_is_removed_if_successor_answers() -> None:
    world = LaneWorld(lane=_fleet_of("a")[0])
    _ = or_raise(world.lanes().ensure(world.lane))
    (own,) = world.ours()
    _ = world.engine.external_create("ws-a.prev", labels=own.labels)
    lanes = world.lanes()
    found = or_raise(lanes.find_orphans("f", [world.lane])).orphans
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", [world.lane], found)] == ["removed"]


def _fleet_of(*names: str) -> list[Lane]:
    return [Lane("ws", name, "/t", profile=PROFILE, fleet="f") for name in names]


def test_orphan_changed_since_it_was_found_is_not_removed() -> None:
    world = LaneWorld()
    lanes = world.lanes()
    both = _fleet_of("a", "b")
    for _, outcome in lanes.ensure_all(both):
        assert isinstance(outcome, Success)
    world.engine.exit("ws-b", 0)
    found = or_raise(lanes.find_orphans("f", both[:1]))
    assert [one.container for one in found.orphans] == ["ws-b"]
    world.engine.external_rename("ws-b", "ws-mine")
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", both[:1], found.orphans)] == [
        "changed"
    ]
    world.engine.external_rename("ws-mine", "ws-b")
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", both, found.orphans)] == ["changed"]
    _ = or_raise(lanes.ensure(both[1]))
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", both[:1], found.orphans)] == ["runs"]
    done = lanes.remove_orphans("f", both[:1], found.orphans, running=True)
    assert [or_raise(o) for _, o in done] == ["removed"]
    assert [c.name for c in world.engine.containers] == ["ws-a"]
    assert world.lock.read_journal("ws-b") == EMPTY, "nothing is left of the lane"
    assert world.lock.read_journal("ws-a") != EMPTY


def _seen(name: str, owner: str = "a", fleet: str = "f") -> ObservedContainer:
    labels = {LABEL_WORKSPACE: "ws", LABEL_LANE: owner, LABEL_FLEET: fleet}
    spec = container_spec(Lane("ws", owner, "/t"), PROFILE, Digests())
    return replace(snapshot_of(spec), id=name.ljust(64, "0"), name=name, labels=labels)


def test_orphan_report_names_owner_and_reason() -> None:
    own, orphan = _seen("ws-a"), _seen("ws-b.next", "b")
    following, before, other = _seen("ws-a.next"), _seen("ws-a.prev"), _seen("box.prev")
    elsewhere = [_seen(name, "c", fleet=name) for name in ("g", "h")]
    unmarked = replace(_seen("u", "u"), labels={LABEL_LANE: "u"})
    unnamed = replace(_seen("v", "v"), labels={LABEL_FLEET: "f"})
    seen = [unnamed, unmarked, *elsewhere, other, before, following, orphan, own]
    broken, gone = "left by an interrupted replacement", "no lane of the fleet file"
    assert find_orphans_in("f", _fleet_of("a"), seen) == OrphanReport(
        (
            _orphan(other, "ws/a", "box", "the lane's container is ws-a"),
            _orphan(unnamed, "/", "v", gone),
            _orphan(following, "ws/a", "ws-a", broken),
            _orphan(before, "ws/a", "ws-a", broken, own.id),
            _orphan(orphan, "ws/b", "ws-b", gone),
        ),
        ("g", "h"),
        (unmarked.name,),
    )


def test_container_of_another_lane_is_not_a_successor() -> None:
    orphans = [_seen("ws-b", "b"), _seen("ws-b.prev", "b")]
    assert [one.successor_id for one in find_orphans_in("f", [], orphans).orphans] == ["", ""]
    # A container of that name that is another lane's has not taken its place.
    another = [_seen("ws-a", "b"), _seen("ws-a.prev")]
    found = find_orphans_in("f", _fleet_of("a"), another)
    assert [one.container for one in found.orphans] == ["ws-a"]


def test_engine_error_in_gc_is_reported_and_removes_nothing() -> None:
    world = LaneWorld(lane=_fleet_of("a")[0])
    lanes = world.lanes()
    _ = or_raise(lanes.ensure(world.lane))
    world.engine.exit("ws-a", 0)
    found = or_raise(lanes.find_orphans("f", [])).orphans
    world.engine.fail("list_by_labels", EngineFailed("cannot look"))
    assert lanes.find_orphans("f", []).failure().message == "cannot look"
    for method, error in (
        ("list_by_labels", "cannot look"),
        ("inspect", "cannot ask"),
        ("remove", "busy"),
    ):
        world.engine.fail(method, EngineFailed(error))
        ((one, outcome),) = lanes.remove_orphans("f", [], found)
        assert one == found[0]
        assert str(outcome.failure()) == f"ws/a: {error}"
        assert [c.name for c in world.ours()] == ["ws-a"]
    assert [or_raise(o) for _, o in lanes.remove_orphans("f", [], found)] == ["removed"]


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [(25, 40, 25), (None, 40, 40), (None, None, 10)],
    ids=["lane of the fleet", "lane that is gone", "no profile is known"],
)
def test_running_orphan_is_given_the_grace_of_a_profile(
    own: int | None, others: int | None, expected: int
) -> None:
    world = LaneWorld(lane=_fleet_of("a")[0])
    _ = or_raise(world.lanes().ensure(world.lane))
    world.engine.replace_worker("ws-a", Worker(stop_seconds=1000))
    found = or_raise(world.lanes().find_orphans("f", [])).orphans
    fleet = [] if others is None else [_with_grace("b", others), _with_grace("c", 5)]
    if own is not None:
        # The name of its container is another than the lane's now.
        fleet.append(replace(_with_grace("a", own), container="elsewhere"))
    lanes = Lanes(world.engine, files=world.files, lock=world.lock, clock=world.clock)
    began = world.clock.now()
    removed = lanes.remove_orphans("f", fleet, found, running=True)
    assert [or_raise(outcome) for _, outcome in removed] == ["removed"]
    assert world.clock.now() - began == expected


def _with_grace(name: str, grace: int) -> Lane:
    (lane,) = _fleet_of(name)
    return replace(lane, profile=replace(PROFILE, stop_grace=grace))
