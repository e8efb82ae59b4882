"""git in a lane, on real podman: what works, and what a lane cannot make the host run."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane
from tests.integration.podman.git_lane import (
    GIT_IMAGE,
    does,
    git,
    inside,
    make_git_image,
    relative,
    repository,
    with_git,
)
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

from lanekit.core.domain.errors import or_raise

pytestmark = [
    pytest.mark.podman,
    pytest.mark.skipif(shutil.which("git") is None, reason="this host has no git"),
]


@pytest.fixture(scope="session", autouse=True)
def git_image(podman: Sandbox) -> str:
    """An image with git."""
    make_git_image(podman, DEMO_IMAGE)
    return GIT_IMAGE


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A repository with two linked worktrees, tree-a and tree-b, and a branch packed-away."""
    folder = tmp_path / "rep o"
    folder.mkdir()
    main = repository(folder)
    for name in ("tree-a", "tree-b"):
        _ = git(main, "worktree", "add", "-q", str(folder / name), "-b", name)
    _ = git(main, "branch", "packed-away")
    _ = git(main, "pack-refs", "--all")
    return main


@pytest.fixture
def safe(real_lane: RealLane, main: Path) -> RealLane:
    """A running lane of tree-a, whose files belong to another user than podman's."""
    for path in (main.parent, *main.parent.rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)
    real = with_git(real_lane, main.parent / "tree-a", "safe")
    assert or_raise(real.lanes().ensure(real.lane)).action == "created"
    return real


def test_git_commit_branch_tag_and_stash_cause_no_drift(safe: RealLane, main: Path) -> None:
    _ = does(safe, "sh", "-c", "echo two > file && git add file && git commit -qm second")
    _ = does(safe, "git", "branch", "more")
    _ = does(safe, "git", "checkout", "-q", "-b", "third")
    _ = does(safe, "git", "tag", "-a", "v1", "-m", "tagged")
    _ = does(safe, "sh", "-c", "echo three > file && git stash push -q")
    assert does(safe, "cat", "/workspace/file") == "two"
    assert does(safe, "git", "status", "--short") == ""
    _ = does(safe, "git", "stash", "apply", "-q")
    assert does(safe, "git", "status", "--short") == "M file"
    assert git(main, "log", "--format=%s", "-1", "third") == "second"
    assert git(main, "tag") == "v1"
    assert "WIP on third" in git(main, "stash", "list")
    # Housekeeping on the host, and the config of another day, are no reason to touch the lane.
    _ = git(main, "gc", "-q")
    _ = git(main, "pack-refs", "--all")
    _ = git(main, "config", "user.name", "Somebody")
    assert or_raise(safe.lanes().ensure(safe.lane)).action == "none"
    assert or_raise(safe.lanes().status(safe.lane)).drift == ()
    _ = does(safe, "git", "log", "-1")


BLOCKED = {
    "gc": "git gc -q",
    "pack-refs": "git pack-refs --all",
    "branch -D": "git branch -D packed-away",
    "branch -D of a loose one": "git branch loose && git branch -D loose",
    "worktree add": "git worktree add -q /tmp/new",
    "config": "git config core.fsmonitor /workspace/evil",
    "prune of others": "git worktree prune -v && test ! -e $C/worktrees/tree-b",
    "remove of others": "git worktree remove --force $C/worktrees/tree-b",
}


@pytest.mark.parametrize("what", BLOCKED)
def test_safe_lane_blocks_git_changes_to_shared_state(
    real_lane: RealLane, main: Path, what: str
) -> None:
    real = with_git(real_lane, main.parent / "tree-a", "safe")
    _ = or_raise(real.lanes().ensure(real.lane))
    before = _others(main)
    command = f"C='{main}/.git'; {BLOCKED[what]}".replace("$C", '"$C"')
    fine, said = inside(real, "sh", "-c", command)
    assert not fine, said
    assert _others(main) == before


