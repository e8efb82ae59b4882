"""Drift that is left alone, asked about or ended while the container runs, on real podman."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import WORKER, RealLane

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman

# Says at /cgi-bin/busy 409 while there is a file "busy" in its worktree, else 200.
BUSY_WORKER = """#!/bin/sh
mkdir -p /tmp/www/cgi-bin && echo {word} > /tmp/www/index.html
cat > /tmp/www/cgi-bin/busy <<'END'
#!/bin/sh
if test -e /workspace/busy; then echo "Status: {code} Busy"; else echo "Status: 200 OK"; fi
echo
END
chmod 755 /tmp/www/cgi-bin/busy
trap 'kill $server; exit 0' TERM
httpd -f -p 31417 -h /tmp/www &
server=$!
wait $server
"""


def _busy_lane(lane: RealLane, code: int = 409) -> ObservedContainer:
    lane.worker(BUSY_WORKER.format(word="one", code=code))
    lane.profile = replace(lane.profile, on_drift="when-idle", idle_path="/cgi-bin/busy")
    _ = or_raise(lane.lanes().ensure(lane.lane))
    (seen,) = lane.containers()
    return seen


def _only(lane: RealLane) -> ObservedContainer:
    (seen,) = lane.containers()
    return seen


@pytest.mark.parametrize("code", [409, 423])
def test_a_busy_worker_is_left_alone_and_replaced_once_idle(real_lane: RealLane, code: int) -> None:
    before = _busy_lane(real_lane, code)
    busy = real_lane.folder / "tree" / "busy"
    busy.touch()
    where = or_raise(endpoint_of(before))
    assert HttpProbe().status(where, "/cgi-bin/busy", 5) == code
    assert HttpProbe().status(where, "/nothing", 5) == 404
    real_lane.worker(BUSY_WORKER.format(word="two", code=code))
    for _again in range(2):
        left = or_raise(real_lane.lanes().ensure(real_lane.lane))
        assert (left.action, left.remaining_reason) == ("none", "its worker is busy")
        assert [d.field for d in left.remaining_drift] == ["worker.digest"]
        assert (_only(real_lane).id, _only(real_lane).pid) == (before.id, before.pid)
    busy.unlink()
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, done.remaining_drift) == ("replaced", ())
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_one_that_gets_busy_while_its_replacement_is_made(real_lane: RealLane) -> None:
    before = _busy_lane(real_lane)
    real_lane.worker(BUSY_WORKER.format(word="two", code=409))
    lanes = real_lane.lanes()

    def becomes_busy(event: object) -> None:
        if "copy config" in str(getattr(event, "operation", "")):
            (real_lane.folder / "tree" / "busy").touch()

    from lanekit.api import Lanes  # noqa: PLC0415 - with a listener of its own

    done = or_raise(
        Lanes(lanes.engine, real_lane.profile, on_event=becomes_busy).ensure(real_lane.lane)
    )
    assert (done.action, done.remaining_reason) == ("none", "its worker is busy")
    assert (_only(real_lane).id, _only(real_lane).pid) == (before.id, before.pid)


def test_report_leaves_a_container_in_every_state(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, on_drift="report")
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    real_lane.worker(WORKER.format(word="two"))
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, done.remaining_reason) == ("none", "on_drift is report")
    assert _only(real_lane).pid == before.pid
    _ = real_lane.sandbox.run("pause", before.name)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "started"
    assert _only(real_lane).pid == before.pid
    _ = or_raise(real_lane.lanes().stop(real_lane.lane))
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, [d.field for d in done.remaining_drift]) == ("started", ["worker.digest"])
    assert _only(real_lane).id == before.id


def test_report_does_not_restart_for_a_dead_mount(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, on_drift="report")
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    _ = (real_lane.folder / "tree").rename(real_lane.folder / "away")
    (real_lane.folder / "tree").mkdir()
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, [d.field for d in done.remaining_drift]) == ("none", ["mount./workspace"])
    assert _only(real_lane).pid == before.pid


def test_a_port_that_was_taken_is_no_reason_to_replace_under_report(real_lane: RealLane) -> None:
    import socket  # noqa: PLC0415 - for this one

    real_lane.profile = replace(real_lane.profile, on_drift="report")
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    _ = or_raise(real_lane.lanes().stop(real_lane.lane))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", done.endpoint.port))
        listener.listen()
        outcome = real_lane.lanes().ensure(real_lane.lane)
        assert isinstance(outcome, Failure)
        assert outcome.failure().kind == "PortInUse"
        assert outcome.failure().hints == (Hint("free-port"),)
    assert _only(real_lane).id == before.id
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "started"


# --- limits -----------------------------------------------------------------------------------


def _limited(lane: RealLane, memory: int) -> None:
    lane.profile = replace(lane.profile, memory=memory, cpus=0.5, pids_limit=100)


@pytest.mark.pids_limit
def test_limits_are_changed_while_it_runs_where_podman_keeps_it(real_lane: RealLane) -> None:
    _limited(real_lane, 64 << 20)
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    real_lane.profile = replace(real_lane.profile, memory=128 << 20, cpus=1.0, pids_limit=200)
    planned = or_raise(real_lane.lanes().plan(real_lane.lane))
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    grades = {d.field: d.remedy for d in planned.drift}
    if not before.updatable:
        assert grades == dict.fromkeys(("memory", "cpus", "pids_limit"), "replace")
        assert done.action == "replaced"
        return
    assert grades == dict.fromkeys(("memory", "cpus", "pids_limit"), "adjust")
    assert (done.action, [type(op).__name__ for op in done.operations]) == ("adjusted", ["Update"])
    assert (_only(real_lane).id, _only(real_lane).pid) == (before.id, before.pid)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"
    _ = or_raise(real_lane.lanes().stop(real_lane.lane))
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, done.drift, _only(real_lane).id) == ("started", (), before.id)


@pytest.mark.pids_limit
def test_a_limit_that_cannot_be_had_loses_nothing(real_lane: RealLane) -> None:
    _limited(real_lane, 64 << 20)
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _only(real_lane)
    # Less than any process needs: neither an update nor another container can have it.
    real_lane.profile = replace(real_lane.profile, memory=4096)
    assert isinstance(real_lane.lanes().ensure(real_lane.lane), Failure)
    assert (_only(real_lane).id, _only(real_lane).state) == (before.id, "running")
    assert _only(real_lane).memory == 64 << 20
    _limited(real_lane, 64 << 20)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


# --- what a replace would lose ------------------------------------------------------------------


@pytest.mark.smoke
def test_plan_tells_what_a_replace_would_lose(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    name = _only(real_lane).name
    real_lane.worker(WORKER.format(word="two"))
    # The worker's own: it makes /tmp/www.
    fresh = or_raise(real_lane.lanes().plan(real_lane.lane)).lost_files
    assert [c.path for c in fresh or ()] == ["/tmp/www/index.html"]
    time.sleep(0.01)
    script = (
        "echo t > /root/.codex/token; echo changed > /root/.codex/config.toml; rm /etc/passwd;"
        "mkdir -p /opt/made && echo x > '/opt/made/a b'; touch /workspace/kept"
    )
    _ = real_lane.sandbox.run("exec", name, "sh", "-c", script)
    lost = or_raise(real_lane.lanes().plan(real_lane.lane)).lost_files
    assert [(c.kind, c.path) for c in lost or ()] == [
        ("deleted", "/etc/passwd"),
        ("added", "/opt/made/a b"),
        ("added", "/root/.codex/config.toml"),
        ("added", "/root/.codex/token"),
        ("added", "/tmp/www/index.html"),
    ]
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).lost_files is None


def test_the_command_lists_it(real_lane: RealLane, lanekit: Callable[..., str]) -> None:
    _ = lanekit("ensure")
    real_lane.worker(WORKER.format(word="two"))
    _ = real_lane.sandbox.run(
        "exec", _only(real_lane).name, "sh", "-c", "printf x > \"/$(printf 'e\\033[31m\\nl')\""
    )
    assert "  loses  2 files changed in the container's writable layer (--verbose lists them)" in (
        lanekit("plan")
    )
    said = lanekit("--verbose", "plan")
    assert "    added    /e\\x1b[31m\\nl\n    added    /tmp/www/index.html" in said
    (record,) = map(json.loads, lanekit("plan", "--json").splitlines())
    assert {"path": "/tmp/www/index.html", "kind": "added"} in record["loses"]


@pytest.fixture
def lanekit(real_lane: RealLane) -> Callable[..., str]:
    """Calls the command on the lane; what it wrote to stdout."""

    def call(*arguments: str) -> str:
        command = [sys.executable, "-m", "lanekit", "--file", str(real_lane.fleet_file())]
        done = subprocess.run(
            [*command, *arguments],
            env=real_lane.environ(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return call
