"""One lane, end to end, on real podman."""

import socket
import subprocess
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import CRASHING, WORKER, RealLane

from lanekit.core.domain.errors import (
    ImageMissing,
    InvalidLane,
    InvalidState,
    NotOwned,
    WorkerExited,
    or_raise,
)
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.operations import AwaitReady

pytestmark = [pytest.mark.podman, pytest.mark.every_podman]


def _get(endpoint: Endpoint) -> str:
    with urllib.request.urlopen(endpoint.url, timeout=5) as answer:
        text: str = answer.read().decode().strip()
        return text


@pytest.mark.smoke
def test_ensure_creates_then_replaces_and_is_idempotent(real_lane: RealLane) -> None:
    lanes = real_lane.lanes()
    made = or_raise(lanes.ensure(real_lane.lane))
    assert (made.action, _get(made.endpoint)) == ("created", "one")
    again = or_raise(lanes.ensure(real_lane.lane))
    assert (again.action, again.endpoint, again.operations) == ("none", made.endpoint, ())
    real_lane.worker(WORKER.format(word="two"))
    replaced = or_raise(lanes.ensure(real_lane.lane))
    assert (replaced.action, _get(replaced.endpoint)) == ("replaced", "two")
    assert [d.field for d in replaced.drift] == ["worker.digest"]
    assert or_raise(lanes.ensure(real_lane.lane)).action == "none"
    assert [c.name for c in real_lane.containers()] == [real_lane.lane.container_name]


def test_config_is_copied_to_home_missing_in_image(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    name = real_lane.lane.container_name
    assert real_lane.sandbox.run("exec", name, "cat", "/root/.codex/config.toml") == "first"
    listing = real_lane.sandbox.run("exec", name, "stat", "-c", "%U %F", "/root/.codex/sub")
    assert listing == "root directory"


@pytest.mark.smoke
def test_ensure_recovers_stopped_paused_and_removed_lane(real_lane: RealLane) -> None:
    lanes, name = real_lane.lanes(), real_lane.lane.container_name
    made = or_raise(lanes.ensure(real_lane.lane))
    _ = real_lane.sandbox.run("stop", "-t", "2", name)
    assert or_raise(lanes.ensure(real_lane.lane)).action == "started"
    _ = real_lane.sandbox.run("pause", name)
    woken = or_raise(lanes.ensure(real_lane.lane))
    assert (woken.action, woken.endpoint) == ("started", made.endpoint)
    _ = real_lane.sandbox.run("rm", "-f", "-t", "0", name)
    assert or_raise(lanes.ensure(real_lane.lane)).action == "created"


def test_status_shows_state_without_image_or_worktree(
    real_lane: RealLane,
) -> None:
    made = or_raise(real_lane.lanes().ensure(real_lane.lane))
    kept, tree = real_lane.profile, Path(real_lane.lane.worktree)
    for kind in ("ImageMissing", "InvalidLane"):
        if kind == "ImageMissing":
            real_lane.profile = replace(kept, image="localhost/none:1")
        else:
            real_lane.profile = kept
            _ = tree.rename(tree.with_name("elsewhere"))
        seen = or_raise(real_lane.lanes().status(real_lane.lane))
        assert (seen.state, seen.endpoint, seen.ready) == ("running", made.endpoint, True)
        assert seen.fault is not None
        assert seen.fault.kind == kind


def test_paused_or_stopped_lane_has_no_endpoint(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    made = or_raise(lanes.ensure(lane))
    assert or_raise(lanes.endpoint(lane)) == made.endpoint
    for how in ("pause", "stop"):
        _ = real_lane.sandbox.run(how, *(("-t", "0") if how == "stop" else ()), lane.container_name)
        told = lanes.endpoint(lane)
        assert isinstance(told, Failure)
        assert isinstance(told.failure(), InvalidState)
        _ = or_raise(lanes.ensure(lane))
    assert or_raise(lanes.endpoint(lane)) == made.endpoint


@pytest.mark.smoke
def test_stop_and_remove_are_idempotent(real_lane: RealLane) -> None:
    lanes, lane, name = real_lane.lanes(), real_lane.lane, real_lane.lane.container_name
    assert or_raise(lanes.stop(lane)) == "missing"
    assert or_raise(lanes.remove(lane)) == "missing"
    _ = or_raise(lanes.ensure(lane))
    assert or_raise(lanes.stop(lane)) == "stopped"
    assert or_raise(lanes.stop(lane)) == "not running"
    _ = or_raise(lanes.ensure(lane))
    _ = real_lane.sandbox.run("pause", name)
    assert or_raise(lanes.stop(lane)) == "stopped"
    assert or_raise(lanes.status(lane)).state == "exited"
    assert or_raise(lanes.remove(lane)) == "removed"
    assert or_raise(lanes.status(lane)).state == "missing"


def test_port_taken_while_stopped_replaces_the_container(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    made = or_raise(lanes.ensure(lane))
    _ = or_raise(lanes.stop(lane))
    with socket.create_server(("127.0.0.1", made.endpoint.port)):
        replaced = or_raise(lanes.ensure(lane))
        assert replaced.action == "replaced"
        assert replaced.endpoint.port != made.endpoint.port
        assert "port" in replaced.operations[0].cause
    assert or_raise(lanes.ensure(lane)).action == "none"


@pytest.mark.smoke
def test_crashing_replacement_leaves_old_container_running(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    made = or_raise(lanes.ensure(lane))
    (before,) = real_lane.containers()
    real_lane.other_worker(CRASHING)
    outcome = real_lane.lanes().ensure(lane)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, WorkerExited)
    assert error.exit_code == 7
    assert "code 7" in error.message
    assert "begins\nno key: cannot go on" in error.detail
    (after,) = real_lane.containers()
    assert (after.id, after.name, after.state) == (before.id, before.name, "running")
    assert _get(made.endpoint) == "one"


def test_crashing_worker_file_keeps_the_old_container(real_lane: RealLane) -> None:
    # Started again, it mounts the file that is at the path now: nothing can make it run.
    lanes, lane = real_lane.lanes(), real_lane.lane
    _ = or_raise(lanes.ensure(lane))
    (before,) = real_lane.containers()
    real_lane.worker(CRASHING)
    outcome = lanes.ensure(lane)
    assert isinstance(outcome, Failure)
    assert "was kept and started again, and exited with code 7" in outcome.failure().detail
    (after,) = real_lane.containers()
    assert (after.id, after.name) == (before.id, before.name)
    real_lane.worker(WORKER.format(word="two"))
    assert or_raise(lanes.ensure(lane)).action == "replaced"


@pytest.mark.parametrize("broken", ["image", "removed image", "worktree", "worker"])
def test_drift_with_impossible_create_changes_nothing(real_lane: RealLane, broken: str) -> None:
    lane = real_lane.lane
    tag = f"localhost/{lane.workspace}:1"
    if broken == "removed image":
        _ = real_lane.sandbox.run("tag", real_lane.profile.image, tag)
        real_lane.profile = replace(real_lane.profile, image=tag)
    _ = or_raise(real_lane.lanes().ensure(lane))
    (before,) = real_lane.containers()
    real_lane.config("second")
    if broken == "image":
        real_lane.profile = replace(real_lane.profile, image="localhost/none:1")
    elif broken == "removed image":
        # As far as podman lets go of an image that a container was made of.
        _ = real_lane.sandbox.run("rmi", tag)
    elif broken == "worktree":
        Path(lane.worktree).rmdir()
    else:
        Path(real_lane.profile.worker).chmod(0o644)
    outcome = real_lane.lanes().ensure(lane)
    assert isinstance(outcome, Failure)
    kind = ImageMissing if "image" in broken else InvalidLane
    assert isinstance(outcome.failure(), kind)
    assert real_lane.containers() == [before]


def test_missing_image_of_new_lane_creates_nothing(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, image="localhost/none:1")
    for outcome in (
        real_lane.lanes().ensure(real_lane.lane),
        real_lane.lanes().plan(real_lane.lane),
    ):
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), ImageMissing)
        assert "podman build" in str(outcome.failure())
    assert real_lane.containers() == []


@pytest.mark.smoke
def test_unowned_container_is_never_touched(real_lane: RealLane) -> None:
    name, lanes, lane = real_lane.lane.container_name, real_lane.lanes(), real_lane.lane
    _ = real_lane.sandbox.run("create", "--name", name, real_lane.profile.image, "true")
    before = real_lane.sandbox.run("container", "inspect", name)
    for outcome in (lanes.ensure(lane), lanes.stop(lane), lanes.remove(lane), lanes.status(lane)):
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), NotOwned)
    assert real_lane.sandbox.run("container", "inspect", name) == before


