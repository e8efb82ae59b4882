"""What a worktree's files say of its repository, and what is refused of a worktree that lies."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from returns.result import Failure

from lanekit.adapters.host.files import DiskFiles
from lanekit.core.application.prepare import prepare
from lanekit.core.domain.errors import InvalidLane, or_raise
from lanekit.core.domain.git_mounts import GitFacts, RequiredPath
from lanekit.core.domain.lanes import Git, Lane, Profile

FILES = DiskFiles()


@dataclass
class Made:
    """A repository as git lays it out, and a linked worktree of it; written by hand."""

    folder: Path

    @property
    def tree(self) -> Path:
        return self.folder / "wt"

    @property
    def common(self) -> Path:
        return self.folder / "main" / ".git"

    @property
    def own(self) -> Path:
        return self.common / "worktrees" / "wt"

    def point(self, pointer: Path | str) -> None:
        _ = (self.tree / ".git").write_text(f"gitdir: {pointer}\n")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made(tmp_path.resolve())
    made.tree.mkdir()
    for name in ("objects/info", "refs", "logs", "worktrees/wt", "worktrees/other"):
        (made.common / name).mkdir(parents=True)
    for name in ("HEAD", "config"):
        _ = (made.common / name).write_text("x")
    for name in ("wt", "other"):
        own = made.common / "worktrees" / name
        _ = (own / "commondir").write_text("../..\n")
        _ = (own / "gitdir").write_text(f"{made.folder / name / '.git'}\n")
    (made.folder / "other").mkdir()
    _ = (made.folder / "other" / ".git").write_text("gitdir: elsewhere\n")
    made.point(made.own)
    return made


def _refused(made: Made) -> InvalidLane:
    result = FILES.git(str(made.tree))
    assert isinstance(result, Failure), result
    error = result.failure()
    assert isinstance(error, InvalidLane)
    return error


def test_linked_worktree_facts_are_read(made: Made) -> None:
    facts = or_raise(FILES.git(f"{made.tree}/"))
    gitfile = f"{made.tree}/.git"
    assert facts == GitFacts(False, gitfile, str(made.own), str(made.common), "wt")


def test_relative_git_pointers_are_resolved(made: Made) -> None:
    made.point("../main/.git/worktrees/wt")
    _ = (made.own / "gitdir").write_text("../../../../wt/.git\n")
    facts = or_raise(FILES.git(str(made.tree)))
    assert (facts.pointer, facts.common) == ("../main/.git/worktrees/wt", str(made.common))


def test_git_pointer_through_a_link_is_resolved(made: Made) -> None:
    (made.folder / "link").symlink_to("main")
    made.point(made.folder / "link/.git/worktrees/wt")
    assert or_raise(FILES.git(str(made.tree))).common == str(made.common)


def test_main_worktree_is_recognized(made: Made) -> None:
    assert or_raise(FILES.git(str(made.common.parent))) == GitFacts(main=True)


def _linked(path: Path) -> None:
    _ = path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _in_the_worktree(made: Made) -> None:
    _ = made.common.rename(made.tree / "mine")
    made.point("mine/worktrees/wt")


def _by_a_link_in_the_worktree(made: Made) -> None:
    (made.tree / "way").symlink_to(made.common / "worktrees" / "wt")
    made.point("way")


def _back_behind_a_link(made: Made) -> None:
    # By its letters this is the lane's own; the system goes another way.
    other = made.folder / "deep" / "er"
    other.mkdir(parents=True)
    (made.folder / "turn").symlink_to("deep/er")
    made.point(f"{made.folder}/turn/../main/.git/worktrees/wt")


LIES: dict[str, tuple[Callable[[Made], object], str]] = {
    "no .git": (lambda m: (m.tree / ".git").unlink(), "no git worktree"),
    ".git is a link": (lambda m: _linked(m.tree / ".git"), "is a link"),
    ".git is a FIFO": (
        lambda m: _fifo(m.tree / ".git"),
        "is a FIFO",
    ),
    "no pointer": (lambda m: (m.tree / ".git").write_text("hello"), "does not say"),
    "empty pointer": (lambda m: m.point(""), "does not say"),
    "endless": (lambda m: m.point("x" * 10_000), "too long"),
    "NUL": (lambda m: m.point("/a\0b"), "cannot be read"),
    "nowhere": (lambda m: m.point("/none/worktrees/wt"), "missing"),
    "another's": (lambda m: m.point(m.own.with_name("other")), "is another worktree's"),
    "no worktree's": (lambda m: m.point(m.common), "no linked worktree"),
    "own in the worktree": (_in_the_worktree, "inside the lane's worktree"),
    "by a link": (_by_a_link_in_the_worktree, "by a link"),
    "back behind a link": (_back_behind_a_link, "missing"),
    "commondir elsewhere": (lambda m: (m.own / "commondir").write_text("/evil"), "commondir"),
    "commondir a link": (lambda m: _linked(m.own / "commondir"), "cannot be read"),
    "gitdir a link": (lambda m: _linked(m.own / "gitdir"), "cannot be read"),
    "gitdir gone": (lambda m: (m.own / "gitdir").unlink(), "cannot be read"),
    "gitdir names nothing": (lambda m: (m.own / "gitdir").write_text("/none"), "cannot be read"),
    "config.worktree a link": (
        lambda m: (m.own / "config.worktree").symlink_to("/etc/passwd"),
        "config.worktree is a link",
    ),
    "modules a link": (lambda m: (m.own / "modules").symlink_to("/"), "modules is a link"),
    "refs a link": (lambda m: _linked(m.common / "refs"), "refs is a link"),
    "logs a link": (lambda m: _linked(m.common / "logs"), "logs is a link"),
    "objects a link": (lambda m: _linked(m.common / "objects"), "objects is a link"),
    "info a link": (lambda m: _linked(m.common / "objects/info"), "objects/info is a link"),
    "config missing": (lambda m: (m.common / "config").unlink(), "config is missing"),
    "alternates": (
        lambda m: (m.common / "objects/info/alternates").write_text("/x"),
        "borrows objects",
    ),
    "reftable": (lambda m: (m.common / "reftable").mkdir(), "reftable"),
}


@pytest.mark.parametrize("lie", LIES)
def test_invalid_worktree_is_rejected_without_changes(made: Made, lie: str) -> None:
    spoil, word = LIES[lie]
    _ = spoil(made)
    before = sorted(made.folder.rglob("*"))
    error = _refused(made)
    assert word in f"{error.message} {error.detail}", error
    assert error.hints
    assert sorted(made.folder.rglob("*")) == before


@pytest.mark.parametrize("mode", ["safe", "read-write"])
def test_repository_with_podman_socket_is_rejected(
    made: Made, mode: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = made.folder / "worker"
    _ = worker.write_text("#!/bin/sh\n")
    worker.chmod(0o755)
    profile = Profile(str(worker), str(worker), git=mode)
    lane = Lane("ws", "a", str(made.tree))
    assert not isinstance(prepare(FILES, lane, profile), Failure)
    monkeypatch.setenv("XDG_RUNTIME_DIR", f"{made.common}/refs")
    refused = prepare(FILES, lane, profile)
    assert isinstance(refused, Failure)
    assert "podman's socket" in refused.failure().message
    assert not (made.own / "config.worktree").exists()


def test_ensure_paths_makes_missing_and_keeps_existing_paths(made: Made) -> None:
    _ = (made.own / "there").write_text("mine")
    (made.own / "link").symlink_to(made.folder / "not-made")
    wanted = [RequiredPath(f"{made.own}/{name}", "file") for name in ("new", "there", "link")]
    wanted.append(RequiredPath(f"{made.own}/modules", "folder"))
    for _round in range(2):
        assert not isinstance(FILES.ensure_paths(wanted), Failure)
    assert (made.own / "new").read_bytes() == b""
    assert (made.own / "there").read_text() == "mine"
    assert list((made.own / "modules").iterdir()) == []
    assert not (made.folder / "not-made").exists()
    refused = FILES.ensure_paths([RequiredPath("/proc/none/x", "file")])
    assert isinstance(refused, Failure)
    assert "/proc/none/x" in refused.failure().message
