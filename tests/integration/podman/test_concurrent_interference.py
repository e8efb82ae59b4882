"""Somebody else's hand between the calls of a cold ensure, a start, a stop and an rm.

That of a replace is in test_races; tests/core/test_by_hand does all of it in memory.
"""

from collections.abc import Callable, Sequence
from itertools import product

import pytest
from returns.result import Failure
from tests.integration.podman.between import at, between
from tests.integration.podman.conftest import RealLane
from tests.support.tiers import with_nightly

from lanekit.api import Lanes
from lanekit.core.domain.errors import (
    LaneError,
    NotOwned,
    NotReady,
    Outcome,
    WorkerExited,
    or_raise,
)
from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman

HANDS = ("remove", "rename", "stop", "pause", "replace")
Case = tuple[str, str, str, int]
"""A command, what the hand does, and the call before which it does that: after how many others."""


def _product(command: str, *calls: tuple[str, int]) -> list[Case]:
    return [(command, hand, *call) for call, hand in product(calls, HANDS)]


ALL = [
    *_product("cold", ("create", 0), ("put_archive", 0), ("inspect", 0), ("rename", 0)),
    *_product("cold", ("start", 0), ("inspect", 1)),
    *_product("started", ("inspect", 0), ("start", 0), ("inspect", 1), ("inspect", 2)),
    *_product("stop", ("inspect", 0), ("inspect", 1), ("stop", 0)),
    *_product("rm", ("inspect", 0), ("inspect", 1), ("remove", 0)),
]
# In the usual run every call that changes something comes once, by one engine.
USUAL: Sequence[tuple[str, Case]] = [
    ("socket", ("cold", "replace", "create", 0)),
    ("command", ("cold", "remove", "put_archive", 0)),
    ("socket", ("cold", "rename", "rename", 0)),
    ("socket", ("cold", "replace", "start", 0)),
    ("socket", ("cold", "stop", "inspect", 1)),
    ("command", ("started", "replace", "start", 0)),
    ("socket", ("started", "remove", "inspect", 1)),
    ("socket", ("stop", "remove", "stop", 0)),
    ("socket", ("stop", "pause", "stop", 0)),
    ("command", ("rm", "rename", "inspect", 1)),
    ("socket", ("rm", "replace", "remove", 0)),
]
CASES = with_nightly(USUAL, product(("command", "socket"), ALL), arguments=2)


class _Hand:
    """What somebody does, by the podman command, to the container that is the lane's then."""

    def __init__(self, real: RealLane, what: str) -> None:
        self._real, self._what = real, what
        self._run = real.sandbox.run
        self.acted = False
        self.stranger = ""
        self.as_it_was = ""

    def act(self) -> None:
        self.acted = True
        what, there = self._what, self._real.containers()
        name = there[0].name if there else self._real.lane.container_name
        if what in ("remove", "replace") and there:
            _ = self._run("rm", "-f", "-t", "0", there[0].id)
        if what == "replace":
            self.stranger = self._run("create", "--name", name, self._real.profile.image, "true")
            self.as_it_was = self._run("container", "inspect", self.stranger)
        if what == "rename" and there:
            _ = self._run("rename", there[0].id, f"{name}-moved")
        if what == "stop" and there:
            _ = self._run("stop", "-t", "0", there[0].id)
        if what == "pause" and there and there[0].state == "running":
            _ = self._run("pause", there[0].id)

    def rest(self) -> None:
        """The stranger was not touched; what is in the lane's way goes."""
        if self.stranger:
            assert self._run("container", "inspect", self.stranger) == self.as_it_was
            _ = self._run("rm", self.stranger)
        for moved in self._real.containers():
            if moved.name.endswith("-moved"):
                _ = self._run("rm", "-f", "-t", "0", moved.id)


def _arrange(real: RealLane, command: str) -> None:
    if command != "cold":
        _ = or_raise(real.lanes().ensure(real.lane))
    if command == "started":
        _ = or_raise(real.lanes().stop(real.lane))


def _error(real: RealLane, case: Case, act: Callable[[], None]) -> LaneError | None:
    command, what, method, skip = case
    engine = between(real.engine(), at(method, skip, act))
    # A frozen worker is waited for to the end.
    lanes = Lanes(engine, real.profile, ready_timeout=3 if what == "pause" else None)
    told: Outcome[object]
    if command == "stop":
        told = lanes.stop(real.lane)
    elif command == "rm":
        told = lanes.remove(real.lane)
    else:
        told = lanes.ensure(real.lane)
    return told.failure() if isinstance(told, Failure) else None


def _clear(command: str, hand: str) -> tuple[type[LaneError], ...]:
    """The errors that say what is the matter; of all else it is planned anew."""
    if command in ("stop", "rm"):
        return (NotOwned,)
    # What somebody stopped or froze while its answer was awaited, is told of as that.
    told = {"replace": NotOwned, "stop": WorkerExited, "pause": NotReady}
    return (told[hand],) if hand in told else ()


def _by_name(real: RealLane) -> dict[str, ObservedContainer]:
    return {container.name: container for container in real.containers()}


@pytest.mark.parametrize(
    ("real_lane", "case"),
    CASES,
    indirect=["real_lane"],
    ids=lambda given: given if isinstance(given, str) else "-".join(map(str, given)),
)
def test_command_recovers_from_external_change_between_calls(
    real_lane: RealLane, case: Case
) -> None:
    real, name = real_lane, real_lane.lane.container_name
    command, what, _, _ = case
    _arrange(real, command)
    hand = _Hand(real, what)
    error = _error(real, case, hand.act)
    assert hand.acted
    assert error is None or isinstance(error, _clear(command, what)), error
    assert error is None or error.hints
    if what not in ("remove", "replace") and command != "rm":
        assert real.containers()
    hand.rest()
    if command == "stop":
        _ = or_raise(real.lanes().stop(real.lane))
        assert _by_name(real).get(name) is None or _by_name(real)[name].state == "exited"
    elif command == "rm":
        _ = or_raise(real.lanes().remove(real.lane))
        assert real.containers() == []
    else:
        _ = or_raise(real.lanes().ensure(real.lane))
        assert [(c.name, c.state) for c in real.containers()] == [(name, "running")]
        assert or_raise(real.lanes().ensure(real.lane)).action == "none"
