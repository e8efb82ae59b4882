"""The watcher over the in-memory engine: real threads, and a clock that the tests move."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from returns.result import Failure
from tests.support.lane_world import NoLock

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.api import Lanes
from lanekit.core.application.watcher import Watcher
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.watch_schedule import Report

_TEST_SECONDS = 60.0
"""Real seconds after which a test fails whose condition does not come true."""
_STEP_SECONDS = 0.1
"""How far the clock moves while a test waits for something that takes time."""


class _Reports(list[Report]):
    """Reports, whose coming can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()

    def add(self, report: Report) -> None:
        with self.changed:
            self.append(report)
            self.changed.notify_all()


@dataclass
class Kept:
    """Lanes that are watched."""

    engine: InMemory
    clock: VirtualClock
    runtime: Lanes
    lanes: list[Lane]
    reports: _Reports = field(default_factory=_Reports)

    def words(self, lane: Lane | None = None) -> list[str]:
        return [r.kind for r in list(self.reports) if lane is None or r.lane == lane]

    @contextmanager
    def watched(self, resync: float = 60.0, jobs: int = 4) -> Generator[Watcher]:
        watcher = self.runtime.watch(
            self.lanes, resync=resync, jobs=jobs, on_report=self.reports.add
        )
        running = threading.Thread(target=watcher.run)
        running.start()
        try:
            yield watcher
        finally:
            watcher.stop()
            watcher.stop()
            running.join(_TEST_SECONDS)
            assert not running.is_alive()

    def wait(self, true: Callable[[], bool]) -> None:
        """Wait for something that comes with a report; the time stands still."""
        with self.reports.changed:
            assert self.reports.changed.wait_for(true, _TEST_SECONDS)

    def pass_until(self, true: Callable[[], bool]) -> None:
        """Let time pass until it is true."""
        end = time.monotonic() + _TEST_SECONDS
        while not true():
            assert time.monotonic() < end
            self.clock.advance(_STEP_SECONDS)
            with self.reports.changed:
                _ = self.reports.changed.wait(0.002)

    def state(self, lane: Lane) -> str:
        name = lane.container_name
        return next((c.state for c in self.engine.containers if c.name == name), "missing")

    def all_run(self) -> bool:
        return all(self.state(lane) == "running" for lane in self.lanes)

    def more_than(self, reports: int) -> bool:
        return len(self.reports) > reports

    def repaired(self, lane: Lane, times: int) -> bool:
        return self.words(lane) == ["reconciled"] * times

    def calls(self, method: str, lane: Lane) -> int:
        """How many calls of this method were about the lane's container."""
        name = lane.container_name
        return sum(
            call.method == method and name in (call.container, *call.about)
            for call in self.engine.calls
        )

    def looks(self, lane: Lane) -> int:
        """How often the lane's container was looked at."""
        return self.calls("inspect", lane)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    for name in ("worker", "inbox"):
        (tmp_path / name).touch(0o755)
    profile = Profile(
        worker=str(tmp_path / "worker"), inbox=str(tmp_path / "inbox"), config_dir="", stop_grace=1
    )
    lanes: list[Lane] = []
    for name in "abc":
        (tmp_path / name).mkdir()
        lanes.append(Lane("ws", name, str(tmp_path / name), profile=profile))
    clock = VirtualClock(auto=False)
    engine = InMemory(clock=clock)
    return Kept(engine, clock, Lanes(engine, clock=clock, lock=NoLock()), lanes)


def test_lanes_are_made_so_and_said_so(kept: Kept) -> None:
    with kept.watched():
        kept.wait(lambda: len(kept.reports) == 3)
        assert kept.all_run()
    assert kept.words() == ["reconciled"] * 3
    assert kept.all_run()


@pytest.mark.parametrize("harm", ["kill", "external_remove", "pause", "external_stop", "rename"])
def test_what_happens_to_a_lane_is_put_right_at_once(kept: Kept, harm: str) -> None:
    lane = kept.lanes[0]
    with kept.watched():
        kept.wait(lambda: len(kept.reports) == 3)
        if harm == "rename":
            kept.engine.external_rename(lane.container_name, "elsewhere")
        else:
            getattr(kept.engine, harm)(lane.container_name)
        kept.wait(lambda: kept.words(lane) == ["reconciled"] * 2)
        assert kept.state(lane) == "running"
    assert len(kept.reports) == 4


def test_an_ensure_of_a_lane_that_is_well_brings_no_other(kept: Kept) -> None:
    lane, _, last = kept.lanes
    with kept.watched():
        kept.wait(lambda: len(kept.reports) == 3)
        kept.engine.kill(lane.container_name)
        kept.wait(lambda: len(kept.reports) == 4)
        # The events of that repair are in the watcher's hands before those of the next are.
        kept.engine.kill(last.container_name)
        kept.wait(lambda: len(kept.reports) == 5)
        kept.engine.forget_calls()
        for _ in range(3):
            kept.engine.kill(last.container_name)
            seen = len(kept.reports)
            kept.pass_until(partial(kept.more_than, seen))
        assert kept.looks(lane) == 0
        assert kept.looks(last) >= 3