@pytest.mark.parametrize("command", ["gc -q", "maintenance run --task=gc"])
def test_git_gc_in_lane_keeps_worktree_metadata(
    real_lane: RealLane, main: Path, command: str
) -> None:
    real = with_git(real_lane, main.parent / "tree-a", "read-write")
    _ = or_raise(real.lanes().ensure(real.lane))
    _ = does(real, "sh", "-c", "echo two > file && git add file")
    known = [path for path in (main / ".git/worktrees").rglob("*") if path.is_file()]
    long_ago = time.time() - 200 * 86_400
    for path in known:
        os.utime(path, (long_ago, long_ago))
    _ = does(real, "git", *command.split())
    assert [path for path in known if not path.exists()] == []
    assert git(main.parent / "tree-a", "status", "--short") == "M  file"


def test_only_locked_worktree_survives_git_prune_in_lane(real_lane: RealLane, main: Path) -> None:
    real = with_git(real_lane, main.parent / "tree-a", "read-write")
    _ = or_raise(real.lanes().ensure(real.lane))
    _ = git(main, "worktree", "lock", str(main.parent / "tree-a"))
    own, other = (main / ".git/worktrees" / name / "HEAD" for name in ("tree-a", "tree-b"))
    _ = does(real, "git", "worktree", "prune")
    assert (own.exists(), other.exists()) == (True, False)


def test_stash_pop_works_but_leaves_the_stash_ref(safe: RealLane, main: Path) -> None:
    # git takes the last stash out of its list, and then cannot delete the ref: it says so.
    for word in ("two", "three"):
        said = does(safe, "sh", "-c", f"echo {word} > file && git stash push -q && git stash pop")
        assert "packed-refs.lock" in said
        assert does(safe, "cat", "/workspace/file") == word
        assert does(safe, "git", "stash", "list") == ""
    assert git(main, "rev-parse", "refs/stash")


def _others(main: Path) -> dict[str, str]:
    """All that steers git on the host, and what belongs to others."""
    paths = [
        main / ".git" / "config",
        main / ".git" / "packed-refs",
        *(main / ".git" / "hooks").rglob("*"),
        *(main / ".git" / "worktrees" / "tree-b").rglob("*"),
        main.parent / "tree-a" / ".git",
        *(main / ".git/worktrees/tree-a" / n for n in ("commondir", "gitdir", "config.worktree")),
    ]
    return {str(path): path.read_text("latin-1") for path in paths if path.is_file()}


PLANTS = ("config", "hooks/pre-commit", "HEAD", "packed-refs", "info/attributes")
OWN_PLANTS = ("commondir", "gitdir", "config.worktree", "modules/sub/config")
OTHER_PLANTS = ("HEAD", "gitdir", "commondir", "config.worktree", "locked")
# busybox has more applets than the image has links to.
WAYS = (
    "echo evil > $P",
    "echo evil > /tmp/x && busybox mv -fT /tmp/x $P",
    "echo evil > /tmp/x && busybox cp -fT /tmp/x $P",
    "busybox rmdir $P",
    "busybox unlink $P",
    "busybox mv -T $P $P.gone",
    "busybox ln -sfn /workspace/evil $P && readlink $P",
    "busybox mount -o bind /workspace/evil $P",
    "busybox umount $P",
    "busybox umount -l $P",
    "busybox mount -o remount,rw,bind $P",
    "mkdir -p /tmp/d && busybox mv -T /tmp/d $P",
)


