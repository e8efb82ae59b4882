"""Impossible lanes are refused before anything is touched, each fault in a sentence."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from tests.strategies import lanes, profiles

from lanekit.core.model import BindMount, Lane, Profile
from lanekit.core.spec import config_target, faults

LANE = Lane("ws", "a", "/w")
PROFILE = Profile("/worker", "/inbox", config_dir="/c/.codex")


@given(lanes(), profiles())
def test_possible_lanes_have_no_fault(lane: Lane, profile: Profile) -> None:
    assert faults(lane, profile) == ()


@pytest.mark.parametrize(
    "name",
    [
        "-l",
        "-a",
        "--all",
        " ",
        "a b",
        "a\nb",
        "a\0",
        "é",
        "x" * 201,
        "a/b",
        "n.next",
        "n.prev",
        ".",
    ],
)
def test_only_valid_names_pass(name: str) -> None:
    assert len(faults(replace(LANE, container=name), PROFILE)) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"worktree": "relative"}, "absolute"),
        ({"worktree": ""}, "absolute"),
        ({"worktree": "/a\nb"}, "control"),
        ({"worktree": "/a\udcff"}, "UTF-8"),
        ({"worktree": "/" + "x" * 4096}, "too long"),
        ({"workspace": ""}, "empty"),
        ({"id": "a\0"}, "control"),
    ],
)
def test_faults_of_a_lane(change: dict[str, Any], word: str) -> None:
    lane = replace(LANE, **{"container": "c", **change})
    (fault,) = faults(lane, PROFILE)
    assert word in fault


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"worker": "w"}, "absolute"),
        ({"config_dir": "/"}, "must not be /"),
        ({"env": {"A B": "s3cret"}}, "must match"),
        ({"env": {"HOME": "s3cret"}}, "made by lanekit"),
        ({"env": {"A": "s3cret\0"}}, "cannot be passed"),
        ({"env": {"PATH": "s3cret\nx"}}, "several lines"),
        ({"server_port": 0}, "no port"),
        ({"memory": 0}, "more than 0"),
        ({"cpus": -1.0}, "more than 0"),
        ({"cpus": float("nan")}, "more than 0"),
        ({"pids_limit": 0}, "more than 0"),
        ({"ready_path": "x"}, "must begin"),
        ({"ready_timeout": 0}, "more than 0"),
        ({"stop_grace": -1}, "negative"),
        ({"image": "-v"}, "no image"),
        ({"mounts": (BindMount("/s", "/root"),)}, "hide the config"),
        ({"mounts": (BindMount("/s", "/root/.codex"),)}, "hide the config"),
        ({"mounts": (BindMount("/s", "/"),)}, "hide all of the image"),
        ({"mounts": (BindMount("/s", "/a/.."),), "config_dir": ""}, "hide all of the image"),
        ({"mounts": (BindMount("/s", "/root/.codex/x"),)}, "inside the config"),
        ({"mounts": (BindMount("/s", "/workspace/"),)}, "used twice"),
        ({"mounts": (BindMount("/s", "/a"), BindMount("/t", "/a"))}, "used twice"),
        ({"mounts": (BindMount("/run/podman/podman.sock", "/s"),)}, "never given"),
        ({"mounts": (BindMount("s", "/a"),)}, "absolute"),
    ],
)
def test_faults_of_a_profile(change: dict[str, Any], word: str) -> None:
    (fault,) = faults(LANE, replace(PROFILE, **change))
    assert word in fault
    assert "s3cret" not in fault


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(Lane("", "", "x"), Profile("w", "i", server_port=-1))) == 7


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
