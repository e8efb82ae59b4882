"""Names on real podman: only the exact container of the lane's name is ever addressed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure, Success
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

from lanekit.core.domain.errors import Conflict, InvalidLane, NotOwned, or_raise
from lanekit.core.domain.hints import Hint

pytestmark = pytest.mark.podman


@pytest.fixture(scope="module")
def bystander(podman: Sandbox) -> Iterator[str]:
    """A running container that is nobody's; its id."""
    yield podman.run("run", "-d", "--name", "bystander", DEMO_IMAGE, "sleep", "3600")
    _ = podman.run("rm", "-f", "-t", "0", "bystander")


def _inspected(real: RealLane, identifier: str) -> Any:
    return json.loads(real.sandbox.run("container", "inspect", identifier))


def test_id_prefix_of_another_container_is_an_ordinary_name(
    real_lane: RealLane, bystander: str
) -> None:
    before = _inspected(real_lane, bystander)
    lane = replace(real_lane.lane, container=bystander[:12])
    lanes = real_lane.lanes()
    assert or_raise(lanes.stop(lane)) == "missing"
    assert or_raise(lanes.remove(lane)) == "missing"
    try:
        assert or_raise(lanes.ensure(lane)).action == "created"
        assert or_raise(lanes.plan(lane)).action == "none"
    finally:
        assert or_raise(lanes.remove(lane)) == "removed"
    assert _inspected(real_lane, bystander) == before


def test_full_id_of_another_container_is_refused(real_lane: RealLane, bystander: str) -> None:
    before = _inspected(real_lane, bystander)
    lane, lanes = replace(real_lane.lane, container=bystander), real_lane.lanes()
    for outcome in (lanes.ensure(lane), lanes.stop(lane), lanes.remove(lane)):
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), NotOwned)
    assert _inspected(real_lane, bystander) == before


def test_container_named_with_our_id_is_not_touched(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    _ = or_raise(lanes.ensure(lane))
    (ours,) = real_lane.containers()
    image = real_lane.profile.image
    other = real_lane.sandbox.run("create", "--name", ours.id, image, "true")
    try:
        assert or_raise(lanes.ensure(lane)).action == "none"
        # podman 5 takes the name for the id: then nothing is touched. podman 4 does not.
        for done, result in ((lanes.stop(lane), "stopped"), (lanes.remove(lane), "removed")):
            assert done == Success(result) or done.failure().kind == "NotOwned"
        assert _inspected(real_lane, other)[0]["Name"] == ours.id
    finally:
        _ = real_lane.sandbox.run("rm", other)


NO_NAMES = ("-l", "-a", "--all", "--latest", " ", "a b", "a\n", "a\0", "x" * 300, "ü", "a/b", "*")


def test_invalid_container_name_is_refused_by_every_method(
    real_lane: RealLane, bystander: str
) -> None:
    before = _inspected(real_lane, bystander)
    lanes = real_lane.lanes()
    for name in NO_NAMES:
        lane = replace(real_lane.lane, container=name)
        outcomes = [
            *(lanes.ensure(lane), lanes.plan(lane), lanes.status(lane), lanes.endpoint(lane)),
            *(lanes.logs(lane), lanes.stop(lane), lanes.remove(lane)),
        ]
        for outcome in outcomes:
            assert isinstance(outcome, Failure)
            assert isinstance(outcome.failure(), InvalidLane)
            assert outcome.failure().message.startswith("container name ")
            assert outcome.failure().message.isprintable()
    assert _inspected(real_lane, bystander) == before


@pytest.fixture
def namesakes(real_lane: RealLane) -> Iterator[list[list[str]]]:
    """An image, a volume and a network of the lane's name; how each is looked up."""
    name, run = real_lane.lane.container_name, real_lane.sandbox.run
    _ = run("tag", real_lane.profile.image, name)
    _ = run("volume", "create", name)
    _ = run("network", "create", name)
    yield [[kind, "inspect", name] for kind in ("image", "volume", "network")]
    _ = run("rmi", f"localhost/{name}")
    _ = run("volume", "rm", name)
    _ = run("network", "rm", name)


def test_image_volume_and_network_of_same_name_are_untouched(
    real_lane: RealLane, namesakes: list[list[str]]
) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    before = [real_lane.sandbox.run(*command) for command in namesakes]
    assert or_raise(lanes.remove(lane)) == "missing"
    assert or_raise(lanes.ensure(lane)).action == "created"
    assert or_raise(lanes.remove(lane)) == "removed"
    assert real_lane.containers() == []
    assert [real_lane.sandbox.run(*command) for command in namesakes] == before


def test_pod_of_same_name_is_left_alone(real_lane: RealLane) -> None:
    # podman keeps the names of pods with those of containers.
    name = real_lane.lane.container_name
    _ = real_lane.sandbox.run("pod", "create", "--infra=false", "--name", name)
    try:
        before = real_lane.sandbox.run("pod", "inspect", name)
        real_lane.profile = replace(real_lane.profile, config_dir="")
        lanes, lane = real_lane.lanes(), real_lane.lane
        outcome = lanes.ensure(lane)
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), NotOwned)
        assert "a pod has that name" in outcome.failure().message
        assert outcome.failure().hints == (Hint("rename-pod"),)
        assert or_raise(lanes.remove(lane)) == "missing"
        assert real_lane.containers() == []
        assert real_lane.sandbox.run("pod", "inspect", name) == before
    finally:
        _ = real_lane.sandbox.run("pod", "rm", "-f", name)


def test_pod_name_found_at_rename_reports_conflict(
    cli_lane: RealLane, podman_service: Path
) -> None:
    # The command says the same, but takes its time for five tries.
    cli_lane.socket = podman_service
    name = cli_lane.lane.container_name
    _ = cli_lane.sandbox.run("pod", "create", "--infra=false", "--name", name)
    try:
        outcome = cli_lane.lanes().ensure(cli_lane.lane)
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), Conflict)
        assert outcome.failure().hints == (Hint("check-pod-name"),)
        assert cli_lane.containers() == []
        assert cli_lane.sandbox.run("pod", "exists", name) == ""
    finally:
        _ = cli_lane.sandbox.run("pod", "rm", "-f", name)
