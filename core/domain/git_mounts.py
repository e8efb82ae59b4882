"""GitFacts x mode -> the mounts and variables that make git work in a lane, or why it cannot.

The mode `safe` gives nothing to write that git on the host would run or steer by; see ADR 22.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import WORKSPACE_PATH, EnvVar, Mount
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.lanes import Git

WRITABLE = ("objects", "refs", "logs")
"""Of the common dir: what a commit, a branch, a tag and a stash write."""
STEERING = ("commondir", "gitdir", "config.worktree", "modules")
"""Of the worktree's own dir: what git on the host obeys, or a submodule's config and hooks."""

# Hidden, the image would not work; and what the runtime lets nobody mount over.
_SYSTEM = frozenset(
    f"/{name}"
    for name in (
        *("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "opt", "proc", "root"),
        *("run", "sbin", "srv", "sys", "tmp", "usr", "var"),
    )
)
_KERNELS = ("/dev", "/proc", "/sys")
# In a container git finds no worktree at its path, not even its own, and a gc, which a commit may
# begin, would remove what the repository knows of each: its HEAD and its index.
_ENV: Mapping[str, str] = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": WORKSPACE_PATH,
    "GIT_CONFIG_KEY_1": "gc.worktreePruneExpire",
    "GIT_CONFIG_VALUE_1": "never",
}


@dataclass(frozen=True)
class GitFacts:
    """What the host's files say of a worktree.

    `main`: its .git is the repository itself; the rest is then empty. `gitfile` is the host path of
    the worktree's .git, `pointer` the path in it, as written. `common` is the repository's common
    dir on the host, links resolved; the worktree's own dir is `common`/worktrees/`own`.
    """

    main: bool = False
    gitfile: str = ""
    pointer: str = ""
    common: str = ""
    own: str = ""


@dataclass(frozen=True)
class RequiredPath:
    """What has to be on the host before a container starts: an empty file or folder, if none."""

    path: str
    kind: Literal["file", "folder"]


@dataclass(frozen=True)
class GitAccess:
    """What a lane gets for git. Parents stand before what is mounted below them."""

    mounts: tuple[Mount, ...] = ()
    env: tuple[EnvVar, ...] = ()
    required_paths: tuple[RequiredPath, ...] = ()


NO_GIT = GitAccess()


def git_access(facts: GitFacts, mode: Git, env: Mapping[str, str]) -> GitAccess:
    """The access of a lane whose profile sets `env`. Total: `git_faults` says if it makes sense."""
    if mode == "none":
        return NO_GIT
    # Who sets some of these means all of them: they are counted.
    own = () if any(name in env for name in _ENV) else _ENV.items()
    variables = tuple(EnvVar(name, value, secret=False) for name, value in own)
    if facts.main:
        return GitAccess(env=variables)
    if mode == "read-write":
        return GitAccess((Mount(facts.common, common_target(facts)),), variables)
    return GitAccess(tuple(_safe_mounts(facts)), variables, tuple(_to_make(facts)))


def common_target(facts: GitFacts) -> str:
    """Where git in the container, standing in /workspace, finds the common dir."""
    return clean(f"{_own_target(facts)}/../..")


def _own_target(facts: GitFacts) -> str:
    pointer = facts.pointer
    return clean(pointer if pointer.startswith("/") else f"{WORKSPACE_PATH}/{pointer}")


def _safe_mounts(facts: GitFacts) -> Iterator[Mount]:
    target, own = common_target(facts), f"worktrees/{facts.own}"
    # A pointer that a lane could write would lead git on the host to a config of the lane's.
    yield Mount(facts.gitfile, f"{WORKSPACE_PATH}/.git", read_only=True)
    yield Mount(facts.common, target, read_only=True)
    for name in (*WRITABLE, own):
        yield Mount(f"{facts.common}/{name}", f"{target}/{name}")
    for name in ("objects/info", *(f"{own}/{name}" for name in STEERING)):
        yield Mount(f"{facts.common}/{name}", f"{target}/{name}", read_only=True)


def _to_make(facts: GitFacts) -> Iterator[RequiredPath]:
    own = f"{facts.common}/worktrees/{facts.own}"
    # Nothing can be made below what is mounted read-only, and what is missing cannot be kept so.
    yield RequiredPath(f"{facts.common}/logs", "folder")
    yield RequiredPath(f"{facts.common}/objects/info", "folder")
    yield RequiredPath(f"{own}/config.worktree", "file")
    yield RequiredPath(f"{own}/modules", "folder")


def git_faults(
    facts: GitFacts, mode: Git, targets: tuple[str, ...], config_target: str
) -> Iterator[str]:
    """Why the lane cannot have this access; `targets` are those of its other mounts."""
    if facts.main:
        if mode == "safe":
            yield (
                "git: this is a repository's main worktree, and git cannot write to it without "
                'being able to write its config and hooks: "safe" takes a linked one '
                "(`git worktree add PATH BRANCH`)"
            )
    elif mode != "none":
        yield from _place_faults(facts, targets, config_target)
        mask = f"{WORKSPACE_PATH}/.git"
        others = [target for target in map(clean, targets) if target != WORKSPACE_PATH]
        if mode == "safe" and any(_overlap(mask, target) for target in others):
            yield f"git: another mount is at {mask}"


def _place_faults(facts: GitFacts, targets: tuple[str, ...], config_target: str) -> Iterator[str]:
    target = common_target(facts)
    if f"{target}/worktrees/{facts.own}" != _own_target(facts):
        yield f"git: the .git file leads to {facts.pointer!r}, which is no place of a worktree"
    if target in _SYSTEM or target == "/" or target.startswith(tuple(f"{k}/" for k in _KERNELS)):
        yield f"git: the repository would hide {target} in the container"
    for other in (*targets, *([config_target] if config_target else [])):
        if _overlap(target, clean(other)):
            yield (
                f"git: the repository has to be at {target} in the container, "
                f"which is also a place of {other}"
            )


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
