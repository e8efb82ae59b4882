"""List a repository's worktrees, for `init`."""

import os
from collections.abc import Sequence

from returns.result import Failure, Success

from lanekit.adapters.host.processes import CommandTimeout, CompletedCommand, OutputTooLarge, run
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import InvalidLane, Outcome
from lanekit.core.domain.hints import Hint

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Worktree:
    """A worktree of a repository. `branch` is empty when its HEAD is detached; `usable`: its
    folder exists, and it is not a bare repository.
    """

    path: str
    branch: str = ""
    usable: bool = True


def list_worktrees(folder: str) -> Outcome[tuple[Worktree, ...]]:
    """Return the worktrees of the repository that `folder` is in.

    The main one (or the bare repository) comes first. `InvalidLane` if there is none, or no git.
    """
    result = _git(folder, "worktree", "list", "--porcelain", "-z")
    if isinstance(result, Failure):
        return result
    blocks = result.unwrap().stdout.split("\0\0")
    found = (_worktree(block.split("\0")) for block in blocks if block.strip("\0"))
    return Success(tuple(found))


def _worktree(lines: Sequence[str]) -> Worktree:
    parts = (line.partition(" ") for line in lines)
    facts = {key: value for key, _, value in parts}
    path = facts.get("worktree", "")
    gone = "bare" in facts or "prunable" in facts or not os.path.isdir(path)
    return Worktree(path, facts.get("branch", "").removeprefix("refs/heads/"), usable=not gone)


def _git(folder: str, *args: str) -> Outcome[CompletedCommand]:
    try:
        result = run(("git", "-C", folder, *args), {**os.environ, "LC_ALL": "C"}, _TIMEOUT_SECONDS)
    except OSError as error:
        return Failure(InvalidLane("cannot run git", str(error), (Hint("install-git"),)))
    except (CommandTimeout, OutputTooLarge):
        return Failure(InvalidLane(f"git {args[0]} did not answer within {_TIMEOUT_SECONDS:g} s"))
    if result.status:
        return Failure(
            InvalidLane(
                "this folder is not in a git repository",
                result.stderr.strip(),
                (Hint("enter-repository"),),
            )
        )
    return Success(result)
