"""What a running container really sees, read from /proc of its process on this host.

An inspect shows what was mounted, not what became of it: a bind mount goes on showing a folder
that was deleted or moved away, whatever is at its path now. Nothing here asks podman, and nothing
is said of a process that cannot be looked at or is not the container's (podman may be on another
machine).
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress

from lanekit.core.domain.containers import Mount
from lanekit.core.domain.observed import MountHealth, ObservedContainer


def mount_health(
    seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
) -> MountHealth:
    """Return which of these folders are dead in it, and whether its config folder is gone."""
    if not seen.pid:
        return MountHealth()
    root = f"/proc/{seen.pid}/root"
    try:
        lost = _lost_masks(seen.pid, root, mounts)
        dead = tuple(m.target for m in mounts if m.target in lost or _is_dead(root, m))
        gone = bool(config_target) and _is_gone(root, config_target)
        rest = [mount for mount in mounts if mount.target not in lost]
        sure = (dead or gone) and is_process_of(seen) and _shows(root, rest)
    except OSError:
        return MountHealth()
    return MountHealth(dead, gone) if sure else MountHealth()


def touched_files(seen: ObservedContainer, paths: Sequence[str]) -> frozenset[str] | None:
    """Return the paths that are not dated 1970, as what lanekit copies is; None: not sure."""
    if not seen.pid:
        return None
    root = f"/proc/{seen.pid}/root"
    binds = [mount for mount in seen.mounts if mount.kind == "bind"]
    try:
        if not is_process_of(seen) or not _shows(root, binds):
            return None
        return frozenset(path for path in paths if _is_touched(root, path))
    except OSError:
        return None


def _is_touched(root: str, path: str) -> bool:
    folder = _plain(root, path.rpartition("/")[0])
    try:
        # What is not there under this name has one that is not UTF-8: lanekit copies none.
        return folder is None or os.lstat(f"{root}{path}").st_mtime_ns != 0
    except FileNotFoundError:
        return True


def _is_dead(root: str, mount: Mount) -> bool:
    host = os.stat(mount.source)
    # The digest of a file tells more than its inode: an equal file put in place is no reason.
    if not stat.S_ISDIR(host.st_mode):
        return False
    with suppress(FileNotFoundError):
        # The plain case by one look. A link on the way leads to the host's files: look again.
        if os.path.samestat(host, os.stat(f"{root}{mount.target}")):
            return False
    inside = _plain(root, mount.target)
    return inside is not None and not os.path.samestat(host, inside)


def _lost_masks(pid: int, root: str, mounts: Sequence[Mount]) -> set[str]:
    """Targets below another mount's that are mounted no more: a rename over such a file or folder
    on the host, or its removal, takes the mount away, and what is mounted above it shows."""
    targets = [mount.target for mount in mounts]
    below = [t for t in targets if any(t.startswith(f"{other}/") for other in targets)]
    if not below:
        return set()
    with open(f"/proc/{pid}/mountinfo", "rb") as lines:
        mounted = {line.split(b" ", 5)[4] for line in lines}
    missing = {target for target in below if _as_in_mountinfo(target) not in mounted}
    return {target for target in missing if _no_link_leads_to(root, target)}


def _as_in_mountinfo(path: str) -> bytes:
    text = os.fsencode(path)
    for char in b"\\ \t\n":
        text = text.replace(bytes([char]), b"\\%03o" % char)
    return text


def _no_link_leads_to(root: str, target: str) -> bool:
    try:
        # Also where nothing is left of it: the mount is gone all the same.
        _ = _plain(root, target)
    except _Elsewhere:
        return False
    return True


def _is_gone(root: str, target: str) -> bool:
    try:
        return not _is_there(f"{root}{target}") and _plain(root, target) is None
    except _Elsewhere:
        return False


def _is_there(path: str) -> bool:
    try:
        _ = os.lstat(path)
    except FileNotFoundError:
        return False
    return True


class _Elsewhere(OSError):
    """A link on the way: inside the container it leads to another place than here."""


def _plain(root: str, path: str) -> os.stat_result | None:
    """Return the file at a path in the container, None when there is none; no link is followed."""
    at, found = root, os.stat(root)
    for part in filter(None, path.split("/")):
        at = f"{at}/{part}"
        try:
            found = os.lstat(at)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(found.st_mode):
            raise _Elsewhere(at)
    return found


def is_process_of(seen: ObservedContainer) -> bool:
    """Return whether its pid is, on this host, a process of the container; raises OSError."""
    # podman mounts files of a folder that has the container's id: /run/.containerenv, /etc/hosts.
    with open(f"/proc/{seen.pid}/mountinfo", "rb") as mounts:
        return seen.id.encode() in mounts.read()


def _shows(root: str, mounts: Sequence[Mount]) -> bool:
    """Return whether its root is the container's still: a worker may have gone to another one."""
    return all(_plain(root, mount.target) is not None for mount in mounts)
