"""Every field of drift once on real podman: changed by hand, reported as that, replaced, none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.podman.conftest import RealLane

from lanekit.core.create_args import create_args
from lanekit.core.errors import or_raise

pytestmark = pytest.mark.podman

Args = list[str]


def _add(*options: str) -> Callable[[Args], Args]:
    return lambda args: [*args[:-1], *options, args[-1]]


def _swap(old: str, new: str) -> Callable[[Args], Args]:
    def change(args: Args) -> Args:
        assert any(old in arg for arg in args), old
        return [arg.replace(old, new) for arg in args]

    return change


def _set(option: str, value: str) -> Callable[[Args], Args]:
    def change(args: Args) -> Args:
        at = args.index(option) + 1
        return [*args[:at], value, *args[at + 1 :]]

    return change


BY_HAND: dict[str, tuple[Callable[[Args], Args], list[str]]] = {
    "privileged": (_add("--privileged"), ["privileged"]),
    "rw worker": (_swap("lane-worker:z,ro", "lane-worker:z"), ["mount./usr/local/bin/lane-worker"]),
    "rw inbox": (_swap("inbox:z,ro", "inbox:z"), ["mount./usr/local/bin/inbox"]),
    "extra mount": (_add("-v", "/etc:/host-etc:ro"), ["mount./host-etc"]),
    "mount over home": (_add("-v", "/etc:/root:ro"), ["mount./root"]),
    "mount in the config": (_add("-v", "/etc:/root/.codex/x:ro"), ["mount./root/.codex/x"]),
    "volume": (_add("-v", "/scratch"), ["mount./scratch"]),
    "tmpfs": (_add("--tmpfs", "/scratch"), ["mount./scratch"]),
    "user": (_set("--user", "0:5"), ["user"]),
    "workdir": (_set("-w", "/tmp"), ["workdir"]),
    "entrypoint": (_set("--entrypoint", "/bin/sh"), ["entrypoint"]),
    "home": (_swap("HOME=/root", "HOME=/home"), ["env.HOME"]),
    "api url": (_swap("internal:8080", "internal:9090"), ["env.INBOX_API_URL"]),
    "fingerprint": (_swap("CODEX_SHA=", "CODEX_SHA=0"), ["env.INBOX_RUNTIME_CODEX_SHA"]),
    "extra port": (_add("-p", "127.0.0.1::22"), ["port.22/tcp"]),
    "all addresses": (_swap("127.0.0.1::31417", "31417"), ["port.31417/tcp"]),
    "capabilities": (_add("--cap-add", "NET_ADMIN"), ["cap_add"]),
    "less capabilities": (_add("--cap-drop", "CHOWN"), ["cap_drop"]),
    "device": (_add("--device", "/dev/null:/dev/zero2"), ["devices"]),
    "security": (_add("--security-opt", "seccomp=unconfined"), ["security_opt"]),
    "namespace": (_add("--pid", "host"), ["host_namespaces"]),
    "restart policy": (_add("--restart", "always"), ["restart_policy"]),
    "removed when it ends": (_add("--rm"), ["auto_remove"]),
    "memory": (_add("--memory", "64m"), ["memory"]),
    "cpus": (_add("--cpus", "0.5"), ["cpus"]),
    "pids": (_add("--pids-limit", "77"), ["pids_limit"]),
    "network": (_add("--network", "none"), ["port.31417/tcp", "network"]),
    "worker digest": (_swap("lanekit.worker=", "lanekit.worker=0"), ["worker.digest"]),
    "inbox digest": (_swap("lanekit.inbox=", "lanekit.inbox=0"), ["inbox.digest"]),
    "config digest": (_swap("lanekit.config=", "lanekit.config=0"), ["config.digest"]),
    "label": (_add("--label", "made.by=hand"), ["label.made.by"]),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_was_made_by_hand_is_reported_as_that(real_lane: RealLane, what: str) -> None:
    change, fields = BY_HAND[what]
    spec = or_raise(real_lane.lanes().spec(real_lane.lane))
    _ = real_lane.sandbox.run(*change(list(create_args(spec))))
    plan = or_raise(real_lane.lanes().plan(real_lane.lane))
    assert [difference.field for difference in plan.drift] == fields
    assert plan.action == "replaced"


def test_an_entrypoint_with_an_argument_more(real_lane: RealLane) -> None:
    spec = or_raise(real_lane.lanes().spec(real_lane.lane))
    _ = real_lane.sandbox.run(*create_args(spec), "--verbose")
    plan = or_raise(real_lane.lanes().plan(real_lane.lane))
    assert [difference.field for difference in plan.drift] == ["entrypoint"]


@pytest.mark.parametrize("what", ["privileged", "extra mount", "memory"])
def test_and_is_replaced_and_then_there_is_none(real_lane: RealLane, what: str) -> None:
    change, fields = BY_HAND[what]
    lanes, lane = real_lane.lanes(), real_lane.lane
    spec = or_raise(lanes.spec(lane))
    _ = real_lane.sandbox.run(*change(list(create_args(spec))))
    replaced = or_raise(lanes.ensure(lane))
    assert (replaced.action, [d.field for d in replaced.drift]) == ("replaced", fields)
    assert or_raise(lanes.ensure(lane)).action == "none"
    assert len(real_lane.containers()) == 1


def test_an_image_rebuilt_under_its_tag(real_lane: RealLane) -> None:
    lanes, lane, image = real_lane.lanes(), real_lane.lane, real_lane.profile.image
    _ = or_raise(lanes.ensure(lane))
    podman = real_lane.sandbox.run
    old = podman("image", "inspect", image, "--format", "{{.Id}}")
    _ = podman("commit", "-q", "-c", "LABEL=rebuilt=yes", lane.container_name, image)
    try:
        plan = or_raise(lanes.plan(lane))
        assert [difference.field for difference in plan.drift] == ["image.id"]
    finally:
        _ = podman("tag", old, image)
    assert or_raise(lanes.plan(lane)).action == "none"


@pytest.mark.parametrize("limits", [{"memory": 64 << 20}, {"cpus": 0.5}, {"pids_limit": 100}])
def test_limits_that_are_asked_for_are_no_drift(
    real_lane: RealLane, limits: dict[str, Any]
) -> None:
    real_lane.profile = replace(real_lane.profile, **limits)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_files_that_changed_are_reported(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    _ = or_raise(lanes.ensure(lane))
    (Path(real_lane.profile.config_dir) / "config.toml").chmod(0o600)
    assert [d.field for d in or_raise(lanes.plan(lane)).drift] == ["config.digest"]
    _ = Path(real_lane.profile.inbox).write_text("#!/bin/sh\necho other\n")
    fields = [d.field for d in or_raise(lanes.plan(lane)).drift]
    assert fields == ["config.digest", "inbox.digest"]
