"""What the commands say while they wait: for their turn, for a worker's answer, for its end."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import MemoryJournal
from tests.unit.cli.conftest import FLEET, Lanekit

from lanekit.adapters.host.lane_lock import FileLock
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.cli import wiring
from lanekit.cli.output.progress import EventFilter
from lanekit.core.domain.errors import LockTimeout, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.journal import EMPTY, Journal
from lanekit.core.domain.progress import Waiting
from lanekit.core.ports.clock import Waitable
from lanekit.core.ports.journal import LaneJournal
from lanekit.core.ports.lock import OnWait

OTHERS = "another lanekit (process 4711) is working on container ws1-a"
TURN = f"ws1/a: waiting for the lane lock: {OTHERS}, {{}}s"


class BusyLock:
    """Somebody else has it for `seconds`, and they pass at once."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def read_journal(self, container_name: str) -> Journal:
        """Nothing."""
        _ = container_name
        return EMPTY

    def hold(
        self,
        container_name: str,
        timeout: float,
        on_wait: OnWait | None = None,
        cancel: Waitable | None = None,
    ) -> Outcome[AbstractContextManager[LaneJournal]]:
        """As told to those who wait."""
        _ = cancel
        busy = LockTimeout(OTHERS, hints=(Hint("wait-for-lock"),))
        waited = 0.0
        while container_name == "ws1-a" and self._left > 0:
            if waited >= timeout:
                return Failure(busy)
            self._left, waited = self._left - 1, waited + 1
            if on_wait is not None:
                on_wait(busy, waited)
        return Success(nullcontext(MemoryJournal()))


@pytest.fixture
def others_work_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let another lanekit have the lock of ws1/a for so many seconds."""

    def let(seconds: float) -> None:
        monkeypatch.setattr(wiring, "lane_lock", partial(BusyLock, seconds))

    return let


@pytest.mark.parametrize("command", ["ensure", "stop", "rm"])
def test_who_has_to_wait_for_its_turn_is_told_for_whom(
    lanekit: Lanekit, others_work_for: Callable[[float], None], command: str
) -> None:
    _ = lanekit("ensure", "ws1/a")
    others_work_for(12)
    said = lanekit(command, "ws1/a")
    assert said.code == 0
    waits = [line for line in said.err.splitlines() if "the lane lock" in line]
    assert waits == [TURN.format(1), TURN.format(10)]


def test_more_of_the_wait_is_told_to_who_wants_to_hear(
    lanekit: Lanekit, others_work_for: Callable[[float], None]
) -> None:
    others_work_for(3)
    assert lanekit("stop", "ws1/a", "-v").err.splitlines() == [TURN.format(n) for n in (1, 2, 3)]
    others_work_for(3)
    said = lanekit("rm", "ws1/a", "--json")
    assert (said.err, len(said.records)) == ("", 1)
    others_work_for(1)
    said = lanekit("rm", "ws1/a", "--json", "-v")
    assert said.records[0] == {
        "event": "Waiting",
        "lane": "ws1/a",
        "what": f"the lane lock: {OTHERS}",
        "seconds": 1.0,
    }


def test_one_of_several_that_has_to_wait_says_so_too(
    lanekit: Lanekit, others_work_for: Callable[[float], None]
) -> None:
    others_work_for(1)
    said = lanekit("ensure")
    assert said.code == 0
    waits = [line for line in said.err.splitlines() if "the lane lock" in line]
    assert waits == [TURN.format(1)]


def test_gc_says_for_whom_it_waits(
    lanekit: Lanekit, fleet: Path, others_work_for: Callable[[float], None]
) -> None:
    assert lanekit("ensure").code == 0
    _ = (fleet / "lanes.toml").write_text(FLEET.replace('id = "a"', 'id = "b"'))
    others_work_for(12)
    said = lanekit("gc", "--yes", "--running")
    assert said.out.endswith("ws1-a  removed\n")
    assert said.err.splitlines() == [TURN.format(1), TURN.format(10)]
    _ = (fleet / "lanes.toml").write_text(FLEET)
    assert lanekit("ensure", "ws1/a").code == 0
    _ = (fleet / "lanes.toml").write_text(FLEET.replace('id = "a"', 'id = "b"'))
    others_work_for(12)
    said = lanekit("gc", "--yes", "--running", "--json")
    assert (said.err, [record["result"] for record in said.records]) == ("", ["removed"])


@pytest.mark.parametrize("command", ["ensure", "stop", "rm"])
def test_who_is_never_free_fails_in_time_and_is_named(
    lanekit: Lanekit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    lock = FileLock(str(tmp_path / "locks"))
    monkeypatch.setattr(wiring, "lane_lock", lambda: lock)
    monkeypatch.setattr(wiring, "LOCK_TIMEOUT_SECONDS", 0.1)
    with lock.hold("ws1-a", 0).unwrap():
        said = lanekit(command)
    assert said.code == 1
    assert "ws1/a: another lanekit (process " in said.err
    assert " is working on container ws1-a\n  -> try again when it is done" in said.err
    rest = {"ensure": "created", "stop": "missing", "rm": "missing"}[command]
    assert f"ws1/long  {rest}" in said.out, "one that is busy stops no other"


@pytest.mark.parametrize("heard", [range(1, 34), (1, 6, 11, 16, 21, 26, 31), (4.0, 9.99, 11.2, 30)])
def test_a_long_wait_is_told_of_seldom_but_is_told_of(heard: Sequence[float]) -> None:
    news = EventFilter()
    told = [int(at) for at in heard if news.has(Waiting("ws1/a", "an answer", at))]
    assert [at // 10 for at in told] == sorted({int(at) // 10 for at in heard})
    assert news.has(Waiting("ws1/a", "an answer", 3.0)), "it is a new wait"
    assert news.has(Waiting("ws1/a", "its end", 4.0))
    assert news.has(Waiting("ws1/b", "its end", 5.0))
    assert not news.has(Waiting("ws1/a", "its end", 5.0))


def test_one_that_does_not_answer_is_restarted_once_when_asked(
    lanekit: Lanekit, engine: InMemory
) -> None:
    def stops() -> int:
        return [call.method for call in engine.calls].count("stop")

    engine.set_worker("ws1-a", Worker(answers_after=None))
    assert lanekit("ensure", "ws1/a", "--timeout", "0.1").code == 1
    assert stops() == 0
    said = lanekit("ensure", "ws1/a", "--timeout", "0.1", "--restart-unready")
    assert (said.code, stops()) == (1, 1)
    assert "ws1/a: start ws1-a, because its worker did not answer in time\n" in said.err
    assert "ws1-a runs, but did not answer at " in said.err
