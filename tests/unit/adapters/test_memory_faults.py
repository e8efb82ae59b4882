"""Faults, delays and deaths that a test can ask of the in-memory engine; its record of calls."""

from collections.abc import Callable

import pytest
from returns.result import Failure
from tests.unit.adapters.memory_world import SPEC, answers_of, make

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import Call, InMemory, SimulatedKill
from lanekit.contract.base import OK, kind, look, value
from lanekit.core.domain.errors import EngineTimeout, EngineUnavailable, NameInUse, Outcome

TIMEOUT = EngineTimeout("podman did not answer")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def engine(clock: VirtualClock) -> InMemory:
    return InMemory(clock=clock)


def test_fault_before_a_call_prevents_its_effect(engine: InMemory) -> None:
    engine.fail("create", TIMEOUT)
    assert engine.create(SPEC, "ws-a") == Failure(TIMEOUT)
    assert engine.containers == ()
    assert kind(engine.create(SPEC, "ws-a")) == OK, "only once"


def test_fault_after_a_call_keeps_its_effect(engine: InMemory) -> None:
    engine.fail("create", TIMEOUT, when="after")
    assert engine.create(SPEC, "ws-a") == Failure(TIMEOUT)
    assert [seen.name for seen in engine.containers] == ["ws-a"]


def test_fault_obeys_times_skip_and_container(engine: InMemory) -> None:
    first, second = (value(engine.create(SPEC, name)) for name in ("c1", "c2"))
    engine.fail("start", TIMEOUT, times=2, skip=1, container="c2")
    answers = [kind(engine.start(c)) for c in (first, second, first, second, second, second)]
    assert answers == [OK, OK, OK, "EngineTimeout", "EngineTimeout", OK]
    engine.fail("*", TIMEOUT, times=None)
    assert [kind(engine.inspect([])) for _ in range(5)] == ["EngineTimeout"] * 5


def test_faults_happen_in_the_order_of_their_creation(engine: InMemory) -> None:
    engine.fail("inspect", TIMEOUT)
    engine.fail("inspect", NameInUse("odd"))
    assert [kind(engine.inspect([])) for _ in range(3)] == ["EngineTimeout", "NameInUse", OK]


def test_pending_lists_faults_that_did_not_happen_yet(engine: InMemory) -> None:
    engine.fail("stop", TIMEOUT, times=2)
    assert [rule.method for rule in engine.pending] == ["stop"]
    for _ in range(2):
        assert kind(engine.stop("0" * 64, 1)) == "EngineTimeout"
    assert engine.pending == ()


_IMPOSSIBLE: list[Callable[[InMemory], None]] = [
    lambda engine: engine.fail("strat", TIMEOUT),
    lambda engine: engine.crash("description"),
    lambda engine: engine.delay("_call", 1),
    lambda engine: engine.delay("start", 0),
]


@pytest.mark.parametrize("announce", _IMPOSSIBLE)
def test_impossible_fault_raises_value_error(
    engine: InMemory, announce: Callable[[InMemory], None]
) -> None:
    with pytest.raises(ValueError, match=r"no such method|is none"):
        announce(engine)


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["ws-a"])])
def test_crash_keeps_the_state_of_its_moment(when: str, made: list[str]) -> None:
    engine = InMemory()
    engine.crash("create", "before" if when == "before" else "after")
    with pytest.raises(SimulatedKill, match=f"{when} create ws-a"):
        _ = engine.create(SPEC, "ws-a")
    assert not issubclass(SimulatedKill, Exception)
    assert [seen.name for seen in engine.containers] == made
    assert kind(engine.create(SPEC, "other")) == OK


def test_crash_with_skip_happens_at_a_later_call(engine: InMemory) -> None:
    engine.crash(skip=2)
    assert kind(engine.inspect([])) == OK
    assert kind(engine.images([])) == OK
    with pytest.raises(SimulatedKill, match="list_by_labels"):
        _ = engine.list_by_labels({})


def test_delays_advance_the_clock(engine: InMemory, clock: VirtualClock) -> None:
    engine.delay("inspect", 2.5, times=2)
    engine.delay("inspect", 1.0, when="after")
    for _ in range(3):
        _ = value(engine.inspect([]))
    assert clock.now() == 6.0


def test_disconnected_engine_fails_until_reconnected(engine: InMemory) -> None:
    identifier = make(engine)
    engine.disconnect("no socket")
    calls: list[Outcome[object]] = [
        engine.inspect([]),
        engine.images([]),
        engine.list_by_labels({}),
        engine.create(SPEC, "b"),
        engine.put_archive(identifier, []),
        engine.start(identifier),
        engine.unpause(identifier),
        engine.stop(identifier, 1),
        engine.rename(identifier, "b"),
        engine.remove(identifier, 1),
        engine.logs(identifier, 1),
    ]
    for outcome in calls:
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), EngineUnavailable)
    assert answers_of(engine), "containers run without podman"
    engine.reconnect()
    assert look(engine, "ws-a").state == "running"


def test_calls_are_recorded_without_secrets(engine: InMemory) -> None:
    identifier = make(engine)
    _ = value(engine.inspect(["ws-a", "ws-b"]))
    value(engine.rename(identifier, "new"))
    value(engine.remove(identifier, 1))
    value(engine.remove(identifier, 1))
    assert engine.calls == (
        Call("create", "ws-a"),
        Call("start", "ws-a"),
        Call("inspect", about=("ws-a", "ws-b")),
        Call("rename", "ws-a", ("new",)),
        Call("remove", "new"),
        Call("remove"),
    )
    assert "s3cret-value" not in f"{engine.calls} {engine.containers}"
    engine.forget_calls()
    assert not engine.calls


def test_external_changes_are_not_recorded_as_calls(engine: InMemory) -> None:
    _ = engine.external_create("x")
    engine.external_start("x")
    engine.pause("x")
    engine.external_rename("x", "y")
    engine.external_remove("y")
    assert (engine.calls, engine.containers) == ((), ())


def test_probes_obey_faults_delays_and_crashes(engine: InMemory, clock: VirtualClock) -> None:
    _ = make(engine)
    engine.fail("answers", TIMEOUT)
    engine.delay("answers", 2)
    assert [answers_of(engine), answers_of(engine)] == [False, True]
    assert clock.now() == 2
    engine.crash("answers")
    with pytest.raises(SimulatedKill):
        _ = answers_of(engine)
