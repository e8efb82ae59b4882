"""What a lane gets of a repository, and what it must never get."""

from dataclasses import replace

import pytest
from hypothesis import given
from tests.support.strategies.git import git_facts

from lanekit.core.domain.containers import INBOX_PATH, WORKER_PATH, WORKSPACE_PATH, EnvVar, Mount
from lanekit.core.domain.git_mounts import (
    NO_GIT,
    STEERING,
    WRITABLE,
    GitAccess,
    GitFacts,
    RequiredPath,
    common_target,
    git_access,
    git_faults,
)
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.lanes import Git

OTHERS = (WORKSPACE_PATH, WORKER_PATH, INBOX_PATH)
FACTS = GitFacts(False, "/h/wt/.git", "/h/main/.git/worktrees/wt", "/h/main/.git", "wt")


def _seen_at(access: GitAccess, path: str) -> Mount | None:
    """The mount that a path of the container is of."""
    over = [m for m in access.mounts if f"{path}/".startswith(f"{m.target}/")]
    return max(over, key=lambda m: len(m.target), default=None)


def _host(access: GitAccess, path: str) -> str:
    mount = _seen_at(access, path)
    return "" if mount is None else mount.source + path[len(mount.target) :]


def _may_write(access: GitAccess, path: str) -> bool:
    mount = _seen_at(access, path)
    return mount is not None and not mount.read_only


@given(git_facts())
def test_git_mode_none_gives_no_access(facts: GitFacts) -> None:
    assert git_access(facts, "none", {}) == NO_GIT
    assert list(git_faults(facts, "none", OTHERS, "/root/.codex")) == []


@given(git_facts())
def test_git_pointer_leads_to_its_own_writable_git_dir(facts: GitFacts) -> None:
    for access in (git_access(facts, "safe", {}), git_access(facts, "read-write", {})):
        own = clean(f"{WORKSPACE_PATH}/{facts.pointer}")
        if facts.pointer.startswith("/"):
            own = clean(facts.pointer)
        assert _host(access, own) == f"{facts.common}/worktrees/{facts.own}"
        assert _may_write(access, f"{own}/HEAD")
        assert _may_write(access, f"{own}/index.lock")


@given(git_facts())
def test_safe_mode_cannot_write_files_that_affect_the_host(facts: GitFacts) -> None:
    access, common = git_access(facts, "safe", {}), common_target(facts)
    own = f"{common}/worktrees/{facts.own}"
    for name in ("", "/config", "/hooks/pre-commit", "/HEAD", "/packed-refs", "/info/exclude"):
        assert not _may_write(access, common + name)
    for name in ("/worktrees", "/worktrees/another-one/HEAD", "/objects/info/alternates"):
        assert not _may_write(access, common + name)
    for name in (*STEERING, "modules/sub/config"):
        assert not _may_write(access, f"{own}/{name}")
    assert not _may_write(access, f"{WORKSPACE_PATH}/.git")
    assert all(_may_write(access, f"{common}/{name}/new") for name in WRITABLE)


@given(git_facts())
def test_parent_mounts_precede_children_without_duplicates(facts: GitFacts) -> None:
    targets = [mount.target for mount in git_access(facts, "safe", {}).mounts]
    assert len(set(targets)) == len(targets)
    for at, target in enumerate(targets):
        assert not any(target.startswith(f"{later}/") for later in targets[at + 1 :])


@given(git_facts())
def test_required_paths_are_mounted_and_only_in_safe_mode(facts: GitFacts) -> None:
    access = git_access(facts, "safe", {})
    sources = {mount.source for mount in access.mounts}
    assert {one.path for one in access.required_paths} <= sources
    assert git_access(facts, "read-write", {}).required_paths == ()


@given(git_facts())
def test_git_variables_are_public_and_yield_to_profile(facts: GitFacts) -> None:
    env = {var.name: var.value for var in git_access(facts, "safe", {"A": "b"}).env}
    assert env == {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "/workspace",
        "GIT_CONFIG_KEY_1": "gc.worktreePruneExpire",
        "GIT_CONFIG_VALUE_1": "never",
    }
    assert not any(var.secret for var in git_access(facts, "safe", {}).env)
    for name in env:
        assert git_access(facts, "safe", {name: "x"}).env == ()


@given(git_facts())
def test_repository_without_path_conflict_has_no_errors(facts: GitFacts) -> None:
    assert list(git_faults(facts, "safe", OTHERS, "/root/.codex")) == []
    assert list(git_faults(facts, "read-write", OTHERS, "/root/.codex")) == []


