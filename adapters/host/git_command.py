"""What git says of a repository's worktrees; `init` alone runs it."""

import os
from collections.abc import Sequence

from returns.result import Failure, Success

from lanekit.adapters.host.processes import CommandTimeout, CompletedCommand, OutputTooLarge, run
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import InvalidLane, Outcome
from lanekit.core.domain.hints import Hint

_TIMEOUT = 30.0


@dataclass(frozen=True)
class Worktree:
    """A worktree of a repository. `branch` is empty when its HEAD is detached; `usable`: its
    folder is there, and it is no bare repository.
    """

    path: str
    branch: str = ""
    usable: bool = True


def list_worktrees(folder: str) -> Outcome[tuple[Worktree, ...]]:
    """The worktrees of the repository that `folder` is in, the main one (or the bare repository)
    first; `InvalidLane` when there is none, or no git.
    """
    said = _git(folder, "worktree", "list", "--porcelain", "-z")
    if isinstance(said, Failure):
        return said
    blocks = said.unwrap().stdout.split("\0\0")
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
        said = run(("git", "-C", folder, *args), {**os.environ, "LC_ALL": "C"}, _TIMEOUT)
    except OSError as error:
        return Failure(InvalidLane("git cannot be run", str(error), (Hint("install-git"),)))
    except (CommandTimeout, OutputTooLarge):
        return Failure(InvalidLane(f"git {args[0]} gave no answer within {_TIMEOUT:g} s"))
    if said.status:
        return Failure(
            InvalidLane(
                "git knows no repository here", said.stderr.strip(), (Hint("enter-repository"),)
            )
        )
    return Success(said)
