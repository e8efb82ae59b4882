"""What a worktree's files say of its repository. No git is run: its config could make it run more.

The lane may have written the worktree, so nothing in it is trusted alone: the repository has to
name this worktree too, in a file that no lane can write.
"""

import os
import stat
from collections.abc import Iterable

from returns.result import Failure, Success

from lanekit.adapters.host.disk import OPEN_FILE, error_text, kind_of
from lanekit.core.domain.errors import InvalidLane, LaneError, Outcome
from lanekit.core.domain.escaping import escape_control_chars as escape
from lanekit.core.domain.git_mounts import WRITABLE, GitFacts, RequiredPath
from lanekit.core.domain.hints import Hint

_MAX_LINE_BYTES = 8192
_PREFIX = "gitdir: "
_REPAIR = Hint("repair-worktree")


class _Wrong(Exception):
    def __init__(self, message: str, detail: str = "", hint: Hint = _REPAIR) -> None:
        super().__init__(message)
        self.error = InvalidLane(message, detail, (hint,))


def read_git(worktree: str) -> Outcome[GitFacts]:
    """See `HostFiles.git`."""
    try:
        return Success(_facts(worktree))
    except _Wrong as wrong:
        return Failure[LaneError](wrong.error)
    except (OSError, ValueError) as error:
        why = f"the repository of {escape(worktree)} cannot be read"
        return Failure[LaneError](InvalidLane(why, error_text(error), (_REPAIR,)))


def ensure_paths(wanted: Iterable[RequiredPath]) -> Outcome[None]:
    """See `HostFiles.ensure_paths`."""
    for required in wanted:
        try:
            if required.kind == "folder":
                os.mkdir(required.path, 0o777)
            else:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open(required.path, flags, 0o666))
        except FileExistsError:
            continue
        except OSError as error:
            why = f"{escape(required.path)} has to be there for git in the lane, and cannot be made"
            return Failure(InvalidLane(why, error_text(error), (Hint("make-writable"),)))
    return Success(None)


def _facts(worktree: str) -> GitFacts:
    gitfile = f"{worktree.rstrip('/')}/.git"
    kind = _kind(gitfile)
    if kind == "a folder":
        return GitFacts(main=True)
    if not kind:
        raise _Wrong(f"{escape(worktree)} is no git worktree: it has no .git")
    _expect(gitfile, "a file")
    text = _line(gitfile)
    pointer = text.removeprefix(_PREFIX)
    if pointer == text or not pointer:
        raise _Wrong(f"{escape(gitfile)} does not say where the repository is")
    # Resolved as the system does it: a link first, then what ".." goes back from there.
    own = os.path.realpath(os.path.join(worktree, pointer))
    common, name = os.path.dirname(os.path.dirname(own)), os.path.basename(own)
    _check_own(gitfile, pointer, own)
    _check_common(worktree, common)
    return GitFacts(False, gitfile, pointer, common, name)


def _check_own(gitfile: str, pointer: str, own: str) -> None:
    _expect(own, "a folder")
    if os.path.basename(os.path.dirname(own)) != "worktrees":
        raise _Wrong(
            f"{escape(gitfile)} leads to {escape(own)}, which is no linked worktree's",
            hint=Hint("use-linked-worktree"),
        )
    # A link in its own name or below is nothing that git makes: it leads elsewhere than it says.
    if os.path.basename(pointer.rstrip("/")) != os.path.basename(own):
        raise _Wrong(f"{escape(gitfile)} leads to {escape(own)} by a link")
    if _line(f"{own}/commondir") != "../..":
        raise _Wrong(f"{escape(own)}/commondir is not what git writes for a worktree")
    back = os.path.join(own, _line(f"{own}/gitdir"))
    if not os.path.samestat(os.stat(back), os.stat(gitfile)):
        raise _Wrong(f"{escape(own)} is another worktree's: its gitdir names {escape(back)}")
    for name, kind in (("config.worktree", "a file"), ("modules", "a folder")):
        if _kind(f"{own}/{name}"):
            _expect(f"{own}/{name}", kind)


def _check_common(worktree: str, common: str) -> None:
    if f"{common}/".startswith(f"{os.path.realpath(worktree)}/"):
        raise _Wrong(
            f"the repository {escape(common)} lies inside the lane's worktree, where the lane can "
            "write its config and hooks",
            hint=Hint("move-repository"),
        )
    for name in ("HEAD", "config"):
        _expect(f"{common}/{name}", "a file")
    for name in ("objects", "refs", "worktrees"):
        _expect(f"{common}/{name}", "a folder")
    for name in ("objects/info", *WRITABLE):
        if _kind(f"{common}/{name}"):
            _expect(f"{common}/{name}", "a folder")
    if _kind(f"{common}/reftable"):
        raise _Wrong(
            f"{escape(common)} keeps its refs as reftable, which lanekit cannot share",
            hint=Hint("migrate-refs"),
        )
    if _kind(f"{common}/objects/info/alternates"):
        raise _Wrong(
            f"{escape(common)} borrows objects of another repository, which a lane would miss",
            hint=Hint("repack-objects"),
        )


def _kind(path: str) -> str:
    try:
        return kind_of(os.lstat(path).st_mode)
    except FileNotFoundError:
        return ""


def _expect(path: str, kind: str) -> None:
    found = _kind(path)
    if found != kind:
        raise _Wrong(f"{escape(path)} is {found or 'missing'}, expected {kind}")


def _line(path: str) -> str:
    fd = os.open(path, OPEN_FILE | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise _Wrong(f"{escape(path)} is not a file")
        text = os.read(fd, _MAX_LINE_BYTES + 1)
    finally:
        os.close(fd)
    if len(text) > _MAX_LINE_BYTES:
        raise _Wrong(f"{escape(path)} is too long to be git's")
    # git strips line ends only.
    return os.fsdecode(text).rstrip("\r\n")
