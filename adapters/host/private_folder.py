"""Folders of lanekit's own, into which nobody else may write."""

import contextlib
import os
import stat

from lanekit.core.domain.errors import InvalidLane
from lanekit.core.domain.hints import Hint

_PRIVATE = 0o700
_OTHERS_WRITE = 0o022


def ensure_private_folder(folder: str) -> None:
    """Make the folder if it is missing.

    Raises:
        OSError: It is not a folder, belongs to another user, others may write to it, or it cannot
            be made.
    """
    # Not stat: whoever may write to /tmp could put a link in our place.
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.makedirs(folder, mode=_PRIVATE)
        found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "is not a folder", folder)
    if found.st_uid != os.geteuid():
        raise PermissionError(0, f"belongs to user {found.st_uid}", folder)
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError(0, "others may write to it", folder)


def unusable_folder(what: str, path: str, error: OSError) -> InvalidLane:
    """Return the error of a folder that lanekit cannot keep `what` ("its locks") in."""
    return InvalidLane(
        f"lanekit cannot keep {what}",
        detail=f"{error.filename or path}: {error.strerror}",
        hints=(Hint("own-lock-folder"),),
    )
