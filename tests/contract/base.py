"""The fixtures and helpers that all parts of the contract share."""

import itertools
import time
from collections.abc import Iterator
from typing import TypeVar

import pytest
from returns.result import Failure, Success

from lanekit.contract.harness import Harness
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import ObservedContainer, State
from lanekit.core.ports.engine import ContainerEngine

T = TypeVar("T")

STATES: tuple[State, ...] = ("created", "running", "paused", "exited")
NO_SUCH_ID = "0123456789abcdef" * 4
OK = "ok"
_NUMBERS = itertools.count(1)
_SOON = 20.0


class Base:
    """Whoever runs the contract gives the `harness` fixture; the rest is here."""

    @pytest.fixture
    def harness(self) -> Harness:
        """The engine and its surroundings."""
        raise NotImplementedError

    @pytest.fixture
    def engine(self, harness: Harness) -> ContainerEngine:
        """The engine that is tried."""
        return harness.engine

    @pytest.fixture
    def name(self, harness: Harness) -> Iterator[str]:
        """A name that no other test uses; what begins with it is removed at the end."""
        name = f"contract-{next(_NUMBERS)}"
        yield name
        harness.remove_all(f"{name}-")


def kind(outcome: Outcome[object]) -> str:
    """ "ok", or the kind of the error."""
    match outcome:
        case Success(_):
            return OK
        case Failure(error):
            assert error.message, "an error has to say what failed"
            return error.kind


def value(outcome: Outcome[T]) -> T:
    """The value of a Success; anything else fails the test with its words."""
    match outcome:
        case Success(found):
            return found
        case Failure(error):
            pytest.fail(f"{error.kind}: {error}")


def look(engine: ContainerEngine, key: str) -> ObservedContainer:
    """The container of this name or id, which has to be there."""
    found = value(engine.inspect([key]))
    assert key in found, f"no container {key}"
    return found[key]


def gone(engine: ContainerEngine, key: str) -> bool:
    """Whether there is no container of this name or id."""
    return key not in value(engine.inspect([key]))


def until(engine: ContainerEngine, key: str, *states: State) -> ObservedContainer:
    """The container once it is in one of these states; a few seconds are allowed."""
    deadline = time.monotonic() + _SOON
    while True:
        seen = look(engine, key)
        if seen.state in states:
            return seen
        assert time.monotonic() < deadline, f"{key} is {seen.state}, expected {states}"
        time.sleep(0.02)


def bring(harness: Harness, name: str, state: State) -> str:
    """Make a container of the plain spec in this state; its id."""
    engine = harness.engine
    identifier = value(engine.create(harness.spec(name), name))
    if state != "created":
        value(engine.start(identifier))
    if state == "paused":
        harness.pause(name)
    if state == "exited":
        value(engine.stop(identifier, 5))
    assert look(engine, identifier).state == state
    return identifier