def test_secrets_reach_only_the_container(real_lane: RealLane) -> None:
    env = {"TOKEN": "s3cret one\nline two", "LD_X": "s3cret 'two'", "EMPTY": ""}
    real_lane.profile = replace(real_lane.profile, env=env)
    log = real_lane.counted(lambda lanes: or_raise(lanes.ensure(real_lane.lane)))
    assert "s3cret" not in str(log)
    (seen,) = real_lane.containers()
    assert {name: seen.env[name] for name in env} == env
    assert "s3cret" not in repr(seen)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"
    real_lane.profile = replace(real_lane.profile, env={"TOKEN": env["TOKEN"]})
    plan = or_raise(real_lane.lanes().plan(real_lane.lane))
    assert [d.field for d in plan.drift] == ["env.EMPTY", "env.LD_X"]
    assert "s3cret" not in str(plan)


@pytest.mark.smoke
def test_ensure_result_does_not_list_the_ready_wait(real_lane: RealLane) -> None:
    made = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert not any(isinstance(operation, AwaitReady) for operation in made.operations)
    assert made.seconds > 0
    assert "serving one" in or_raise(real_lane.lanes().logs(real_lane.lane))


def test_ensure_starts_container_of_a_killed_stop(real_lane: RealLane) -> None:
    # podman leaves such a container in the state "stopping", which it refuses to start.
    lanes, lane, name = real_lane.lanes(), real_lane.lane, real_lane.lane.container_name
    real_lane.worker(WORKER.format(word="one").replace("trap 'kill $server; exit 0' TERM\n", ""))
    _ = or_raise(lanes.ensure(lane))
    argv = [str(real_lane.sandbox.bin / "podman"), "stop", "-t", "60", name]
    with subprocess.Popen(argv, env=real_lane.sandbox.environ()) as stopping:
        deadline = time.monotonic() + 20
        while or_raise(lanes.status(lane)).state != "stopping":
            assert time.monotonic() < deadline
        stopping.kill()
    assert or_raise(lanes.status(lane)).state == "stopping"
    assert or_raise(lanes.ensure(lane)).action == "started"
    assert or_raise(lanes.ensure(lane)).action == "none"