def test_safe_lane_cannot_write_files_that_control_host_git(safe: RealLane, main: Path) -> None:
    common, own = main / ".git", main / ".git/worktrees/tree-a"
    ran = main.parent / "ran"
    evil = main.parent / "tree-a" / "evil"
    _ = evil.write_text(f"#!/bin/sh\necho ran >> '{ran}'\n")
    evil.chmod(0o755)
    before = _others(main)
    targets = [
        Path("/workspace/.git"),
        common,
        common / "hooks",
        common / "worktrees",
        common / "worktrees/tree-b",
        own,
        common / "objects/info/alternates",
        *(common / name for name in PLANTS),
        *(own / name for name in OWN_PLANTS),
        *(common / "worktrees/tree-b" / name for name in OTHER_PLANTS),
    ]
    for target in targets:
        for way in WAYS:
            fine, said = inside(safe, "sh", "-c", way.replace("$P", f"'{target}'"))
            assert not fine, (way, str(target), said)
            assert "not found" not in said, said
    assert _others(main) == before
    for command in (
        ("config", "core.fsmonitor", "/workspace/evil"),
        ("config", "--worktree", "core.fsmonitor", "/workspace/evil"),
        ("config", "core.hooksPath", "/workspace"),
    ):
        assert not inside(safe, "git", *command)[0]
    # Also where the repository takes up config.worktree only now.
    _ = git(main, "config", "extensions.worktreeConfig", "true")
    assert not inside(safe, "git", "config", "--worktree", "core.fsmonitor", "/workspace/evil")[0]
    for folder in (main, main.parent / "tree-a", main.parent / "tree-b"):
        _ = git(folder, "status", "--short")
        _ = git(folder, "log", "-1")
        _ = git(folder, "commit", "-q", "--allow-empty", "-m", "by the host")
    assert not ran.exists()


def test_read_write_lane_can_make_host_git_run_code(real_lane: RealLane, main: Path) -> None:
    """So that the test above is known to be able to fail; and what read-write means."""
    real = with_git(real_lane, main.parent / "tree-a", "read-write")
    _ = or_raise(real.lanes().ensure(real.lane))
    ran = main.parent / "ran"
    _ = (main.parent / "tree-a/evil").write_text(f"#!/bin/sh\necho ran >> '{ran}'\n")
    (main.parent / "tree-a/evil").chmod(0o755)
    _ = does(real, "git", "config", "core.fsmonitor", f"'{main.parent}/tree-a/evil'")
    _ = git(main, "status")
    assert ran.exists()
    _ = does(real, "git", "branch", "-D", "packed-away")
    _ = does(real, "git", "gc", "-q")
    assert or_raise(real.lanes().ensure(real.lane)).action == "none"


@pytest.mark.parametrize("mode", ["safe", "read-write"])
def test_relative_and_bare_worktrees_can_commit(real_lane: RealLane, main: Path, mode: str) -> None:
    bare = main.parent / "bare.git"
    _ = git(main, "clone", "-q", "--bare", str(main), str(bare))
    of_bare = main.parent / "of-bare"
    _ = git(bare, "worktree", "add", "-q", str(of_bare), "-b", "of-bare")
    relative(main.parent / "tree-a", main / ".git")
    for worktree in (of_bare, main.parent / "tree-a"):
        real = with_git(real_lane, worktree, "safe" if mode == "safe" else "read-write")
        _ = or_raise(real.lanes().ensure(real.lane))
        _ = does(real, "sh", "-c", "echo two > file && git commit -qam second")
        assert git(worktree, "log", "-1", "--format=%s") == "second"
        assert or_raise(real.lanes().ensure(real.lane)).action == "none"


def test_main_worktree_requires_read_write(real_lane: RealLane, main: Path) -> None:
    real = with_git(real_lane, main, "safe")
    refused = real.lanes().ensure(real.lane).failure()
    assert (refused.kind, "git worktree add" in refused.message) == ("InvalidLane", True)
    assert real.containers() == []
    real.profile = replace(real.profile, git="read-write")
    _ = or_raise(real.lanes().ensure(real.lane))
    _ = does(real, "git", "commit", "-q", "--allow-empty", "-m", "inside")
    assert git(main, "log", "-1", "--format=%s") == "inside"