@pytest.mark.parametrize(
    ("pointer", "word"),
    [
        ("/workspace/x/.git/worktrees/wt", "/workspace"),
        ("x/.git/worktrees/wt", "/workspace"),
        ("/worktrees/wt", "hide /"),
        ("../bin/worktrees/wt", "hide /bin"),
        ("/usr/worktrees/wt", "hide /usr"),
        ("/proc/1/worktrees/wt", "hide /proc/1"),
        ("/usr/local/bin/worktrees/wt", "/usr/local/bin/lane-worker"),
        ("/root/.codex/.git/worktrees/wt", "/root/.codex"),
        ("/data/.git/worktrees/wt", "/data/.git/x"),
        ("/h/main/.git/worktrees/other", "no place of a worktree"),
        ("/h/main/.git/worktrees/wt/../../..", "no place of a worktree"),
    ],
)
def test_repository_with_path_conflict_is_rejected(pointer: str, word: str) -> None:
    facts = replace(FACTS, pointer=pointer)
    targets = (*OTHERS, "/data/.git/x")
    for mode in ("safe", "read-write"):
        faults = list(git_faults(facts, mode, targets, "/root/.codex"))
        assert any(word in fault for fault in faults), faults


def test_mount_over_git_pointer_is_rejected() -> None:
    (fault,) = git_faults(FACTS, "safe", (*OTHERS, "/workspace/.git/x"), "")
    assert "/workspace/.git" in fault


def test_main_worktree_rejects_safe_mode() -> None:
    (fault,) = git_faults(GitFacts(main=True), "safe", OTHERS, "")
    assert "git worktree add" in fault
    assert list(git_faults(GitFacts(main=True), "read-write", OTHERS, "")) == []
    assert git_access(GitFacts(main=True), "read-write", {}).mounts == ()


ENV = (
    EnvVar("GIT_CONFIG_COUNT", "2", secret=False),
    EnvVar("GIT_CONFIG_KEY_0", "safe.directory", secret=False),
    EnvVar("GIT_CONFIG_VALUE_0", "/workspace", secret=False),
    EnvVar("GIT_CONFIG_KEY_1", "gc.worktreePruneExpire", secret=False),
    EnvVar("GIT_CONFIG_VALUE_1", "never", secret=False),
)


def test_git_access_lists_all_mounts_of_each_mode() -> None:
    common, own = "/h/main/.git", "/h/main/.git/worktrees/wt"
    assert git_access(FACTS, "read-write", {}) == GitAccess((Mount(common, common),), ENV)
    assert git_access(GitFacts(main=True), "safe", {}) == GitAccess(env=ENV)
    steering = ("commondir", "gitdir", "config.worktree", "modules")
    assert git_access(FACTS, "safe", {}) == GitAccess(
        (
            Mount("/h/wt/.git", "/workspace/.git", read_only=True),
            Mount(common, common, read_only=True),
            *(Mount(f"{common}/{name}", f"{common}/{name}") for name in WRITABLE),
            Mount(own, own),
            Mount(f"{common}/objects/info", f"{common}/objects/info", read_only=True),
            *(Mount(f"{own}/{name}", f"{own}/{name}", read_only=True) for name in steering),
        ),
        ENV,
        (
            RequiredPath(f"{common}/logs", "folder"),
            RequiredPath(f"{common}/objects/info", "folder"),
            RequiredPath(f"{own}/config.worktree", "file"),
            RequiredPath(f"{own}/modules", "folder"),
        ),
    )


def _faults(pointer: str, *targets: str, config: str = "", mode: Git = "read-write") -> list[str]:
    facts = replace(FACTS, pointer=pointer)
    return [fault.removeprefix("git: ") for fault in git_faults(facts, mode, targets, config)]


def test_git_errors_have_exact_messages() -> None:
    fine = "/h/main/.git/worktrees/wt"
    assert _faults("/a/b/wt") == [
        "the .git file leads to '/a/b/wt', which is no place of a worktree"
    ]
    assert _faults("/usr/worktrees/wt") == ["the repository would hide /usr in the container"]
    assert _faults("/root/worktrees/wt") == ["the repository would hide /root in the container"]
    assert _faults("/worktrees/wt")[1:] == ["the repository would hide / in the container"]
    assert _faults("/sys/x/worktrees/wt") == ["the repository would hide /sys/x in the container"]
    has_to = "the repository has to be at /h/main/.git in the container, which is also a place of"
    assert _faults(fine, "/h", "/x/../h/main/.git/a", "/h/other", config="/h/main/.git/c") == [
        f"{has_to} /h",
        f"{has_to} /x/../h/main/.git/a",
        f"{has_to} /h/main/.git/c",
    ]
    over = "another mount is at /workspace/.git"
    assert _faults(fine, "/workspace", "/workspace/.git/x", mode="safe") == [over]
    assert _faults(fine, "/workspace/./", "/workspace/.git", mode="safe") == [over]
    assert _faults(fine, "/workspace/.git", mode="read-write") == []
    assert list(git_faults(GitFacts(main=True), "safe", (), "")) == [
        "git: this is a repository's main worktree, and git cannot write to it without being able "
        'to write its config and hooks: "safe" takes a linked one (`git worktree add PATH BRANCH`)'
    ]
    assert list(git_faults(GitFacts(main=True), "none", (), "")) == []
    assert list(git_faults(FACTS, "none", ("/h",), "")) == []
