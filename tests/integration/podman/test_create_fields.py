"""podman ignores a field that it does not know: each of ours misspelt, one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import RealLane

from lanekit.adapters.podman.rest import engine
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import BindMount
from lanekit.core.domain.podman_create.body import Json, create_body

pytestmark = [pytest.mark.podman, pytest.mark.every_podman]

# The field of drift that tells of it, for podman itself takes it for one that is not there.
NOTICED = {
    "user": "user",
    "work_dir": "workdir",
    "env": "env.INBOX_LANE_ID",
    "mounts": "mount./workspace",
    "mounts.source": "mount./workspace",
    "mounts.options": "mount./usr/local/bin/lane-worker",
    "portmappings": "port.31417/tcp",
    "portmappings.host_ip": "port.31417/tcp",
    "labels": "label.lanekit.lane",
    "resource_limits": "memory",
    "resource_limits.memory": "memory",
    "resource_limits.memory.limit": "memory",
    "resource_limits.cpu": "cpus",
    "resource_limits.cpu.quota": "cpus",
    "resource_limits.pids": "pids_limit",
    "resource_limits.pids.limit": "pids_limit",
}
# Without these podman cannot make the container, or cannot start it.
REFUSED = (
    "image",
    "entrypoint",
    "mounts.type",
    "mounts.destination",
    "portmappings.container_port",
)
# Without these the lane is the same: why.
SAME = {
    "name": "podman thinks of one, and the name is given at the end, by the container's id",
    "portmappings.protocol": "tcp is what podman takes without it",
    "resource_limits.cpu.period": "0.1 s is what the kernel takes without it",
    "sdnotifyMode": "who may tell systemd that it is up: a lane is no unit of systemd, so that "
    "nothing of lanekit reads it back; test_both_engines compares it",
}


def _paths(value: Json, at: str = "") -> Iterator[str]:
    """The keys of the body, those of maps that are the lane's own aside."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{at}{key}"
            yield from () if key in ("env", "labels") else _paths(inner, f"{at}{key}.")
    elif isinstance(value, list) and value:
        yield from _paths(value[0], at)


def _misspelt(value: Json, path: str) -> Json:
    key, _, rest = path.partition(".")
    if isinstance(value, list):
        return [_misspelt(inner, path) for inner in value]
    assert isinstance(value, dict)
    if rest:
        return {**value, key: _misspelt(value[key], rest)}
    return {(f"{name}z" if name == key else name): inner for name, inner in value.items()}


@pytest.fixture
def full(cli_lane: RealLane, podman_service: Path) -> RealLane:
    """A lane that asks for everything that a profile can ask for."""
    cli_lane.socket = podman_service
    mounts = (BindMount(str(cli_lane.folder), "/more", read_only=True),)
    asked: dict[str, Any] = {"memory": 64 << 20, "cpus": 0.5, "pids_limit": 50}
    cli_lane.profile = replace(cli_lane.profile, mounts=mounts, env={"TOKEN": "x"}, **asked)
    return cli_lane


def _misspell(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def body(spec: ContainerSpec, name: str, proxies: Mapping[str, str]) -> Json:
        return _misspelt(create_body(spec, name, proxies), path)

    monkeypatch.setattr(engine, "create_body", body)


def test_every_create_field_is_covered(full: RealLane) -> None:
    body = create_body(or_raise(full.lanes().spec(full.lane)))
    assert sorted(_paths(cast("Json", body))) == sorted([*NOTICED, *REFUSED, *SAME])


@pytest.mark.parametrize("path", NOTICED)
def test_ignored_create_field_reports_spec_mismatch(
    full: RealLane, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    _misspell(monkeypatch, path)
    outcome = full.lanes().ensure(full.lane)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "SpecMismatch"
    told = [line.partition(": ")[0] for line in outcome.failure().detail.splitlines()]
    assert NOTICED[path] in told
    assert full.containers() == []


@pytest.mark.parametrize("path", REFUSED)
def test_missing_required_field_fails_and_creates_nothing(
    full: RealLane, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    _misspell(monkeypatch, path)
    outcome = full.lanes().ensure(full.lane)
    assert isinstance(outcome, Failure)
    assert outcome.failure().detail
    assert full.containers() == []


@pytest.mark.parametrize("path", SAME)
def test_omitted_optional_field_makes_no_difference(
    full: RealLane, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    _misspell(monkeypatch, path)
    made = or_raise(full.lanes().ensure(full.lane))
    assert made.action == "created"
    assert [seen.name for seen in full.containers()] == [full.lane.container_name]
    monkeypatch.undo()
    assert or_raise(full.lanes().ensure(full.lane)).action == "none"
