"""The text of a new lanes.toml, for the worktrees of a repository."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.validation import path_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanekit.adapters.host.git_command import Worktree

_MAX_NAME_CHARS = 60
_HEAD = """\
# The lanes of this repository: one container for each git worktree, for a coding agent to work in.
# Paths are relative to this file. `lanekit plan` shows what `lanekit ensure` would do.

[profile]
image = "localhost/ai-workflow-agent-runner:local"
worker = "WORKER"             # fill in: the program to run; it answers HTTP on port 31417
inbox = "INBOX"               # fill in: mounted at /usr/local/bin/inbox; an empty file will do
git = "safe"                  # git can commit, branch, stash and tag; or "none", "read-write"
# config_dir = "~/.codex"     # a folder that is copied to /root/.codex
# credentials = ["auth.json"] # files in config_dir whose changes never replace a container
# on_drift = "report"         # do not replace a container that differs, only report it
# memory = "2g"
# cpus = 2
# pids_limit = 512
# ready_timeout = 30          # seconds that a worker may take to answer
# stop_grace = 10             # seconds between SIGTERM and SIGKILL
# mounts = [{source = "/srv/cache", target = "/cache", read_only = true}]

# [profile.env]
# TOKEN = "..."               # set in the container, and never printed
"""
_NO_LANE = """
# [[lane]]                    # one for each `git worktree add ../NAME`
# workspace = {workspace}
# id = "NAME"
# worktree = "../NAME"
"""


class Template(NamedTuple):
    """The text, how many lanes it has, and why each other worktree has none."""

    text: str
    lanes: int
    left_out: tuple[str, ...]


def template(folder: str, worktrees: Sequence[Worktree]) -> Template:
    """Return a fleet file for `folder`: a lane for each worktree but the first, the main one."""
    workspace = _name(os.path.basename(folder)) or "repository"
    lanes: list[str] = []
    left_out = [f"{worktrees[0].path}: it is the main worktree, which stays yours"]
    taken: set[str] = set()
    for worktree in worktrees[1:]:
        fault = "does not exist any more" if not worktree.usable else path_error(worktree.path)
        if fault:
            left_out.append(f"{ascii(worktree.path)[1:-1]}: {fault}")
            continue
        name = _unique(_name(worktree.branch) or _name(os.path.basename(worktree.path)), taken)
        lanes.append(_lane(workspace, name, _relative(worktree.path, folder)))
    body = lanes or [_NO_LANE.format(workspace=_quoted(workspace))]
    return Template("".join([_HEAD, *body]), len(lanes), tuple(left_out))


def _lane(workspace: str, name: str, path: str) -> str:
    pairs = (("workspace", workspace), ("id", name), ("worktree", path))
    lines = (f"{key} = {_quoted(value)}" for key, value in pairs)
    return "\n".join(["", "[[lane]]", *lines, ""])


def _name(text: str) -> str:
    """Return the text as a part of a container's name."""
    plain = re.sub(r"[^a-zA-Z0-9_.-]+", "-", text).strip("-._")[:_MAX_NAME_CHARS]
    while plain.endswith((NEXT, PREV)):
        plain = plain.removesuffix(NEXT).removesuffix(PREV)
    return plain.strip("-._")


def _unique(name: str, taken: set[str]) -> str:
    base, number = name or "lane", 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _relative(path: str, folder: str) -> str:
    relative = os.path.relpath(path, folder)
    # A "~" at the beginning would be somebody's home.
    return f"./{relative}" if relative.startswith("~") else relative


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's. What they do not share, DEL, is in no path that podman can mount.
    return json.dumps(text, ensure_ascii=False)


def messages(made: Template, path: str) -> Iterable[str]:
    """Yield what to print about it."""
    yield f"wrote {path}: {made.lanes} lane{'' if made.lanes == 1 else 's'}"
    yield from (f"  no lane for {sentence}" for sentence in made.left_out)
    if not made.lanes:
        yield "  -> add a worktree with `git worktree add ../NAME`, then run `lanekit init --force`"
    yield "  -> fill in worker and inbox, then run `lanekit plan`"
