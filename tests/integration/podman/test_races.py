"""Somebody else's containers, and somebody else's hand between any two calls, on real podman."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product

import pytest
from returns.result import Failure
from tests.integration.podman.between import at, between, lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane
from tests.support.tiers import with_nightly

from lanekit.api import Lanes
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.errors import Conflict, NotFound, NotOwned, WorkerExited, or_raise
from lanekit.core.domain.hints import Hint

pytestmark = pytest.mark.podman

CALLS = [
    *(("create", 0), ("put_archive", 0), ("inspect", 0), ("stop", 0), ("rename", 0), ("rename", 1)),
    *(("start", 0), ("inspect", 1), ("remove", 0)),
]
HANDS = ("remove", "rename", "stop", "pause", "replace")
# In the usual run every call comes once for each engine, and every hand nearly twice.
TURNS = [(call, HANDS[turn % len(HANDS)]) for turn, call in enumerate(CALLS)]


def _inspected(real: RealLane, name: str) -> str:
    return real.sandbox.run("container", "inspect", name)


@pytest.mark.parametrize("place", ["", NEXT, PREV])
def test_unowned_container_is_reported_and_not_touched(real_lane: RealLane, place: str) -> None:
    name = real_lane.lane.container_name + place
    labels = ("--label", "lanekit.workspace=w2", "--label", "lanekit.lane=z")
    _ = real_lane.sandbox.run(
        "run", "-d", "--name", name, *labels, real_lane.profile.image, "sleep", "99"
    )
    before = _inspected(real_lane, name)
    for command in ("ensure", "stop", "rm"):
        ((code, _, err),) = results([lanekit(real_lane, command)])
        assert code == 1
        assert f"a container named {name} exists and is not this lane's" in err
        assert "it seems to be lane w2/z's; it was not touched" in err
        assert f"podman rename {name} OTHER" in err
        assert _inspected(real_lane, name) == before
    _ = real_lane.sandbox.run("rename", name, f"{real_lane.lane.container_name}-theirs")
    ((code, _, err),) = results([lanekit(real_lane, "ensure")])
    assert code == 0, err


def _hand(real: RealLane, old: str, hand: str) -> Callable[[], None]:
    """What somebody does to the lane's container `old` by the podman command."""
    name, run = real.lane.container_name, real.sandbox.run

    def act() -> None:
        found = [c for c in real.containers() if c.id == old]
        if not found:
            return
        if hand in ("remove", "replace"):
            _ = run("rm", "-f", "-t", "0", old)
        if hand == "replace" and not [c for c in real.containers() if c.name == name]:
            _ = run("create", "--name", name, real.profile.image, "true")
        if hand == "rename":
            _ = run("rename", old, f"{name}-moved")
        if hand == "stop":
            _ = run("stop", "-t", "0", old)
        if hand == "pause" and found[0].state == "running":
            _ = run("pause", old)

    return act


def _named(case: tuple[tuple[str, int], str]) -> str:
    (method, count), hand = case
    return f"{hand}-before-{method}-{count}"


@pytest.mark.parametrize(
    "case", with_nightly(TURNS, product(CALLS, HANDS), arguments=1), ids=_named
)
def test_replace_recovers_from_external_change_between_calls(
    real_lane: RealLane, case: tuple[tuple[str, int], str]
) -> None:
    (method, count), hand = case
    real, name = real_lane, real_lane.lane.container_name
    _ = or_raise(real.lanes().ensure(real.lane))
    (old,) = real.containers()
    real.worker(WORKER.format(word="two"))
    hook = at(method, count, _hand(real, old.id, hand))
    outcome = Lanes(between(real.engine(), hook), real.profile).ensure(real.lane)
    strangers = real.sandbox.run(
        "ps", "-aq", "--no-trunc", "--filter", f"name=^{name}$", "--filter", "status=created"
    ).split()
    if isinstance(outcome, Failure):
        assert isinstance(outcome.failure(), (NotOwned, Conflict, NotFound)), outcome
        assert outcome.failure().hints or outcome.failure().detail
    if hand not in ("remove", "replace") and isinstance(outcome, Failure):
        assert old.id in [c.id for c in real.containers()]
    if isinstance(outcome, Failure) and isinstance(outcome.failure(), NotOwned):
        # It was never started, and has not been touched.
        assert strangers
        _ = real.sandbox.run("rm", strangers[0])
    made = or_raise(real.lanes().ensure(real.lane))
    running = [c for c in real.containers() if c.state == "running"]
    assert [c.name for c in running if c.id != old.id or c.name == name] == [name]
    assert made.endpoint.port == next(c for c in running if c.name == name).ports[0].host_port
    assert or_raise(real.lanes().ensure(real.lane)).action == "none"


def test_repeated_external_removal_reports_conflict(real_lane: RealLane) -> None:
    name = real_lane.lane.container_name

    def before(method: str) -> None:
        if method == "start":
            real_lane.sandbox.remove(name)

    outcome = Lanes(between(real_lane.engine(), before), real_lane.profile).ensure(real_lane.lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, Conflict)
    assert "5 times in a row" in error.message
    assert error.hints == (Hint("find-interference"),)
    assert real_lane.containers() == []


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Somebody else's page."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def _another_at(port: int) -> Generator[None]:
    with ThreadingHTTPServer(("127.0.0.1", port), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_program_on_port_of_dead_worker_is_not_the_worker(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    made = or_raise(lanes.ensure(lane))
    _ = real_lane.sandbox.run("kill", lane.container_name)
    _ = real_lane.sandbox.run("wait", lane.container_name)
    with _another_at(made.endpoint.port):
        seen = or_raise(lanes.status(lane))
        assert (seen.state, seen.endpoint, seen.ready) == ("exited", made.endpoint, False)
        planned = or_raise(lanes.plan(lane))
        assert planned.action == "started"
        assert planned.operations[0].cause == "it is exited"
        again = or_raise(lanes.ensure(lane))
        assert again.action == "replaced"
        assert again.endpoint.port != made.endpoint.port


def test_response_from_port_of_dead_worker_does_not_count(
    real_lane: RealLane,
) -> None:
    name, engine = real_lane.lane.container_name, real_lane.engine()
    servers: list[ThreadingHTTPServer] = []

    def after(method: str) -> None:
        if method == "start":
            (started,) = [c for c in real_lane.containers() if c.name.startswith(name)]
            _ = real_lane.sandbox.run("kill", started.id)
            _ = real_lane.sandbox.run("wait", started.id)
            port = started.ports[0].host_port
            assert port
            server = ThreadingHTTPServer(("127.0.0.1", port), _Answers)
            servers.append(server)
            threading.Thread(target=server.serve_forever, daemon=True).start()

    outcome = Lanes(between(engine, after=after), real_lane.profile).ensure(real_lane.lane)
    for server in servers:
        server.shutdown()
        server.server_close()
    assert servers
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), WorkerExited)