def test_a_resync_finds_what_made_no_event(kept: Kept) -> None:
    with kept.watched(resync=0.3):
        kept.wait(lambda: len(kept.reports) == 3)
        kept.engine.tamper(kept.lanes[1].container_name, user="nobody")
        kept.pass_until(lambda: kept.words(kept.lanes[1]) == ["reconciled"] * 2)


def test_podman_away_and_back_is_said_once_each(kept: Kept) -> None:
    with kept.watched():
        kept.wait(lambda: len(kept.reports) == 3)
        kept.engine.disconnect()
        kept.pass_until(lambda: "engine lost" in kept.words())
        kept.engine.kill(kept.lanes[2].container_name)
        kept.engine.reconnect()
        kept.pass_until(lambda: len(kept.reports) == 6)
        assert kept.all_run()
    assert kept.words()[3:] == ["engine lost", "engine back", "reconciled"]


def test_podman_lost_is_told_without_a_secret_of_any_lane(kept: Kept) -> None:
    first, second, _ = kept.lanes
    assert first.profile is not None
    kept.lanes = [_with_token(first, "first-s3cret"), replace(second, profile=None)]
    shared = replace(first.profile, env={"TOKEN": "shared-s3cret"})
    kept.runtime = Lanes(kept.engine, shared, clock=kept.clock, lock=NoLock())
    with kept.watched() as watcher:
        kept.wait(lambda: len(kept.reports) == 2)
        watcher.update([_with_token(first, "later-s3cret"), kept.lanes[1]])
        kept.wait(lambda: len(kept.reports) == 3)
        kept.engine.disconnect("refused: later-s3cret, shared-s3cret")
        kept.pass_until(lambda: "engine lost" in kept.words())
    (lost,) = [str(report.error) for report in kept.reports if report.kind == "engine lost"]
    assert "refused" in lost
    assert "s3cret" not in lost


def _with_token(lane: Lane, token: str) -> Lane:
    assert lane.profile is not None
    return replace(lane, profile=replace(lane.profile, env={"TOKEN": token}))


def test_lanes_that_are_asked_for_anew(kept: Kept) -> None:
    a, b, c = kept.lanes
    with kept.watched() as watcher:
        kept.wait(lambda: len(kept.reports) == 3)
        assert b.profile is not None
        changed = replace(b, profile=replace(b.profile, memory=256 << 20))
        watcher.update([changed, c])
        kept.wait(lambda: "reconciled" in kept.words(changed))
        kept.engine.kill(a.container_name)
        # What comes after it has been handled, so it has been handled too.
        kept.engine.kill(c.container_name)
        kept.wait(lambda: kept.words(c) == ["reconciled"] * 2)
        assert kept.state(a) == "exited"
    assert kept.words(a) == ["reconciled", "gone"]


def test_a_lane_that_is_slow_keeps_no_other_waiting_and_no_stop(kept: Kept) -> None:
    slow, other, _ = kept.lanes
    kept.engine.set_worker(slow.container_name, Worker(answers_after=60.0))
    with kept.watched():
        kept.wait(lambda: len(kept.reports) == 2)
        for repairs in (2, 3):
            kept.engine.kill(other.container_name)
            kept.wait(partial(kept.repaired, other, repairs))
    assert kept.clock.now() < 5, "nobody waited for the slow one, nor did the stop"
    assert kept.words(slow) == []


def test_a_failure_is_said_once_and_tried_again(kept: Kept) -> None:
    bad = kept.lanes[0]
    kept.engine.set_worker(bad.container_name, Worker(start_error="no such file"))
    with kept.watched(resync=0.2):
        kept.pass_until(lambda: "failing" in kept.words(bad))
        kept.pass_until(lambda: kept.calls("start", bad) >= 3)
        # After 1 and after 2 seconds, less a quarter at most.
        assert kept.clock.now() > 2.25
        assert kept.words(bad) == ["failing"]


def test_a_podman_that_is_away_from_the_start(kept: Kept) -> None:
    kept.engine.disconnect()
    with kept.watched():
        kept.wait(lambda: kept.words() == ["engine lost"])
        kept.engine.reconnect()
        kept.pass_until(lambda: len(kept.reports) == 5)
        assert kept.all_run()
    assert isinstance(kept.runtime.status(kept.lanes[0]), Failure) is False
    assert kept.words() == ["engine lost", "engine back", "reconciled", "reconciled", "reconciled"]
