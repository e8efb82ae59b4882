"""lanekit init: a lane for each worktree; what it writes is read as what it was made from."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.unit.cli.conftest import Said, stable
from typer.testing import CliRunner

from lanekit.adapters.fleet_file.load import LoadedFleet, load_fleet, parse_fleet
from lanekit.adapters.fleet_file.template import template
from lanekit.adapters.host.git_command import Worktree
from lanekit.cli.app import app
from lanekit.core.domain.validation import identity_errors, path_error

# Any text but what no path can hold; a part that is "." or ".." names another folder.
PARTS = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=40)
PATHS = PARTS.filter(lambda part: part not in (".", "..")).map(lambda part: f"/r/{part}")
BRANCHES = st.text(st.characters(codec="utf-8"), max_size=80)


@given(
    PATHS.filter(lambda p: not path_error(p)),
    st.lists(st.builds(Worktree, PATHS, BRANCHES, usable=st.booleans()), max_size=5),
)
def test_what_init_writes_is_read_as_what_it_was_made_from(
    folder: str, worktrees: list[Worktree]
) -> None:
    made = template(folder, [Worktree(folder), *worktrees])
    fleet = parse_fleet(f"{folder}/lanes.toml", made.text)
    assert isinstance(fleet, LoadedFleet), fleet
    good = [w.path for w in worktrees if w.usable and not path_error(w.path)]
    assert [lane.worktree for lane in fleet.lanes] == good
    assert made.lanes == len(good)
    assert len({lane.container_name for lane in fleet.lanes}) == len(good)
    assert [fault for lane in fleet.lanes for fault in identity_errors(lane, lane.profile)] == []
    assert len(made.left_out) == 1 + len(worktrees) - len(good)


def test_a_worktree_inside_that_is_named_like_a_home_is_no_home() -> None:
    made = template("/r/f", [Worktree("/r/f"), Worktree("/r/f/~x")])
    assert 'worktree = "./~x"' in made.text


def _git(folder: Path, *args: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    _ = subprocess.run(
        ["git", *identity, *args], cwd=folder, check=True, capture_output=True, text=True
    )


def _init(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Said:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, ["init", *options], catch_exceptions=False)
    return Said(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    main = tmp_path / "my repo"
    main.mkdir()
    _git(main, "init", "-q")
    _git(main, "commit", "-q", "--allow-empty", "-m", "first")
    return main


def test_init_writes_a_lane_a_worktree(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _git(repository, "worktree", "add", "-q", "../wt a", "-b", "fix/one")
    _git(repository, "worktree", "add", "-q", "--detach", "../loose")
    _git(repository, "worktree", "add", "-q", "../gone", "-b", "gone")
    os.rename(repository.parent / "gone", repository.parent / "moved")
    said = _init(repository.parent / "wt a", monkeypatch)
    assert said.code == 0
    assert said.err.splitlines()[0] == "wrote ../my repo/lanes.toml: 2 lanes"
    assert sorted(line.rpartition("/")[2] for line in said.err.splitlines()[1:]) == snapshot(
        [
            "  -> fill in worker and inbox, then run `lanekit plan`",
            "gone: does not exist any more",
            "my repo: it is the main worktree, which stays yours",
        ]
    )
    fleet = load_fleet(str(repository / "lanes.toml"))
    assert isinstance(fleet, LoadedFleet)
    assert sorted((lane.name, lane.worktree) for lane in fleet.lanes) == [
        ("my-repo/fix-one", str(repository.parent / "wt a")),
        ("my-repo/loose", str(repository.parent / "loose")),
    ]
    assert {lane.profile.git for lane in fleet.lanes if lane.profile} == {"safe"}


def test_init_writes_over_nothing_unless_told(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "`git worktree add ../NAME`" in _init(repository, monkeypatch).err
    _ = (repository / "lanes.toml").write_text("mine")
    said = _init(repository, monkeypatch)
    assert (said.code, (repository / "lanes.toml").read_text()) == (2, "mine")
    assert stable(said.err) == snapshot(
        "lanekit: TMP/my repo/lanes.toml already exists; --force replaces it and keeps it as TMP/my repo/lanes.toml.bak\n"
    )
    said = _init(repository, monkeypatch, "--force")
    assert said.code == 0
    assert stable(said.err) == snapshot("""\
the previous file is now lanes.toml.bak; copy your settings over
wrote lanes.toml: 0 lanes
  no lane for TMP/my repo: it is the main worktree, which stays yours
  -> add a worktree with `git worktree add ../NAME`, then run `lanekit init --force`
  -> fill in worker and inbox, then run `lanekit plan`
""")
    assert (repository / "lanes.toml").read_text() != "mine"
    assert (repository / "lanes.toml.bak").read_text() == "mine"
    said = _init(repository, monkeypatch, "--force")
    assert (said.code, (repository / "lanes.toml.bak").read_text()) == (2, "mine")
    assert stable(said.err) == snapshot(
        "lanekit: TMP/my repo/lanes.toml.bak already exists (from an earlier --force); move or delete it first\n"
    )
    # What is no file is not moved away.
    (repository / "pipe").mkdir()
    assert _init(repository, monkeypatch, "--force", "--file", str(repository / "pipe")).code == 2
    assert (repository / "pipe").is_dir()
    assert _init(repository, monkeypatch, "--force", "--file", "/dev/null").code == 0
    assert not os.path.lexists("/dev/null.bak")


def test_init_outside_of_a_repository_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = _init(tmp_path, monkeypatch)
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[0] == snapshot("this folder is not in a git repository")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cannot run git" in _init(tmp_path, monkeypatch).err
