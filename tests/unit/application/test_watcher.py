"""The watcher over the in-memory engine: real threads, real time."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from returns.result import Failure

from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.api import Lanes
from lanekit.core.application.watcher import Watcher
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.watch_schedule import Report


@dataclass
class Kept:
    """Lanes that are watched."""

    engine: InMemory
    runtime: Lanes
    lanes: list[Lane]
    reports: list[Report] = field(default_factory=list)

    def words(self, lane: Lane | None = None) -> list[str]:
        return [r.kind for r in list(self.reports) if lane is None or r.lane == lane]

    @contextmanager
    def watched(self, resync: float = 60.0, jobs: int = 4) -> Generator[Watcher]:
        watcher = self.runtime.watch(
            self.lanes, resync=resync, jobs=jobs, on_report=self.reports.append
        )
        running = threading.Thread(target=watcher.run)
        running.start()
        try:
            yield watcher
        finally:
            watcher.stop()
            watcher.stop()
            running.join(20)
            assert not running.is_alive()

    def state(self, lane: Lane) -> str:
        name = lane.container_name
        return next((c.state for c in self.engine.containers if c.name == name), "missing")

    def all_run(self) -> bool:
        return all(self.state(lane) == "running" for lane in self.lanes)


def _soon(true: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    engine = InMemory()
    return Kept(engine, Lanes(engine), lanes)


def test_lanes_are_made_so_and_said_so(kept: Kept) -> None:
    with kept.watched():
        _soon(lambda: len(kept.reports) == 3)
        assert kept.all_run()
    assert kept.words() == ["reconciled"] * 3
    assert kept.all_run()


@pytest.mark.parametrize("harm", ["kill", "external_remove", "pause", "external_stop", "rename"])
def test_what_happens_to_a_lane_is_put_right_at_once(kept: Kept, harm: str) -> None:
    lane = kept.lanes[0]
    with kept.watched():
        _soon(lambda: len(kept.reports) == 3)
        if harm == "rename":
            kept.engine.external_rename(lane.container_name, "elsewhere")
        else:
            getattr(kept.engine, harm)(lane.container_name)
        _soon(lambda: kept.state(lane) == "running")
        _soon(lambda: kept.words(lane) == ["reconciled"] * 2)
    assert len(kept.reports) == 4


def test_an_ensure_of_a_lane_that_is_well_brings_no_other(kept: Kept) -> None:
    with kept.watched():
        _soon(lambda: len(kept.reports) == 3)
        kept.engine.kill(kept.lanes[0].container_name)
        _soon(lambda: len(kept.reports) == 4)
        time.sleep(0.5)
        kept.engine.forget_calls()
        time.sleep(1)
        assert kept.engine.calls == ()


def test_a_resync_finds_what_made_no_event(kept: Kept) -> None:
    with kept.watched(resync=0.3):
        _soon(lambda: len(kept.reports) == 3)
        kept.engine.tamper(kept.lanes[1].container_name, user="nobody")
        _soon(lambda: kept.words(kept.lanes[1]) == ["reconciled"] * 2)


def test_podman_away_and_back_is_said_once_each(kept: Kept) -> None:
    with kept.watched():
        _soon(lambda: len(kept.reports) == 3)
        kept.engine.disconnect()
        _soon(lambda: "engine lost" in kept.words())
        kept.engine.kill(kept.lanes[2].container_name)
        time.sleep(1.2)
        kept.engine.reconnect()
        _soon(kept.all_run)
        _soon(lambda: len(kept.reports) == 6)
    assert kept.words()[3:] == ["engine lost", "engine back", "reconciled"]


def test_podman_lost_is_told_without_a_secret_of_any_lane(kept: Kept) -> None:
    first, second, _ = kept.lanes
    assert first.profile is not None
    kept.lanes = [_with_token(first, "first-s3cret"), replace(second, profile=None)]
    kept.runtime = Lanes(kept.engine, replace(first.profile, env={"TOKEN": "shared-s3cret"}))
    with kept.watched() as watcher:
        _soon(lambda: len(kept.reports) == 2)
        watcher.update([_with_token(first, "later-s3cret"), kept.lanes[1]])
        _soon(lambda: len(kept.reports) == 3)
        kept.engine.disconnect("refused: later-s3cret, shared-s3cret")
        _soon(lambda: "engine lost" in kept.words())
    (lost,) = [str(report.error) for report in kept.reports if report.kind == "engine lost"]
    assert "refused" in lost
    assert "s3cret" not in lost


def _with_token(lane: Lane, token: str) -> Lane:
    assert lane.profile is not None
    return replace(lane, profile=replace(lane.profile, env={"TOKEN": token}))


def test_lanes_that_are_asked_for_anew(kept: Kept) -> None:
    a, b, c = kept.lanes
    with kept.watched() as watcher:
        _soon(lambda: len(kept.reports) == 3)
        assert b.profile is not None
        changed = replace(b, profile=replace(b.profile, memory=256 << 20))
        watcher.update([changed, c])
        _soon(lambda: "reconciled" in kept.words(changed))
        kept.engine.kill(a.container_name)
        time.sleep(0.5)
        assert kept.state(a) == "exited"
    assert kept.words(a) == ["reconciled", "gone"]


def test_a_lane_that_is_slow_keeps_no_other_waiting_and_no_stop(kept: Kept) -> None:
    slow, other, _ = kept.lanes
    kept.engine.set_worker(slow.container_name, Worker(answers_after=60.0))
    with kept.watched():
        _soon(lambda: len(kept.reports) == 2)
        for _ in range(2):
            kept.engine.kill(other.container_name)
            _soon(lambda: kept.state(other) == "running")
            time.sleep(0.1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert kept.words(slow) == []


def test_a_failure_is_said_once_and_tried_again(kept: Kept) -> None:
    bad = kept.lanes[0]
    kept.engine.set_worker(bad.container_name, Worker(start_error="no such file"))
    with kept.watched(resync=0.2):
        _soon(lambda: "failing" in kept.words(bad))
        time.sleep(2.5)
        tries = [
            c for c in kept.engine.calls if c.method == "start" and c.container.startswith("ws")
        ]
        assert kept.words(bad) == ["failing"]
        assert 2 <= len([c for c in tries if bad.container_name in c.container]) <= 6


def test_a_podman_that_is_away_from_the_start(kept: Kept) -> None:
    kept.engine.disconnect()
    with kept.watched():
        _soon(lambda: kept.words() == ["engine lost"])
        kept.engine.reconnect()
        _soon(kept.all_run)
    assert isinstance(kept.runtime.status(kept.lanes[0]), Failure) is False
    assert kept.words() == ["engine lost", "engine back", "reconciled", "reconciled", "reconciled"]
