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

_LONGEST = 60
_HEAD = """\
# The lanes of this repository; see the README of lanekit. Paths are relative to this file.

[profile]
image = "localhost/ai-workflow-agent-runner:local"
worker = "WORKER"             # to fill in: the program that answers HTTP on port 31417
inbox = "INBOX"               # to fill in: mounted at /usr/local/bin/inbox
git = "safe"                  # commit, branch, stash and tag work in a lane; none, read-write
# config_dir = "~/.codex"     # copied to /root/.codex
# credentials = ["auth.json"] # below config_dir: copied in, never a cause to replace
# on_drift = "report"         # leave a container that differs as it is, and say so
# memory = "2g"
# cpus = 2
# pids_limit = 512
# ready_timeout = 30          # seconds a worker may take to answer
# stop_grace = 10             # seconds between SIGTERM and SIGKILL
# mounts = [{source = "/srv/cache", target = "/cache", read_only = true}]

# [profile.env]
# TOKEN = "..."               # reaches the container and is never shown
"""
_NO_LANE = """
# [[lane]]                    # one for each `git worktree add ../NAME`
# workspace = {workspace}
# id = "NAME"
# worktree = "../NAME"
"""


class Template(NamedTuple):
    """The text, how many lanes it has, and what was left out: a sentence each."""

    text: str
    lanes: int
    left_out: tuple[str, ...]


def template(folder: str, worktrees: Sequence[Worktree]) -> Template:
    """A fleet file for `folder`: a lane for each linked worktree (the first is the main one)."""
    workspace = _name(os.path.basename(folder)) or "repository"
    lanes: list[str] = []
    left_out = [f"{worktrees[0].path}: the main worktree is yours, not a lane's"]
    taken: set[str] = set()
    for worktree in worktrees[1:]:
        fault = "is not there any more" if not worktree.usable else path_error(worktree.path)
        if fault:
            left_out.append(f"{ascii(worktree.path)[1:-1]} {fault}")
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
    """The text as a part of a container's name."""
    plain = re.sub(r"[^a-zA-Z0-9_.-]+", "-", text).strip("-._")[:_LONGEST]
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


def told(made: Template, path: str) -> Iterable[str]:
    """What people are told of it."""
    yield f"wrote {path}: {made.lanes} lane{'' if made.lanes == 1 else 's'}"
    yield from (f"  left out: {sentence}" for sentence in made.left_out)
    if not made.lanes:
        yield "  -> `git worktree add ../NAME`, then `lanekit init --force`"
    yield "  -> fill in worker and inbox, then `lanekit plan`"
