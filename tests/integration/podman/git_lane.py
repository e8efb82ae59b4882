"""A real repository with worktrees on the host, and a lane with git in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.core.domain.lanes import Git

GIT_IMAGE = "localhost/lanekit-git:local"
IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def make_git_image(sandbox: Sandbox, base: str) -> None:
    """The demo image with this host's git and all that it loads, under GIT_IMAGE."""
    git = shutil.which("git")
    assert git is not None
    exec_path = subprocess.check_output([git, "--exec-path"], text=True).strip()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        container = sandbox.run("create", base, "true")
        tar = root / "base.tar"
        _ = sandbox.run("export", "-o", str(tar), container)
        _ = sandbox.run("rm", container)
        tree = root / "root"
        tree.mkdir()
        _ = subprocess.run(["tar", "-C", tree, "-xf", tar], check=True)
        loads = subprocess.check_output(["ldd", git], text=True)
        words = {word for word in loads.split() if word.startswith("/")}
        for path in (git, *sorted(words)):
            _put(tree, path, path)
        _put(tree, git, f"{exec_path}/git")
        (tree / "tmp").mkdir(exist_ok=True)
        done = root / "done.tar"
        _ = subprocess.run(
            ["tar", "-C", tree, "--owner=0", "--group=0", "-cf", done, "."], check=True
        )
        _ = sandbox.run("import", "--quiet", str(done), GIT_IMAGE)


def _put(tree: Path, source: str, path: str) -> None:
    target = tree / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    _ = shutil.copy(source, target)


def git(folder: Path | str, *args: str, check: bool = True) -> str:
    """git on the host."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(folder), *args],
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    """A repository main/ with a commit."""
    main = folder / "main"
    main.mkdir()
    _ = git(main, "init", "-q", "-b", "trunk")
    _ = (main / "file").write_text("one\n")
    _ = git(main, "add", "file")
    _ = git(main, "commit", "-qm", "first")
    return main


def relative(worktree: Path, common: Path) -> None:
    """As git 2.48 writes the pointers with worktree.useRelativePaths."""
    own = common / "worktrees" / worktree.name
    _ = (worktree / ".git").write_text(f"gitdir: {os.path.relpath(own, worktree)}\n")
    _ = (own / "gitdir").write_text(f"{os.path.relpath(worktree / '.git', own)}\n")


def with_git(real: RealLane, worktree: Path, mode: Git) -> RealLane:
    """The lane on that worktree, with that much of git."""
    real.lane = replace(real.lane, worktree=str(worktree))
    real.profile = replace(real.profile, image=GIT_IMAGE, git=mode)
    return real


def inside(real: RealLane, *command: str) -> tuple[bool, str]:
    """Whether a command succeeds in the lane, and what it says."""
    options: Sequence[str] = [f"--env={name}={text}" for name, text in IDENTITY.items()]
    argv = [*real.sandbox.argv, "exec", *options, real.lane.container_name, *command]
    done = subprocess.run(
        argv, env=real.sandbox.env, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode == 0, f"{done.stdout}{done.stderr}".strip()


def does(real: RealLane, *command: str) -> str:
    """What a command says that succeeds in the lane."""
    fine, said = inside(real, *command)
    assert fine, (command, said)
    return said
