"""What `Lanes` promises over any backend: containers, and objects that know no container."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from returns.result import Failure
from tests.support.lane_world import PROFILE, Files, LaneWorld
from tests.support.object_backend import ObjectBackend

from lanekit.adapters.host.clock import SystemClock
from lanekit.core.application.container_backend import ContainerBackend
from lanekit.core.application.context import Ports
from lanekit.core.application.ensure import EnsureOptions
from lanekit.core.application.lanes import Lanes
from lanekit.core.domain.errors import EngineFailed, Outcome, or_raise
from lanekit.core.domain.lanes import BindMount, Lane
from lanekit.core.domain.watch_schedule import Report
from lanekit.core.ports.backend import LaneBackend

SECRET = "hunter2-hunter2"
A, B = Lane("ws", "a", "/t", fleet="f"), Lane("ws", "b", "/t", fleet="f")


@dataclass(frozen=True)
class Place:
    """A backend; how something else ends a lane's worker, how every call fails."""

    backend: LaneBackend
    end: Callable[[Lane], None]
    fail: Callable[[], None]

    @property
    def lanes(self) -> Lanes:
        """Over it, as an embedder has it."""
        return Lanes(
            self.backend,
            replace(PROFILE, config_dir="", env={"TOKEN": SECRET}),
            clock=SystemClock(),
        )


def _containers() -> Place:
    world = LaneWorld()
    ports = Ports(world.engine, world.engine, Files(), world.lock, world.clock)
    options = EnsureOptions("strict", lambda _event: None)
    error = EngineFailed(f"no {SECRET}", detail=SECRET)

    def fail() -> None:
        for method in ("inspect", "inspect_many", "list_by_labels"):
            world.engine.fail(method, error)

    def end(lane: Lane) -> None:
        world.engine.exit(lane.container_name, 1)

    return Place(ContainerBackend(ports, options, 1.0), end, fail)


def _objects() -> Place:
    backend = ObjectBackend()

    def fail() -> None:
        backend.broken = EngineFailed(f"no {SECRET}", detail=SECRET)

    return Place(backend, lambda lane: backend.evict(lane.container_name), fail)


@pytest.fixture(params=[_containers, _objects], ids=["containers", "objects"])
def place(request: pytest.FixtureRequest) -> Place:
    made: Callable[[], Place] = request.param
    return made()


def _kind(outcome: Outcome[object]) -> str:
    return outcome.failure().kind if isinstance(outcome, Failure) else ""


def test_ensure_twice_creates_then_does_nothing(place: Place) -> None:
    actions = [or_raise(place.lanes.ensure(A)).action for _ in range(2)]
    assert actions == ["created", "none"]


def test_plan_announces_what_ensure_then_does(place: Place) -> None:
    assert or_raise(place.lanes.plan(A)).action == "created"
    assert or_raise(place.lanes.status(A)).state == "missing"
    _ = or_raise(place.lanes.ensure(A))
    assert not or_raise(place.lanes.plan(A)).changes


def test_drift_of_an_object_is_planned_and_replaced() -> None:
    lanes = Lanes(ObjectBackend(), PROFILE, clock=SystemClock())
    newer = replace(A, profile=replace(PROFILE, image="runner:2"))
    _ = or_raise(lanes.ensure(A))
    assert [each.field for each in or_raise(lanes.status(newer)).drift] == ["image"]
    assert or_raise(lanes.plan(newer)).action == "replaced"
    assert or_raise(lanes.ensure(newer)).action == "replaced"


def test_lane_goes_through_its_states(place: Place) -> None:
    lanes = place.lanes
    assert _kind(lanes.endpoint(A)) == "NotFound"
    result = or_raise(lanes.ensure(A))
    assert or_raise(lanes.endpoint(A)) == result.endpoint
    assert or_raise(lanes.status(A)).ready
    assert [or_raise(lanes.stop(A)) for _ in range(2)] == ["stopped", "not running"]
    assert _kind(lanes.endpoint(A)) == "InvalidState"
    assert not or_raise(lanes.status(A)).ready
    assert or_raise(lanes.ensure(A)).action == "started"
    assert [or_raise(lanes.remove(A)) for _ in range(2)] == ["removed", "missing"]
    assert or_raise(lanes.stop(A)) == "missing"


def test_refused_lane_fails_alike_and_touches_nothing(place: Place) -> None:
    bad = Lane("ws", "no/name", "/t")
    refused = place.lanes.validate(bad)
    assert _kind(refused) == "InvalidLane"
    assert _kind(place.lanes.ensure(bad)) == "InvalidLane"
    assert place.lanes.plan(bad).failure() == refused.failure()
    assert [_kind(outcome) for _, outcome in place.lanes.ensure_all([bad])] == ["InvalidLane"]
    assert or_raise(place.lanes.find_orphans("f", [])).unlabelled == ()


