"""Impossible lanes are refused before anything is touched, each fault in a sentence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.support.strategies import lanes, profiles

from lanekit.core.domain.containers import Mount, Port
from lanekit.core.domain.desired import Digests, config_target, container_spec
from lanekit.core.domain.lanes import BindMount, Lane, Profile
from lanekit.core.domain.validation import InvalidValue, identity_errors, validation_errors

LANE = Lane("ws", "a", "/w")
PROFILE = Profile("/worker", "/inbox", config_dir="/c/.codex")
PATH = type(Path()).__name__


@given(lanes(), profiles())
def test_possible_lanes_have_no_fault(lane: Lane, profile: Profile) -> None:
    assert validation_errors(lane, profile) == ()


RULE = "must match [a-zA-Z0-9][a-zA-Z0-9_.-]*"
ENDS = "ends like those that a replacement uses (.next, .prev)"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *((name, f"{name!r} {RULE}") for name in ("-l", "-a", "--all", " ", "a b", "a\nb", "a\0")),
        *((name, f"{name!r} {RULE}") for name in ("é", "a/b", ".", "_a", "a+")),
        *((name, f"{name!r} {ENDS}") for name in ("n.next", "n.prev")),
        ("x" * 201, "has 201 characters, 200 are allowed"),
    ],
)
def test_only_valid_names_pass(name: str, fault: str) -> None:
    error = InvalidValue(("container",), f"container name {fault}")
    assert validation_errors(replace(LANE, container=name), PROFILE) == (error,)
    assert identity_errors(replace(LANE, container=name), None) == (error,)


@pytest.mark.parametrize("name", ["a", "A", "0", "Z9_.-", "n.nextx", "x" * 200])
def test_all_that_podman_takes_for_a_name_does(name: str) -> None:
    assert validation_errors(replace(LANE, container=name), PROFILE) == ()


LONG = "/" + "x" * 4095


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"worktree": "relative"}, "worktree 'relative' is not an absolute path"),
        ({"worktree": ""}, "worktree '' is not an absolute path"),
        ({"worktree": "/a\nb"}, r"worktree '/a\nb' has a control character"),
        ({"worktree": "/a\x7f"}, r"worktree '/a\x7f' has a control character"),
        ({"worktree": "/a\ud800"}, r"worktree '/a\ud800' is not UTF-8"),
        ({"worktree": "/a\udfff"}, r"worktree '/a\udfff' is not UTF-8"),
        ({"worktree": LONG}, f"worktree '{LONG}' is too long"),
        ({"worktree": "/" + "é" * 2048}, f"worktree '/{'é' * 2048}' is too long"),
        ({"workspace": ""}, "workspace is empty"),
        ({"workspace": "w\t"}, r"workspace 'w\t' has a control character"),
        ({"id": " "}, "id is empty"),
        ({"id": "a\0"}, r"id 'a\x00' has a control character"),
        ({"id": "a\udcff"}, r"id 'a\udcff' is not UTF-8"),
        ({"fleet": "a\nb"}, r"fleet 'a\nb' has a control character"),
        ({"id": 3}, "id must be str, not int"),
        ({"container": None}, "container must be str, not NoneType"),
        ({"worktree": Path("/w")}, f"worktree must be str, not {PATH}: give str(path)"),
    ],
)
def test_invalid_lane_value_is_named_by_its_key(change: dict[str, Any], fault: str) -> None:
    error = InvalidValue(tuple(change), fault)
    assert validation_errors(replace(LANE, **{"container": "c", **change}), PROFILE) == (error,)


def test_the_longest_path_that_the_system_takes_is_none() -> None:
    assert validation_errors(replace(LANE, worktree=LONG[1:].replace("x", "/", 1)), PROFILE) == ()
    assert validation_errors(replace(LANE, worktree="/\ud7ff\ue000"), PROFILE) == ()


def _at(*targets: str, source: str = "/s") -> dict[str, tuple[BindMount, ...]]:
    return {"mounts": tuple(BindMount(source, target) for target in targets)}


BUSY = 'on_drift = "when-idle" needs idle_path, at which the worker says whether it is busy'
VALUE = "has a value that cannot be passed (NUL or not UTF-8)"
LINES = "has a value of several lines, which podman cannot be given"
INSIDE = "must be a path below config_dir, without '..'"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"worker": "w"}, "worker 'w' is not an absolute path"),
        ({"inbox": "i"}, "inbox 'i' is not an absolute path"),
        ({"config_dir": "c"}, "config_dir 'c' is not an absolute path"),
        ({"config_dir": "/"}, "config_dir must not be /"),
        ({"env": {"A B": "s3cret"}}, "env name 'A B' must match [A-Za-z_][A-Za-z0-9_.-]*"),
        ({"env": {"HOME": "s3cret"}}, "env HOME is made by lanekit and cannot be set"),
        ({"env": {"A": "s3cret\0"}}, f"env A {VALUE}"),
        ({"env": {"A": "s3cret\udcff"}}, f"env A {VALUE}"),
        ({"env": {"PATH": "s3cret\nx"}}, f"env PATH {LINES}"),
        ({"env": {"PATH": "s3cret\rx"}}, f"env PATH {LINES}"),
        ({"server_port": 0}, "server_port 0 is no port (1 to 65535)"),
        ({"server_port": 65536}, "server_port 65536 is no port (1 to 65535)"),
        ({"memory": 0}, "memory must be more than 0, is 0"),
        ({"cpus": -1.0}, "cpus must be more than 0, is -1.0"),
        ({"cpus": float("nan")}, "cpus must be more than 0, is nan"),
        ({"cpus": float("inf")}, "cpus must be finite"),
        ({"memory": "2g"}, "memory must be a whole number of bytes, not '2g'"),
        ({"memory": 1.5}, "memory must be a whole number of bytes, not 1.5"),
        ({"pids_limit": True}, "pids_limit must be a whole number, not True"),
        ({"cpus": "2"}, "cpus must be a number, not '2'"),
        ({"server_port": None}, "server_port must be a whole number, not None"),
        ({"ready_timeout": None}, "ready_timeout must be a number, not None"),
        ({"worker": Path("/w")}, f"worker must be str, not {PATH}: give str(path)"),
        ({"config_dir": Path("/c")}, f"config_dir must be str, not {PATH}: give str(path)"),
        ({"image": None}, "image must be str, not NoneType"),
        ({"idle_path": 1}, "idle_path must be str, not int"),
        ({"env": None}, "env must be a mapping, not NoneType"),
        ({"env": {"A": 53}}, "env A must be str, not int"),
        ({"env": {1: "s3cret"}}, "a name in env must be str, not int"),
        ({"credentials": "auth.json"}, "credentials must be a tuple of texts, not str"),
        ({"credentials": (1,)}, "credentials must be a tuple of texts, not of int"),
        ({"mounts": "/a:/b"}, "mounts must be a tuple of BindMounts, not str"),
        ({"mounts": ("/a:/b",)}, "mounts must be a tuple of BindMounts, not of str"),
        (
            {"mounts": (BindMount(Path("/a"), "/b"),)},  # type: ignore[arg-type]
            f"mount source must be str, not {PATH}: give str(path)",
        ),
        ({"ready_timeout": 1e9}, "ready_timeout must be at most 1000000 seconds, is 1e+09"),
        ({"stop_grace": float("inf")}, "stop_grace must be at most 1000000 seconds, is inf"),
        ({"pids_limit": 0}, "pids_limit must be more than 0, is 0"),
        ({"ready_path": "x"}, "ready_path 'x' must begin with /"),
        ({"ready_path": "/\n"}, r"ready_path '/\n' must begin with /"),
        ({"ready_timeout": 0}, "ready_timeout must be more than 0, is 0"),
        ({"stop_grace": -1}, "stop_grace must not be negative, is -1"),
        ({"git": "all"}, "git 'all' is none of none, safe, read-write"),
        ({"image": " "}, "image ' ' is no image reference"),
        ({"image": "-v"}, "image '-v' is no image reference"),
        ({"image": "a\nb"}, r"image 'a\nb' is no image reference"),
        ({"on_drift": "x"}, "on_drift 'x' must be one of replace, report, when-idle"),
        ({"on_drift": "when-idle"}, BUSY),
        ({"idle_path": "x"}, "idle_path 'x' must begin with /"),
        ({"idle_path": "/\n"}, r"idle_path '/\n' must begin with /"),
        ({"credentials": ("a/../b",)}, f"credentials 'a/../b' {INSIDE}"),
        ({"credentials": ("/a",)}, f"credentials '/a' {INSIDE}"),
        ({"credentials": ("a/./b",)}, f"credentials 'a/./b' {INSIDE}"),
        ({"credentials": ("a\n",)}, r"credentials 'a\n' has a control character"),
        ({"credentials": ("a\udcff",)}, r"credentials 'a\udcff' is not UTF-8"),
        (_at("/root"), "mount target '/root' would hide the config at /root/.codex"),
        (_at("/root/.codex"), "mount target '/root/.codex' would hide the config at /root/.codex"),
        (_at("/"), "mount target '/' would hide all of the image"),
        ({**_at("/a/.."), "config_dir": ""}, "mount target '/' would hide all of the image"),
        (
            _at("/root/.codex/x"),
            "mount target '/root/.codex/x' lies inside the config at /root/.codex",
        ),
        (_at("/workspace/"), "mount target '/workspace' is used twice"),
        (_at("/usr/local/bin/inbox"), "mount target '/usr/local/bin/inbox' is used twice"),
        (
            _at("/usr/local/bin/lane-worker"),
            "mount target '/usr/local/bin/lane-worker' is used twice",
        ),
        (_at("/a", "/b", "/a"), "mount target '/a' is used twice"),
        *(
            (
                _at("/a", source=socket),
                f"mount source {socket!r}: podman's socket is never given to a lane",
            )
            for socket in ("/run/podman/podman.sock", "/docker.sock")
        ),
        (_at("/a", source="s"), "mount source 's' is not an absolute path"),
        (_at("a"), "mount target 'a' is not an absolute path"),
    ],
)
def test_invalid_profile_value_is_named_by_its_key(change: dict[str, Any], fault: str) -> None:
    (error,) = validation_errors(LANE, replace(PROFILE, **change))
    assert error == InvalidValue(_key(change), fault)
    assert "s3cret" not in fault


def _key(change: dict[str, Any]) -> tuple[str, ...]:
    (field, value), *_ = change.items()
    named = field == "env" and isinstance(value, dict) and all(isinstance(n, str) for n in value)
    return (field, *value) if named else (field,)


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
def test_what_is_none(change: dict[str, Any]) -> None:
    assert validation_errors(LANE, replace(PROFILE, **change)) == ()


def test_what_the_profile_asks_is_in_the_spec() -> None:
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


def test_all_faults_are_told_at_once() -> None:
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
def test_the_config_lands_in_home_under_its_own_name(config_dir: str, target: str) -> None:
    assert config_target(replace(PROFILE, config_dir=config_dir)) == target
