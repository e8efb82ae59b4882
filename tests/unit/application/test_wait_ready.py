"""When a worker that is waited for is asked, looked at and told of; no second is waited here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, PROFILE, Files, NoLock
from tests.support.strategies.lanes import snapshot_of

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import InMemory
from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.wait_ready import Wait, await_ready
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import EngineTimeout, NoEndpoint, Outcome
from lanekit.core.domain.observed import Endpoint, ObservedContainer, State
from lanekit.core.domain.progress import Waiting

SPEC = container_spec(LANE, PROFILE, Digests())
SEEN = snapshot_of(SPEC)
BEGUN = 100.0
WHERE = Endpoint("127.0.0.1", 40000)


class _Looks(InMemory):
    """Notes when a container is looked at, and shows what it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock=clock)
        self.clock = clock
        self.at: list[float] = []
        self.shows: Outcome[Mapping[str, ObservedContainer]] = Success({SEEN.id: SEEN})

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        assert tuple(names) == (SEEN.id,)
        self.at.append(self.clock.now() - BEGUN)
        return self.shows

    def logs(self, container: str, tail: int) -> Outcome[str]:
        assert (container, tail) == (SEEN.id, 20)
        return Success("\n  words X\n\n")


@dataclass
class Stand:
    """A worker that answers after so many tries, each of which takes so long."""

    tries: int = 1_000_000
    each: float = 0.0
    at: list[float] = field(default_factory=lambda: [])
    allowed: list[float] = field(default_factory=lambda: [])
    told: list[Waiting] = field(default_factory=lambda: [])

    def __post_init__(self) -> None:
        self.clock = VirtualClock(BEGUN)
        self.engine = _Looks(self.clock)

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        assert (endpoint, path) == (WHERE, "/ready")
        self.at.append(self.clock.now() - BEGUN)
        self.allowed.append(timeout)
        self.clock.sleep(self.each)
        return len(self.at) >= self.tries

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        raise AssertionError((endpoint, path, timeout))

    def wait(self, timeout: float, *, fresh: bool = True) -> Outcome[Endpoint]:
        profile = replace(PROFILE, ready_timeout=timeout, ready_path="/ready")
        world = Ports(self.engine, self, Files(), NoLock(), self.clock)
        target = PreparedLane(LANE, profile, SPEC, None)
        return await_ready(Wait(world, target, SEEN, fresh, self.told.append))


def _near(times: Sequence[float]) -> object:
    return pytest.approx(times, abs=1e-9)


def test_probe_interval_grows_to_a_quarter_second() -> None:
    stand = Stand()
    assert isinstance(stand.wait(1.5), Failure)
    pauses = [0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.25, 0.25, 0.25, 0.19]
    assert stand.at == _near([sum(pauses[:n]) for n in range(len(pauses) + 1)])
    assert stand.clock.now() == pytest.approx(BEGUN + 1.5), "and none after the deadline"


def test_waiting_inspects_the_container_every_half_second() -> None:
    stand = Stand()
    assert isinstance(stand.wait(2.0), Failure)
    # At the first try that is half a second after the look before it.
    assert stand.engine.at == _near([0.56, 1.06, 1.56, 2.0])


def test_waiting_time_is_reported_every_second() -> None:
    stand = Stand()
    assert isinstance(stand.wait(3.5), Failure)
    assert [(one.lane, one.what) for one in stand.told] == [
        ("ws/a", "an answer at http://127.0.0.1:40000")
    ] * 3
    assert [one.seconds for one in stand.told] == _near([1.06, 2.06, 3.06])


def test_probe_timeout_is_1_then_5_s_but_never_past_deadline() -> None:
    stand = Stand(each=5.0)
    assert isinstance(stand.wait(8.0), Failure)
    assert stand.at == _near([0.0, 5.01])
    assert stand.allowed == _near([1.0, 2.99])
    patient = Stand(each=0.5)
    assert isinstance(patient.wait(9.0), Failure)
    assert patient.allowed[:4] == _near([1.0, 5.0, 5.0, 5.0])
    assert patient.allowed[-1] == pytest.approx(9.0 - patient.at[-1])
    hurried = Stand()
    assert isinstance(hurried.wait(0.02), Failure)
    assert hurried.allowed == _near([0.02, 0.01, 0.01])


def test_only_first_answer_of_running_worker_needs_no_inspect() -> None:
    stand = Stand(tries=1)
    assert stand.wait(5.0) == Success(WHERE)
    assert (stand.at, stand.engine.at) == ([0.0], [0.0])
    ran = Stand(tries=1)
    assert ran.wait(5.0, fresh=False) == Success(WHERE)
    assert (ran.at, ran.engine.at) == ([0.0], [])
    # One that did not answer at once may have been started anew since.
    slow = Stand(tries=2)
    assert slow.wait(5.0, fresh=False) == Success(WHERE)
    assert (slow.at, slow.engine.at) == (_near([0.0, 0.01]), _near([0.01]))


def test_an_answer_at_the_deadline_counts() -> None:
    stand = Stand(tries=1, each=5.0)
    assert stand.wait(5.0) == Success(WHERE)
    late = Stand(tries=3, each=2.0)
    assert late.wait(4.0).failure().kind == "NotReady"
    assert len(late.at) == 2


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("running", "NotReady"),
        ("paused", "NotReady"),
        ("stopping", "WorkerExited"),
        ("exited", "WorkerExited"),
        ("created", "WorkerExited"),
    ],
)
def test_only_running_or_paused_container_is_waited_for(state: State, kind: str) -> None:
    stand = Stand()
    stand.engine.shows = Success({SEEN.id: replace(SEEN, state=state)})
    assert stand.wait(2.0).failure().kind == kind
    assert (stand.clock.now() < BEGUN + 1.0) == (kind == "WorkerExited")


def test_exited_worker_error_shows_podman_error_and_logs() -> None:
    stand = Stand()
    ended = replace(SEEN, state="exited", exit_code=3, error="podman's words")
    stand.engine.shows = Success({SEEN.id: ended})
    error = stand.wait(2.0).failure()
    assert error.detail == "podman's words\nits last lines:\n  words X"
    assert Stand().wait(0.1).failure().detail == "its last lines:\n  words X"
    assert getattr(error, "exit_code", None) == 3


def test_removed_or_uninspectable_container_ends_the_wait() -> None:
    stand = Stand(tries=1)
    stand.engine.shows = Success(dict[str, ObservedContainer]())
    gone = stand.wait(2.0).failure()
    assert str(gone) == "container ws-a was removed while it was awaited"
    assert gone.kind == "NotFound"
    stand.engine.shows = Failure(EngineTimeout("no answer"))
    assert stand.wait(2.0).failure() == EngineTimeout("no answer")


def test_container_without_port_is_not_probed() -> None:
    stand = Stand()
    world = Ports(stand.engine, stand, Files(), NoLock(), stand.clock)
    wait = Wait(
        world, PreparedLane(LANE, PROFILE, SPEC, None), replace(SEEN, ports=()), True, print
    )
    assert isinstance(await_ready(wait).failure(), NoEndpoint)
    assert stand.at == []