def test_lane_without_a_profile_is_refused(place: Place) -> None:
    lanes = Lanes(place.backend, clock=SystemClock())
    assert {_kind(lanes.validate(A)), _kind(lanes.ensure(A)), _kind(lanes.plan(A))} == {
        "InvalidLane"
    }


def test_backend_says_what_it_cannot_do_before_it_acts() -> None:
    backend = ObjectBackend()
    mounted = replace(PROFILE, mounts=(BindMount("/a", "/b"),))
    lanes = Lanes(backend, mounted, clock=SystemClock())
    assert "no mounts" in lanes.validate(A).failure().message
    assert lanes.ensure(A).failure() == lanes.validate(A).failure()
    assert backend.objects == {}


def test_object_of_another_lane_is_refused_and_kept(place: Place) -> None:
    _ = or_raise(place.lanes.ensure(A))
    other = Lane("other", "x", "/t", container=A.container_name)
    kinds = {_kind(verb(other)) for verb in (place.lanes.ensure, place.lanes.remove)}
    assert kinds == {"NotOwned"}
    assert or_raise(place.lanes.status(A)).ready


def test_many_lanes_come_back_as_they_were_given(place: Place) -> None:
    given = [A, B, replace(A, id="no/name")]
    done = list(place.lanes.ensure_all(given))
    assert sorted(map(id, given)) == sorted(id(lane) for lane, _ in done)
    assert {lane.id: _kind(outcome) for lane, outcome in done} == {
        "a": "",
        "b": "",
        "no/name": "InvalidLane",
    }
    assert [lane for lane, _ in place.lanes.status_all(given)] == given
    assert [lane for lane, _ in place.lanes.plan_all(given)] == given


def test_interrupted_batch_ends_and_says_so(place: Place) -> None:
    batch = place.lanes.ensure_all([A, B])
    batch.interrupt()
    assert {_kind(outcome) for _, outcome in batch} <= {"", "Interrupted"}


def test_errors_name_the_lane_and_hold_no_secret(place: Place) -> None:
    place.fail()
    failed: Outcome[object] = place.lanes.status(A)
    assert isinstance(failed, Failure)
    assert failed.failure().lane == "ws/a"
    assert SECRET not in str(failed.failure())
    place.fail()
    orphans = place.lanes.find_orphans("f", [replace(A, profile=PROFILE), A])
    assert SECRET not in str(orphans.failure())


def test_orphans_are_found_and_removed(place: Place) -> None:
    for _, outcome in place.lanes.ensure_all([A, B]):
        _ = or_raise(outcome)
    found = or_raise(place.lanes.find_orphans("f", [A])).orphans
    assert [(one.container, one.lane, one.runs) for one in found] == [("ws-b", "ws/b", True)]
    gone = [or_raise(o) for _, o in place.lanes.remove_orphans("f", [A, B], found)]
    kept = [or_raise(o) for _, o in place.lanes.remove_orphans("f", [A], found)]
    done = [or_raise(o) for _, o in place.lanes.remove_orphans("f", [A], found, running=True)]
    assert (gone, kept, done) == (["changed"], ["runs"], ["removed"])
    assert or_raise(place.lanes.status(A)).ready
    assert or_raise(place.lanes.status(B)).state == "missing"
    assert or_raise(place.lanes.find_orphans("other", [A])).orphans == ()


def test_watch_repairs_a_lane_that_ended(place: Place) -> None:
    reports: list[Report] = []
    watcher = place.lanes.watch([A, B], resync=60, on_report=reports.append)
    running = threading.Thread(target=watcher.run)
    running.start()
    try:
        _until(lambda: len(reports) == 2)
        place.end(A)
        _until(lambda: len(reports) == 3)
    finally:
        watcher.stop()
        running.join(10)
    assert not running.is_alive()
    last = reports[-1]
    assert (last.kind, last.lane) == ("reconciled", A)
    assert last.result is not None
    assert last.result.action == "started"


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 8
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_logs_and_commands_reach_the_worker() -> None:
    backend = ObjectBackend(log=f"started with {SECRET}\n")
    lanes = Lanes(backend, replace(PROFILE, env={"TOKEN": SECRET}), clock=SystemClock())
    _ = or_raise(lanes.ensure(A))
    assert or_raise(lanes.logs(A)) == "started with (hidden)\n"
    assert or_raise(lanes.execute(A, ["ls", "-l"])) == 2
