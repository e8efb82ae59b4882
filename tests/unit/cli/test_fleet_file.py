"""The fleet file: what is read, and each fault with its key, its line, and no secret."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from tests.support.strategies.fleet_files import PlantedFleet, planted_fleets

from lanekit.adapters.fleet_file.load import (
    InvalidFleetFile,
    LoadedFleet,
    load_fleet,
    nearest_fleet_file,
    parse_fleet,
)
from lanekit.adapters.fleet_file.schema import PROFILE_KINDS
from lanekit.core.domain.lanes import DEFAULT_IMAGE, BindMount, Lane, Profile

SECRET = "s3cret-value"
LANE = '[[lane]]\nworkspace = "ws"\nid = "a"\nworktree = "wt"\n'
PROFILE = '[profile]\nworker = "bin/w"\ninbox = "bin/i"\n'


def _fleet(text: str, path: str = "/fleet/lanes.toml") -> tuple[Lane, ...]:
    fleet = parse_fleet(path, text)
    assert isinstance(fleet, LoadedFleet), fleet
    return fleet.lanes


def _faults(text: str) -> list[str]:
    """The faults without the path before them: LINE: KEY: SENTENCE."""
    bad = parse_fleet("/fleet/lanes.toml", text)
    assert isinstance(bad, InvalidFleetFile), bad
    return [line.removeprefix("/fleet/lanes.toml:") for line in bad.lines]


def _profile_of(text: str) -> Profile:
    profile = _fleet(text)[0].profile
    assert profile is not None
    return profile


@given(planted_fleets())
def test_a_fault_is_reported_once_on_the_line_it_was_planted_on(planted: PlantedFleet) -> None:
    assert [fault.split(": ")[:2] for fault in _faults(planted.text)] == [
        [str(planted.line), planted.key]
    ]


def test_all_keys_are_read() -> None:
    text = (
        '[profile]\nimage = "i"\nworker = "w"\ninbox = "../i"\nserver_port = 9\n'
        'config_dir = "/c"\nmemory = "2g"\ncpus = 2\npids_limit = 7\nready_path = "/r"\n'
        "ready_timeout = 1.5\nstop_grace = 0\n"
        'git = "safe"\ncredentials = ["auth.json", "d/x"]\n'
        'mounts = [{source = "s", target = "/t", read_only = true}, {source="x", target="/u"}]\n'
        '[profile.env]\nA = "1"\n' + LANE + 'container = "c"\n'
    )
    expected = Profile(
        image="i",
        worker="/fleet/w",
        inbox="/i",
        server_port=9,
        config_dir="/c",
        memory=2 << 30,
        cpus=2.0,
        pids_limit=7,
        ready_path="/r",
        ready_timeout=1.5,
        stop_grace=0.0,
        git="safe",
        credentials=("auth.json", "d/x"),
        mounts=(BindMount("/fleet/s", "/t", True), BindMount("/fleet/x", "/u")),
        env={"A": "1"},
    )
    own = "/fleet/lanes.toml"
    assert _fleet(text) == (Lane("ws", "a", "/fleet/wt", "c", expected, own),)
    (named,) = _fleet('fleet = "mine"\n' + text)
    assert named == Lane("ws", "a", "/fleet/wt", "c", expected, "mine")


def test_the_keys_of_a_profile_are_the_fields_of_profile() -> None:
    fields = {field.name for field in dataclasses.fields(Profile)}
    assert {*PROFILE_KINDS, "env", "mounts"} == fields


def test_without_optional_keys_the_defaults_of_the_reference_hold() -> None:
    profile = _profile_of(PROFILE + LANE)
    assert (profile.image, profile.server_port, profile.config_dir) == (DEFAULT_IMAGE, 8080, "")
    assert _fleet(PROFILE + LANE)[0].container_name == "ws-a"


def test_a_lane_overrides_the_profile_and_its_env_is_added() -> None:
    lane = LANE + 'image = "own"\nenv = {B = "lane", C = "3"}\nconfig_dir = ""\nmounts = []\n'
    common = 'config_dir = "c"\nmounts = [{source = "s", target = "/t"}]\n'
    common += 'env = {A = "1", B = "profile"}\n'
    first, second = _fleet(PROFILE + common + lane + LANE.replace('"a"', '"b"'))
    assert first.profile is not None
    assert second.profile is not None
    assert first.profile.env == {"A": "1", "B": "lane", "C": "3"}
    assert (first.profile.image, first.profile.config_dir, first.profile.mounts) == ("own", "", ())
    assert second.profile.env == {"A": "1", "B": "profile"}
    assert second.profile.image == DEFAULT_IMAGE


def test_worker_and_inbox_may_stand_in_every_lane_instead() -> None:
    assert _profile_of(LANE + 'worker = "w"\ninbox = "i"\n').worker == "/fleet/w"


@pytest.mark.parametrize(
    ("size", "number"),
    [("512", 512), ('"512"', 512), ('"4b"', 4), ('"3K"', 3072), ('"512m"', 512 << 20)],
)
def test_memory_is_bytes_or_text_with_a_unit(size: str, number: int) -> None:
    assert _profile_of(PROFILE + f"memory = {size}\n" + LANE).memory == number


def test_a_path_of_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert _profile_of(PROFILE + 'config_dir = "~/c"\n' + LANE).config_dir == "/home/me/c"


def test_somebody_elses_home_is_refused() -> None:
    assert _faults(PROFILE + 'config_dir = "~you/c"\n' + LANE) == snapshot(
        [
            '4: profile.config_dir: found \'~you/c\', expected a path in a string ("~/" is your home folder; "~NAME/" is not supported), or "" for none'
        ]
    )


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("colour = 1\n", snapshot(["1: colour: unknown key; the keys are fleet, profile, lane"])),
        ("profle = 1\n", snapshot(["1: profle: unknown key; did you mean profile?"])),
        (
            "[lane]\nid = 'a'\n",
            snapshot(["1: lane: found a table, expected [[lane]], with two brackets"]),
        ),
        ("lane = [1]\n", snapshot(["1: lane[0]: found 1, expected a table: [[lane]]"])),
        ("profile = 'x'\n", snapshot(["1: profile: found 'x', expected a table: [profile]"])),
        (
            LANE,
            snapshot(
                [
                    '1: profile.worker: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
                    '1: profile.inbox: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
                ]
            ),
        ),
        (
            LANE + "worker = 'w'\ninbox = 'i'\n" + LANE.replace('"a"', '"b"'),
            snapshot(
                [
                    '7: lane[1].worker: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
                    '7: lane[1].inbox: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
                ]
            ),
        ),
        (
            PROFILE + "[[lane]]\n",
            snapshot(
                [
                    "4: lane[0].workspace: is missing, expected a string that is not empty",
                    "4: lane[0].id: is missing, expected a string that is not empty",
                    '4: lane[0].worktree: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
                ]
            ),
        ),
        (
            PROFILE + "mounts = [{target = '/t'}]\n" + LANE,
            snapshot(
                [
                    '4: profile.mounts[0].source: is missing, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)'
                ]
            ),
        ),
        (
            PROFILE + LANE + LANE,
            snapshot(["8: lane[1]: has the same workspace and id as lane[0]: ws/a"]),
        ),
        (
            PROFILE + LANE + LANE.replace('"a"', '"b"') + 'container = "ws-a"\n',
            snapshot(["8: lane[1]: has the same container as lane[0]: ws-a"]),
        ),
        (
            PROFILE + "'od\\u001bd' = 1\n" + LANE,
            snapshot(
                [
                    "4: profile.'od\\\\u001bd': unknown key; the keys are image, worker, inbox, server_port, config_dir, memory, cpus, pids_limit, ready_path, ready_timeout, stop_grace, git, credentials, on_drift, idle_path, env, mounts"
                ]
            ),
        ),
        (
            PROFILE + '"od\\u001bd" = 1\n' + LANE,
            snapshot(
                [
                    "4: profile.'od\\x1bd': unknown key; the keys are image, worker, inbox, server_port, config_dir, memory, cpus, pids_limit, ready_path, ready_timeout, stop_grace, git, credentials, on_drift, idle_path, env, mounts"
                ]
            ),
        ),
        (
            PROFILE + "memory = 99999999999999999999\n" + LANE,
            snapshot(
                [
                    '4: profile.memory: found a number beyond 64 bits, expected a number of bytes, or a string like "512m" or "2g"'
                ]
            ),
        ),
        ("x = 1\nx = 2\n", snapshot(["2: Cannot overwrite a value"])),
        ("x = [1\n", snapshot(["1: Unclosed array (at end of document)"])),
    ],
)
def test_each_fault_says_where_what_and_what_was_expected(text: str, faults: list[str]) -> None:
    assert _faults(text) == faults


def test_all_faults_are_told_at_once_those_of_the_core_too() -> None:
    text = PROFILE + "server_port = 0\nmemory = 'x'\ncolour = 1\n" + LANE + 'container = "-"\n'
    assert [line.split(": ")[1] for line in _faults(text)] == [
        "profile.server_port",
        "profile.memory",
        "profile.colour",
        "lane[0].container",
    ]


def test_a_fault_of_the_profile_is_told_once_for_all_lanes() -> None:
    lanes = LANE + LANE.replace('"a"', '"b"') + LANE.replace('"a"', '"c"')
    env = '[profile.env]\nHOME = "x"\n'
    assert len(_faults(PROFILE + "ready_path = 'x'\n" + env + lanes)) == 2


def test_what_stands_in_for_a_missing_value_is_never_shown() -> None:
    text = PROFILE + '[[lane]]\nid = "a b"\nserver_port = 0\n'
    assert [line.split(": ")[1] for line in _faults(text)] == [
        "lane[0].workspace",
        "lane[0].worktree",
        "lane[0].server_port",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f'[profile.env]\nHOME = "{SECRET}"\n',
        f'[profile.env]\nA = ["{SECRET}"]\n',
        f'[profile.env]\nA.B = "{SECRET}"\n',
        f'[profile.env]\n"A B" = "{SECRET}"\nC = "{SECRET}\\u0000"\n',
        f'[profile]\nenv = "{SECRET}"\n',
        f'[profile]\nTOKEN = "{SECRET}"\n',
        f'[profile]\nenv = ["{SECRET}"]\n',
        f'[profile.enf]\nTOKEN = "{SECRET}"\n',
        f'[[lane]]\nenv = {{ TOKEN = 1, HOME = "{SECRET}" }}\n',
        f'[profile.env]\nTOKEN = "{SECRET}" x\n',
        f'[profile.env]\nTOKEN = "{SECRET}\n',
        f"[profile.env]\nTOKEN = {SECRET}\n",
        f'[profile.env]\nTOKEN = "{SECRET}"\nTOKEN = "{SECRET}"\n',
        f"[profile.env]\nTOKEN = 1{'0' * 5000}\n# {SECRET}\n",
    ],
)
def test_no_fault_shows_what_stands_under_env(text: str) -> None:
    assert SECRET not in "\n".join(_faults(text))


def test_a_file_that_is_found_is_the_nearest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "a" / "b"
    (below / "lanes.toml").mkdir(parents=True)  # a folder of that name is none
    (tmp_path / "lanes.toml").touch()
    monkeypatch.chdir(below)
    assert nearest_fleet_file() == str(tmp_path / "lanes.toml")
    (tmp_path / "a" / "lanes.toml").touch()
    assert nearest_fleet_file() == str(tmp_path / "a" / "lanes.toml")


def test_paths_count_from_the_folder_the_file_is_in_its_links_resolved(tmp_path: Path) -> None:
    real = tmp_path / "real" / "sub"
    real.mkdir(parents=True)
    _ = (real / "lanes.toml").write_text(PROFILE + LANE.replace('"wt"', '"../wt"'))
    (tmp_path / "link").symlink_to(real)
    fleet = load_fleet(str(tmp_path / "link" / "lanes.toml"))
    assert isinstance(fleet, LoadedFleet)
    assert fleet.lanes[0].worktree == str(tmp_path / "real" / "wt")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "lanes.toml"
    _ = path.write_bytes(b"\xef\xbb\xbf" + (PROFILE + LANE).encode())
    assert isinstance(load_fleet(str(path)), LoadedFleet)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = '\xff'\n", ":2: is not UTF-8 text"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, ": is nested too deeply"),
        (b"#" * (9 << 20), ": is larger than 8 MiB, too large for a fleet file"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "lanes.toml"
    _ = path.write_bytes(content)
    assert load_fleet(str(path)) == InvalidFleetFile((f"{path}{words}",))


def test_what_cannot_be_read_is_refused_with_the_systems_words(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        bad = load_fleet(str(path))
        assert isinstance(bad, InvalidFleetFile)
        assert bad.lines[0].startswith(f"{path}: cannot be read: ")
    assert os.listdir(tmp_path) == []


def test_busy_path_is_read_as_idle_path_with_a_warning() -> None:
    fleet = parse_fleet("/f/lanes.toml", PROFILE + 'busy_path = "/p"\n' + LANE + 'busy_path = "/l"')
    assert isinstance(fleet, LoadedFleet)
    assert [lane.profile.idle_path for lane in fleet.lanes if lane.profile] == ["/l"]
    assert fleet.warnings == snapshot(
        (
            "/f/lanes.toml:4: profile.busy_path: is now called idle_path; rename it",
            "/f/lanes.toml:9: lane[0].busy_path: is now called idle_path; rename it",
        )
    )


def test_busy_path_beside_idle_path_is_an_error() -> None:
    text = PROFILE + 'idle_path = "/i"\nbusy_path = "/p"\n' + LANE
    assert _faults(text) == snapshot(
        ["5: profile.busy_path: is the old name of idle_path, which is set too"]
    )


def test_busy_path_in_a_lane_overrides_idle_path_of_the_profile() -> None:
    text = PROFILE + 'idle_path = "/i"\n' + LANE + 'busy_path = "/l"\n'
    assert _profile_of(text).idle_path == "/l"