def test_restart_restores_mask_removed_by_host(safe: RealLane, main: Path) -> None:
    pointer = main.parent / "tree-a" / ".git"
    new = main.parent / "new"
    _ = new.write_text(pointer.read_text())
    _ = new.replace(pointer)
    assert [d.field for d in or_raise(safe.lanes().status(safe.lane)).drift] == [
        "mount./workspace/.git"
    ]
    assert or_raise(safe.lanes().ensure(safe.lane)).action == "restarted"
    assert not inside(safe, "rm", "/workspace/.git")[0]
    assert or_raise(safe.lanes().ensure(safe.lane)).action == "none"
    # What lanekit made may be removed again by who tidies up.
    (main / ".git/worktrees/tree-a/config.worktree").unlink()
    assert or_raise(safe.lanes().ensure(safe.lane)).action == "restarted"
    assert not inside(safe, "git", "config", "--worktree", "core.fsmonitor", "/workspace/evil")[0]
    assert not inside(safe, "sh", "-c", f"echo x > '{main}/.git/worktrees/tree-a/config.worktree'")[
        0
    ]
    # What git itself does writes into the files that are there.
    _ = git(main, "worktree", "repair")
    assert or_raise(safe.lanes().ensure(safe.lane)).action == "none"


def test_queries_create_no_mask_and_git_none_mounts_nothing(
    real_lane: RealLane, main: Path
) -> None:
    real = with_git(real_lane, main.parent / "tree-a", "safe")
    mask = main / ".git/worktrees/tree-a/config.worktree"
    _ = or_raise(real.lanes().plan(real.lane))
    _ = or_raise(real.lanes().status(real.lane))
    spec = or_raise(real.lanes().spec(real.lane))
    assert not mask.exists()
    _ = or_raise(real.lanes().ensure(real.lane))
    assert mask.read_bytes() == b""
    (seen,) = real.containers()
    assert sorted(m.target for m in seen.mounts) == sorted(m.target for m in spec.mounts)
    assert {m.target: m.read_only for m in seen.mounts} == {
        m.target: m.read_only for m in spec.mounts
    }
    real.profile = replace(real.profile, git="none")
    done = or_raise(real.lanes().ensure(real.lane))
    assert (done.action, len(done.drift)) == ("replaced", len(spec.mounts) - 3)
    assert not inside(real, "git", "status")[0]


# A user namespace of its own may leave all mounts behind; what is no mount point to it any more, it
# may remove, and with that the mount in every namespace (ADR 22).
ESCAPE = """
mkdir -p /tmp/n
busybox mount -t tmpfs none /tmp/n && mkdir -p /tmp/n/old /tmp/n/bin || exit 90
busybox cp /bin/busybox /tmp/n/bin/busybox
cd "$1"
busybox pivot_root /tmp/n /tmp/n/old || exit 91
/bin/busybox umount -l /old || exit 92
shift
for name in "$@"; do
    /bin/busybox rm -f "./$name"; echo evil > "./$name"
done
exit 0
"""


def test_user_namespace_escapes_mask_but_not_repository(safe: RealLane, main: Path) -> None:
    common, own = main / ".git", main / ".git/worktrees/tree-a"
    _ = does(safe, "sh", "-c", f"cat > /tmp/escape <<'X'\n{ESCAPE}\nX")
    _ = does(safe, "sh", "-c", f"chmod 777 /workspace '{own}'")
    before = _others(main)

    def escape(folder: Path | str, *names: str) -> tuple[bool, str]:
        return inside(safe, "busybox", "unshare", "-Urm", "sh", "/tmp/escape", str(folder), *names)

    if not escape("/tmp")[0]:
        pytest.skip("no user namespace can be made in a container here")
    _ = escape(common, "config", "packed-refs", "hooks/pre-commit")
    _ = escape(common / "worktrees/tree-b", "HEAD", "gitdir", "commondir")
    assert _others(main) == before
    for folder, name in (("/workspace", ".git"), (own, "commondir")):
        path = (main.parent / "tree-a" if folder == "/workspace" else own) / name
        text = path.read_text()
        _ = escape(folder, name)
        assert path.read_text() == "evil\n", "then ADR 22 says too much"
        # Seen by the next look, which goes by what the repository says.
        refused = safe.lanes().ensure(safe.lane).failure()
        assert refused.kind == "InvalidLane"
        path.unlink()
        _ = path.write_text(text)
        assert or_raise(safe.lanes().ensure(safe.lane)).action == "restarted"
        assert not inside(safe, "sh", "-c", f"echo evil > '{folder}/{name}'")[0]
    _ = git(main, "status")
