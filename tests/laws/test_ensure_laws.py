"""The laws of design: for every starting state, every operation that fails, every point of a kill.

1 a lane that had a working container never ends with none
2 running ensure again converges
3 never two containers of a lane run at once
4 a second ensure right after the first does nothing
5 nothing of the lane is left behind but its one container
6 nothing that is not ours is changed
7 the container has its config
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.lane_world import LaneWorld

from lanekit.adapters.memory.engine import SimulatedKill
from lanekit.core.domain.errors import EngineTimeout, or_raise
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.domain.operations import Action
from lanekit.core.domain.results import EnsureResult

NAME = "ws-a"
CONFIG = "/root/.codex"


def _missing(world: LaneWorld) -> None:
    _ = world


def _running(world: LaneWorld) -> None:
    assert or_raise(world.lanes().ensure(world.lane)).action == "created"


def _exited(world: LaneWorld) -> None:
    _running(world)
    world.engine.exit(NAME, 3)


def _paused(world: LaneWorld) -> None:
    _running(world)
    world.engine.pause(NAME)


def _drifted(before: Callable[[LaneWorld], None]) -> Callable[[LaneWorld], None]:
    def arrange(world: LaneWorld) -> None:
        before(world)
        world.drift()

    return arrange


def _stopping(world: LaneWorld) -> None:
    _running(world)
    world.engine.simulate_stopping(NAME)


def _port_taken(world: LaneWorld) -> None:
    _running(world)
    port = world.running()[0].ports[0].host_port
    assert port
    world.engine.exit(NAME, 0)
    world.engine.occupy_port(port)


def _without_config(world: LaneWorld) -> None:
    world.with_profile(config_dir="")
    _running(world)
    world.drift()


def _mount_dead(world: LaneWorld) -> None:
    _running(world)
    world.lose(mount=True)


def _config_gone(world: LaneWorld) -> None:
    _running(world)
    world.lose(config=True)


def _lost_and_exited(world: LaneWorld) -> None:
    _config_gone(world)
    world.engine.exit(NAME, 3)


def _lost_and_paused(world: LaneWorld) -> None:
    _running(world)
    world.lose(mount=True, config=True)
    world.engine.pause(NAME)


def _copy_cut_off(world: LaneWorld) -> None:
    _config_gone(world)
    world.engine.crash("put_archive", "after")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(world.lane)


def _limit_changed(world: LaneWorld) -> None:
    world.with_profile(memory=1 << 30)
    _running(world)
    world.engine.tamper(NAME, updatable=True, memory=1 << 29)


def _limit_changed_and_lost(world: LaneWorld) -> None:
    _limit_changed(world)
    world.lose(mount=True, config=True)


def _cut_off(method: str, skip: int) -> Callable[[LaneWorld], None]:
    """A replace that was killed after a call, and the fleet file was changed since, or not."""

    def arrange(world: LaneWorld) -> None:
        _running(world)
        world.drift()
        world.engine.crash(method, "after", skip=skip)
        with pytest.raises(SimulatedKill):
            _ = world.lanes().ensure(world.lane)

    return arrange


STATES: dict[str, Callable[[LaneWorld], None]] = {
    "missing": _missing,
    "running": _running,
    "exited": _exited,
    "paused": _paused,
    "stop cut off": _stopping,
    "drifted and stop cut off": _drifted(_stopping),
    "drifted": _drifted(_running),
    "drifted and exited": _drifted(_exited),
    "drifted and paused": _drifted(_paused),
    "port taken": _port_taken,
    "without config": _without_config,
    "mount dead": _mount_dead,
    "config gone": _config_gone,
    "config gone and exited": _lost_and_exited,
    "config gone, mount dead and paused": _lost_and_paused,
    "copy into a running one cut off": _copy_cut_off,
    "limit changed": _limit_changed,
    "limit changed, config gone, mount dead": _limit_changed_and_lost,
    "killed after create": _cut_off("create", 0),
    "killed after copy": _cut_off("put_archive", 0),
    "killed after stop": _cut_off("stop", 0),
    "killed after the first rename": _cut_off("rename", 0),
    "killed after the second rename": _cut_off("rename", 1),
    "killed after start": _cut_off("start", 0),
    "killed and drifted again": _drifted(_cut_off("rename", 1)),
    "killed after start and drifted again": _drifted(_cut_off("start", 0)),
    "killed before its prev was named back": _drifted(_cut_off("rename", 0)),
}
# What is not the lane's: names that are near, labels of another lane, no labels at all.
STRANGERS = ("ws-a-next", "ws", "ws-a.next2", "other")


def _arranged(state: str) -> tuple[LaneWorld, list[ObservedContainer]]:
    world = LaneWorld()
    for name in STRANGERS:
        _ = world.engine.external_create(name)
    world.engine.external_start("other")
    STATES[state](world)
    world.events.clear()
    world.engine.forget_calls()
    return world, _strangers(world)


def _strangers(world: LaneWorld) -> list[ObservedContainer]:
    return [c for c in world.engine.containers if c.name in STRANGERS]


def _ensure(world: LaneWorld) -> EnsureResult:
    return or_raise(world.lanes().ensure(world.lane))


def _calls(state: str) -> int:
    world, _ = _arranged(state)
    _ = _ensure(world)
    return len(world.engine.calls)


def _settled(world: LaneWorld, strangers: list[ObservedContainer]) -> None:
    """Laws 2 to 7, once nothing is in the way any more."""
    done = _ensure(world)
    if world.profile.config_dir:
        assert CONFIG in world.engine.files(NAME)
    assert [c.name for c in world.ours()] == [NAME]
    assert world.running() == world.ours()
    assert done.endpoint.port == world.ours()[0].ports[0].host_port
    again = _ensure(world)
    assert (again.action, again.operations, again.endpoint) == ("none", (), done.endpoint)
    assert world.most_running <= 1
    assert _strangers(world) == strangers


@pytest.mark.parametrize("state", STATES)
def test_ensure_converges_from_every_state(state: str) -> None:
    _settled(*_arranged(state))


MILD: dict[str, Action] = {
    "mount dead": "restarted",
    "config gone": "adjusted",
    "config gone and exited": "started",
    "config gone, mount dead and paused": "restarted",
    "copy into a running one cut off": "adjusted",
    "limit changed": "adjusted",
    "limit changed, config gone, mount dead": "restarted",
}


@pytest.mark.parametrize("state", MILD)
def test_repairable_container_is_not_replaced(state: str) -> None:
    world, _ = _arranged(state)
    before = [c.id for c in world.ours()]
    assert _ensure(world).action == MILD[state]
    assert [c.id for c in world.ours()] == before


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_any_call_loses_nothing(state: str, when: Literal["before", "after"]) -> None:
    for skip in range(_calls(state)):
        world, strangers = _arranged(state)
        had = bool(world.ours())
        world.engine.crash("*", when, skip=skip)
        with pytest.raises(SimulatedKill):
            _ = world.lanes().ensure(world.lane)
        assert bool(world.ours()) or not had
        assert world.most_running <= 1
        _settled(world, strangers)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_at_any_call_loses_nothing(state: str, when: Literal["before", "after"]) -> None:
    for skip in range(_calls(state)):
        world, strangers = _arranged(state)
        ran = [c for c in world.running() if c.name == NAME]
        world.engine.fail("*", EngineTimeout("podman did not answer"), skip=skip, when=when)
        outcome = world.lanes().ensure(world.lane)
        if isinstance(outcome, Failure) and ran:
            assert [c.name for c in world.running()] == [NAME]
        _settled(world, strangers)


@given(
    st.sampled_from(sorted(STATES)),
    st.lists(st.tuples(st.sampled_from(["kill", "fault"]), st.integers(0, 14)), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_kills_and_faults_loses_nothing(
    state: str, troubles: list[tuple[str, int]]
) -> None:
    world, strangers = _arranged(state)
    had = bool(world.ours())
    for kind, skip in troubles:
        if kind == "kill":
            world.engine.crash("*", "after", skip=skip)
        else:
            world.engine.fail("*", EngineTimeout("no answer"), skip=skip, when="after")
        with suppress(SimulatedKill):
            _ = world.lanes().ensure(world.lane)
        assert bool(world.ours()) or not had
    while world.engine.pending:
        with suppress(SimulatedKill):
            _ = world.lanes().ensure(world.lane)
    _settled(world, strangers)
