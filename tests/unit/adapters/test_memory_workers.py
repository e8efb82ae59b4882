"""How the workers of the in-memory engine answer, crash and stop."""

import pytest
from tests.unit.adapters.memory_world import SPEC, answers_of, make

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.contract.base import look, value


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def engine(clock: VirtualClock) -> InMemory:
    return InMemory(clock=clock)


def test_worker_answers_only_after_its_delay(engine: InMemory, clock: VirtualClock) -> None:
    identifier = make(engine, Worker(answers_after=3))
    assert not answers_of(engine)
    assert clock.now() == 0, "nobody listens: refused at once"
    clock.sleep(2.9)
    engine.pause("ws-a")
    clock.sleep(100)
    value(engine.unpause(identifier))
    assert not answers_of(engine), "a pause does not count"
    clock.sleep(0.2)
    assert answers_of(engine)
    value(engine.stop(identifier, 1))
    assert not answers_of(engine)
    value(engine.start(identifier))
    clock.sleep(0.2)
    assert not answers_of(engine), "it counts anew"


def test_worker_answers_after_given_number_of_probes(engine: InMemory) -> None:
    _ = make(engine, Worker(answers_after_probes=2))
    assert [answers_of(engine) for _ in range(4)] == [False, False, True, True]


def test_silent_worker_does_not_answer_within_the_timeout(
    engine: InMemory, clock: VirtualClock
) -> None:
    _ = make(engine, Worker(answers_after=None))
    assert not answers_of(engine, timeout=5)
    assert clock.now() == 5, "it takes the connection and says nothing"


def test_a_paused_worker_does_not_answer(engine: InMemory, clock: VirtualClock) -> None:
    _ = make(engine)
    engine.pause("ws-a")
    assert not answers_of(engine, timeout=5)
    assert clock.now() == 5


@pytest.mark.parametrize(("status", "answers"), [(404, True), (499, True), (500, False)])
def test_worker_status_below_500_counts_as_answer(
    engine: InMemory, status: int, answers: bool
) -> None:
    _ = make(engine, Worker(status=status))
    assert answers_of(engine) is answers


def _ended(engine: InMemory) -> tuple[str, int, str]:
    seen = look(engine, "ws-a")
    return seen.state, seen.exit_code, value(engine.logs(seen.id, 1))


def test_worker_exits_after_given_seconds(engine: InMemory, clock: VirtualClock) -> None:
    _ = make(engine, Worker(exits_after=2, exit_code=9, last_lines=("so", "long")))
    clock.sleep(1.9)
    assert answers_of(engine)
    assert _ended(engine)[0] == "running"
    clock.sleep(0.2)
    assert not answers_of(engine)
    assert _ended(engine) == ("exited", 9, "long\n")


def test_worker_exits_after_given_number_of_probes(engine: InMemory) -> None:
    _ = make(engine, Worker(exits_after_probes=2, exit_code=3, last_lines=("bad request",)))
    assert [answers_of(engine), answers_of(engine)] == [True, False]
    assert _ended(engine) == ("exited", 3, "bad request\n")


def test_worker_can_exit_at_its_start(engine: InMemory) -> None:
    _ = make(engine, Worker(exits_after=0, output=("begin",), last_lines=("end",)))
    assert _ended(engine) == ("exited", 1, "end\n")
    assert value(engine.logs(engine.containers[0].id, 5)) == "begin\nend\n"


def test_slow_worker_is_killed_when_the_grace_is_over(
    engine: InMemory, clock: VirtualClock
) -> None:
    identifier = make(engine, Worker(stop_seconds=3, stop_code=5))
    value(engine.stop(identifier, 10))
    assert (clock.now(), look(engine, "ws-a").exit_code) == (3, 5)
    value(engine.start(identifier))
    value(engine.stop(identifier, 2))
    assert (clock.now(), look(engine, "ws-a").exit_code) == (5, 137)


def test_set_worker_applies_only_to_new_containers(engine: InMemory) -> None:
    old = make(engine)
    engine.set_worker("ws-a", Worker(answers_after=None))
    value(engine.rename(old, "ws-a.prev"))
    _ = value(engine.create(SPEC, "ws-a.next"))
    engine.external_start("ws-a.next")
    assert answers_of(engine, "ws-a.prev")
    assert not answers_of(engine, "ws-a.next"), "made for ws-a, under another name"
    engine.replace_worker("ws-a.prev", Worker(status=500))
    assert not answers_of(engine, "ws-a.prev")


def test_probe_answer_comes_only_from_its_own_container(engine: InMemory) -> None:
    first, second = make(engine, name="c1"), make(engine, name="c2")
    value(engine.stop(first, 1))
    assert [answers_of(engine, "c1"), answers_of(engine, "c2")] == [False, True]
    value(engine.remove(second, 1))
