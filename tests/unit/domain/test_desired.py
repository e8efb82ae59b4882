"""Impossible lanes are refused before anything is touched, each fault in a sentence."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from tests.support.strategies.lanes import lanes, profiles

from lanekit.core.domain.containers import Mount, Port
from lanekit.core.domain.desired import Digests, config_target, container_spec
from lanekit.core.domain.lanes import BindMount, Lane, Profile
from lanekit.core.domain.validation import identity_errors, validation_errors

LANE = Lane("ws", "a", "/w")
PROFILE = Profile("/worker", "/inbox", config_dir="/c/.codex")


@given(lanes(), profiles())
def test_valid_lane_has_no_validation_errors(lane: Lane, profile: Profile) -> None:
    assert validation_errors(lane, profile) == ()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("-l", snapshot("container name '-l' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("-a", snapshot("container name '-a' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("--all", snapshot("container name '--all' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        (" ", snapshot("container name ' ' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("a b", snapshot("container name 'a b' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("a\nb", snapshot("container name 'a\\nb' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("a\0", snapshot("container name 'a\\x00' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("é", snapshot("container name 'é' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("a/b", snapshot("container name 'a/b' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        (".", snapshot("container name '.' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("_a", snapshot("container name '_a' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        ("a+", snapshot("container name 'a+' must match [a-zA-Z0-9][a-zA-Z0-9_.-]*")),
        (
            "n.next",
            snapshot(
                "container name 'n.next' must not end with .next or .prev, which replacements use"
            ),
        ),
        (
            "n.prev",
            snapshot(
                "container name 'n.prev' must not end with .next or .prev, which replacements use"
            ),
        ),
        ("x" * 201, snapshot("container name has 201 characters; at most 200 are allowed")),
    ],
)
def test_invalid_container_name_is_rejected(name: str, fault: str) -> None:
    (error,) = validation_errors(replace(LANE, container=name), PROFILE)
    assert error.key == ("container",)
    assert error.message == fault
    assert identity_errors(replace(LANE, container=name), None) == (error,)


@pytest.mark.parametrize("name", ["a", "A", "0", "Z9_.-", "n.nextx", "x" * 200])
def test_valid_container_name_is_accepted(name: str) -> None:
    assert validation_errors(replace(LANE, container=name), PROFILE) == ()


LONG = "/" + "x" * 4095


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"worktree": "relative"}, snapshot("worktree 'relative' is not an absolute path")),
        ({"worktree": ""}, snapshot("worktree '' is not an absolute path")),
        ({"worktree": "/a\nb"}, snapshot("worktree '/a\\nb' has a control character")),
        ({"worktree": "/a\x7f"}, snapshot("worktree '/a\\x7f' has a control character")),
        ({"worktree": "/a\ud800"}, snapshot("worktree '/a\\ud800' is not UTF-8")),
        ({"worktree": "/b\udfff"}, snapshot("worktree '/b\\udfff' is not UTF-8")),
        ({"worktree": LONG}, f"worktree '{LONG}' is too long"),
        ({"worktree": "/" + "é" * 2048}, f"worktree '/{'é' * 2048}' is too long"),
        ({"workspace": ""}, snapshot("workspace is empty")),
        ({"workspace": "w\t"}, snapshot("workspace 'w\\t' has a control character")),
        ({"id": " "}, snapshot("id is empty")),
        ({"id": "a\0"}, snapshot("id 'a\\x00' has a control character")),
        ({"id": "a\udcff"}, snapshot("id 'a\\udcff' is not UTF-8")),
        ({"fleet": "a\nb"}, snapshot("fleet 'a\\nb' has a control character")),
        ({"id": 3}, snapshot("id must be str, not int")),
        ({"container": None}, snapshot("container must be str, not NoneType")),
        ({"worktree": Path("/w")}, snapshot("worktree must be str, not PosixPath: give str(path)")),
    ],
)
def test_invalid_lane_value_is_named_by_its_key(change: dict[str, Any], fault: str) -> None:
    (error,) = validation_errors(replace(LANE, **{"container": "c", **change}), PROFILE)
    assert error.key == tuple(change)
    assert error.message == fault


def test_worktree_at_length_and_unicode_limits_is_valid() -> None:
    assert validation_errors(replace(LANE, worktree=LONG[1:].replace("x", "/", 1)), PROFILE) == ()
    assert validation_errors(replace(LANE, worktree="/\ud7ff\ue000"), PROFILE) == ()


def _at(*targets: str, source: str = "/s") -> dict[str, tuple[BindMount, ...]]:
    return {"mounts": tuple(BindMount(source, target) for target in targets)}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"worker": "w"}, snapshot("worker 'w' is not an absolute path")),
        ({"inbox": "i"}, snapshot("inbox 'i' is not an absolute path")),
        ({"config_dir": "c"}, snapshot("config_dir 'c' is not an absolute path")),
        ({"config_dir": "/"}, snapshot("config_dir must not be /")),
        (
            {"env": {"A B": "s3cret"}},
            snapshot("env name 'A B' must match [A-Za-z_][A-Za-z0-9_.-]*"),
        ),
        ({"env": {"HOME": "s3cret"}}, snapshot("env HOME is set by lanekit and cannot be changed")),
        (
            {"env": {"A": "s3cret\0"}},
            snapshot("env A has a value that cannot be passed (NUL or not UTF-8)"),
        ),
        (
            {"env": {"A": "s3cret\udcff"}},
            snapshot("env A has a value that cannot be passed (NUL or not UTF-8)"),
        ),
        (
            {"env": {"PATH": "s3cret\nx"}},
            snapshot("env PATH has a value with several lines, which podman does not accept"),
        ),
        (
            {"env": {"PATH": "s3cret\rx"}},
            snapshot("env PATH has a value with several lines, which podman does not accept"),
        ),
        ({"server_port": 0}, snapshot("server_port 0 is not a valid port (1 to 65535)")),
        ({"server_port": 65536}, snapshot("server_port 65536 is not a valid port (1 to 65535)")),
        ({"memory": 0}, snapshot("memory must be more than 0, is 0")),
        ({"cpus": -1.0}, snapshot("cpus must be more than 0, is -1.0")),
        ({"cpus": float("nan")}, snapshot("cpus must be more than 0, is nan")),
        ({"cpus": float("inf")}, snapshot("cpus must be finite")),
        ({"memory": "2g"}, snapshot("memory must be a whole number of bytes, not '2g'")),
        ({"memory": 1.5}, snapshot("memory must be a whole number of bytes, not 1.5")),
        ({"pids_limit": True}, snapshot("pids_limit must be a whole number, not True")),
        ({"cpus": "2"}, snapshot("cpus must be a number, not '2'")),
        ({"server_port": None}, snapshot("server_port must be a whole number, not None")),
        ({"ready_timeout": None}, snapshot("ready_timeout must be a number, not None")),
        ({"worker": Path("/w")}, snapshot("worker must be str, not PosixPath: give str(path)")),
        (
            {"config_dir": Path("/c")},
            snapshot("config_dir must be str, not PosixPath: give str(path)"),
        ),
        ({"image": None}, snapshot("image must be str, not NoneType")),
        ({"idle_path": 1}, snapshot("idle_path must be str, not int")),
        ({"env": None}, snapshot("env must be a mapping, not NoneType")),
        ({"env": {"A": 53}}, snapshot("env A must be str, not int")),
        ({"env": {1: "s3cret"}}, snapshot("a name in env must be str, not int")),
        ({"credentials": "auth.json"}, snapshot("credentials must be a tuple of texts, not str")),
        ({"credentials": (1,)}, snapshot("credentials must be a tuple of texts, not of int")),
        ({"mounts": "/a:/b"}, snapshot("mounts must be a tuple of BindMounts, not str")),
        ({"mounts": ("/a:/b",)}, snapshot("mounts must be a tuple of BindMounts, not of str")),
        (
            {"mounts": (BindMount(Path("/a"), "/b"),)},  # type: ignore[arg-type]
            snapshot("mount source must be str, not PosixPath: give str(path)"),
        ),
        (
            {"ready_timeout": 1e9},
            snapshot("ready_timeout must be at most 1000000 seconds, is 1e+09"),
        ),
        (
            {"stop_grace": float("inf")},
            snapshot("stop_grace must be at most 1000000 seconds, is inf"),
        ),
        ({"pids_limit": 0}, snapshot("pids_limit must be more than 0, is 0")),
        ({"ready_path": "x"}, snapshot("ready_path 'x' must begin with /")),
        ({"ready_path": "/\n"}, snapshot("ready_path '/\\n' must begin with /")),
        ({"ready_timeout": 0}, snapshot("ready_timeout must be more than 0, is 0")),
        ({"stop_grace": -1}, snapshot("stop_grace must not be negative, is -1")),
        ({"git": "all"}, snapshot('git must be one of "none", "safe", "read-write", not \'all\'')),
        ({"image": " "}, snapshot("image ' ' is not a valid image reference")),
        ({"image": "-v"}, snapshot("image '-v' is not a valid image reference")),
        ({"image": "a\nb"}, snapshot("image 'a\\nb' is not a valid image reference")),
        ({"on_drift": "x"}, snapshot("on_drift 'x' must be one of replace, report, when-idle")),
        (
            {"on_drift": "when-idle"},
            snapshot(
                'on_drift = "when-idle" needs idle_path, where the worker answers whether it is idle'
            ),
        ),
        ({"idle_path": "x"}, snapshot("idle_path 'x' must begin with /")),
        ({"idle_path": "/\n"}, snapshot("idle_path '/\\n' must begin with /")),
        (
            {"credentials": ("a/../b",)},
            snapshot("credentials 'a/../b' must be a path below config_dir, without '..'"),
        ),
        (
            {"credentials": ("/a",)},
            snapshot("credentials '/a' must be a path below config_dir, without '..'"),
        ),
        (
            {"credentials": ("a/./b",)},
            snapshot("credentials 'a/./b' must be a path below config_dir, without '..'"),
        ),
        ({"credentials": ("a\n",)}, snapshot("credentials 'a\\n' has a control character")),
        ({"credentials": ("a\udcff",)}, snapshot("credentials 'a\\udcff' is not UTF-8")),
        (_at("/root"), snapshot("mount target '/root' would hide the config at /root/.codex")),
        (
            _at("/root/.codex"),
            snapshot("mount target '/root/.codex' would hide the config at /root/.codex"),
        ),
        (_at("/"), snapshot("mount target '/' would hide all of the image")),
        (
            {**_at("/a/.."), "config_dir": ""},
            snapshot("mount target '/' would hide all of the image"),
        ),
        (
            _at("/root/.codex/x"),
            snapshot("mount target '/root/.codex/x' lies inside the config at /root/.codex"),
        ),
        (_at("/workspace/"), snapshot("mount target '/workspace' is used twice")),
        (
            _at("/usr/local/bin/inbox"),
            snapshot("mount target '/usr/local/bin/inbox' is used twice"),
        ),
        (
            _at("/usr/local/bin/lane-worker"),
            snapshot("mount target '/usr/local/bin/lane-worker' is used twice"),
        ),
        (_at("/a", "/b", "/a"), snapshot("mount target '/a' is used twice")),
        (
            _at("/a", source="/run/podman/podman.sock"),
            snapshot(
                "mount source '/run/podman/podman.sock': podman's socket must not be mounted into a lane"
            ),
        ),
        (
            _at("/a", source="/docker.sock"),
            snapshot(
                "mount source '/docker.sock': podman's socket must not be mounted into a lane"
            ),
        ),
        (_at("/a", source="s"), snapshot("mount source 's' is not an absolute path")),
        (_at("a"), snapshot("mount target 'a' is not an absolute path")),
    ],
)
def test_invalid_profile_value_is_named_by_its_key(change: dict[str, Any], fault: str) -> None:
    (error,) = validation_errors(LANE, replace(PROFILE, **change))
    assert error.key == _key(change)
    assert error.message == fault
    assert "s3cret" not in error.message


def _key(change: dict[str, Any]) -> tuple[str, ...]:
    (field, value), *_ = change.items()
    names = list(cast("dict[object, object]", value)) if isinstance(value, dict) else []
    if field == "env" and names and all(isinstance(name, str) for name in names):
        return (field, *map(str, names))
    return (field,)


@pytest.mark.parametrize(
    "change",
    [
        {"server_port": 1},
        {"server_port": 65535},
        {"memory": 1},
        {"cpus": 0.1},
        {"pids_limit": 1},
        {"ready_timeout": 0.1},
        {"stop_grace": 0},
        {"git": "safe"},
        {"git": "read-write"},
        {"on_drift": "report"},
        {"on_drift": "when-idle", "idle_path": "/busy"},
        {"idle_path": "/"},
        {"credentials": ("a/..b", ".c/d")},
        {"env": {"A": "1\n2"}},
        {"env": {"_a.b-c": ""}},
        _at("/root/.codex2", "/root/x", "/roo"),
        {**_at("/root"), "config_dir": ""},
        _at("/a", source="/run/podman.sock/x"),
    ],
)
def test_valid_profile_value_has_no_errors(change: dict[str, Any]) -> None:
    assert validation_errors(LANE, replace(PROFILE, **change)) == ()


def test_container_spec_contains_profile_values() -> None:
    profile = replace(PROFILE, image="i", memory=1, cpus=0.5, pids_limit=3)
    spec = container_spec(replace(LANE, container="c"), profile, Digests())
    assert (spec.name, spec.image, spec.user) == ("c", "i", "root")
    assert (spec.memory, spec.cpus, spec.pids_limit) == (1, 0.5, 3)
    assert (spec.entrypoint, spec.workdir) == (("/usr/local/bin/lane-worker",), "/workspace")
    more = (BindMount("/a/../s/", "/d//e", read_only=True), BindMount("/t", "/f"))
    assert container_spec(LANE, replace(profile, mounts=more), Digests()).mounts == (
        Mount("/w", "/workspace"),
        Mount("/worker", "/usr/local/bin/lane-worker", read_only=True),
        Mount("/inbox", "/usr/local/bin/inbox", read_only=True),
        Mount("/s", "/d/e", read_only=True),
        Mount("/t", "/f"),
    )
    assert (spec.ports, spec.config_target) == ((Port(31417),), "/root/.codex")


def test_all_validation_errors_are_reported_together() -> None:
    assert len(validation_errors(Lane("", "", "x"), Profile("w", "i", server_port=-1))) == 7


@pytest.mark.parametrize(
    ("config_dir", "target"),
    [
        ("/a/.codex", "/root/.codex"),
        ("/a/.codex/", "/root/.codex"),
        ("/a/b/../c", "/root/c"),
        ("", ""),
        (" ", ""),
    ],
)
def test_config_target_is_config_dir_name_in_root_home(config_dir: str, target: str) -> None:
    assert config_target(replace(PROFILE, config_dir=config_dir)) == target
