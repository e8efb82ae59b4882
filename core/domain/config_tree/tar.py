"""Entries of a config tree -> a tar that is the same bytes every time and stays in its target.

`parse_tree` is the one way to a `Tree` that may be archived. It refuses what could be extracted
outside the target, or would mean something else in the container than on the host.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from returns.result import Failure, Success

from lanekit.core.domain.config_tree.entries import Entry, ReadEntry, Tree, unreadable
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.hints import Hint

END = bytes(1024)
"""Two zero blocks. podman stops reading there: with more (as tarfile pads), 1 copy in 400 fails."""

_BLOCK = 512
_CHUNK = 1 << 16
# Linux: a path has at most 4,095 bytes; /root/ and a config folder's name (255) come before.
_NAME_LIMIT = 4095 - len("/root/") - 255 - len("/")
# Linux: path_resolution(7), links followed for one path.
_HOP_LIMIT = 40


def parse_tree(where: str, entries: Iterable[Entry]) -> Outcome[Tree]:
    """Entries in any order, the root among them, as a Tree; or the first that cannot be copied.

    `where` is the tree's path on the host, for the error. Each name is relative, without "." and
    "..", and its parent is a folder of the tree, so nothing is extracted through a link. A link is
    relative and leads to a file of the tree without leaving the tree on any of its steps.
    """
    table: dict[str, Entry] = {}
    # Names may be no UTF-8 yet; code points sort as their UTF-8 does.
    for entry in sorted(entries, key=lambda entry: entry.name):
        fault = name_fault(entry.name) or _place_fault(entry, table)
        if fault:
            return Failure(unreadable(where, entry.name, fault))
        table[entry.name] = entry
    links: dict[str, Entry] = {}
    for entry in table.values():
        if entry.kind == "link":
            file = _follow(entry, table)
            if isinstance(file, str):
                fault = f"is a link to {entry.target!a}, {file}"
                return Failure(unreadable(where, entry.name, fault, hint=Hint("copy-link-target")))
            links[entry.name] = file
    return Success(Tree(tuple(table.values()), links))


def name_fault(name: str) -> str:
    """Why an entry of this name cannot be copied; empty when it can."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    if length > _NAME_LIMIT:
        return f"has a path that is too long for a container ({length} bytes)"
    if "\0" in name:
        return "has a NUL in its name"
    if name and not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "has a name that does not stay inside the folder"
    return ""


def _place_fault(entry: Entry, table: Mapping[str, Entry]) -> str:
    if entry.name in table:
        return "is there twice"
    if not entry.name:
        return "" if entry.kind == "folder" else "is not a folder"
    parent = table.get(_parent(entry.name))
    return "" if parent and parent.kind == "folder" else "is in no folder of the tree"


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _follow(link: Entry, table: Mapping[str, Entry]) -> Entry | str:
    """The file that a link leads to, found step by step as the kernel does; or why it does not."""
    at = table[_parent(link.name)]
    steps = [link.name.rpartition("/")[2]]
    hops = 0
    while steps:
        if at.kind != "folder":
            return "which does not exist"
        step = steps.pop()
        if step == ".." and not at.name:
            return "which leads out of the config folder"
        if step in ("", ".", ".."):
            at = table[_parent(at.name)] if step == ".." else at
            continue
        found = table.get(f"{at.name}/{step}" if at.name else step)
        if found is None:
            return "which does not exist"
        if found.kind != "link":
            at = found
            continue
        hops += 1
        if hops > _HOP_LIMIT:
            return "which leads in a circle"
        if found.target.startswith("/"):
            return "which is an absolute path"
        steps.extend(reversed(found.target.split("/")))
    return at if at.kind == "file" else "which is a folder"


def is_credential(name: str, credentials: Iterable[str]) -> bool:
    """Whether the entry of this name is at or below one of these paths."""
    return any(name == path or name.startswith(f"{path}/") for path in credentials)


def without_credentials(entries: Iterable[Entry], credentials: Collection[str]) -> Iterator[Entry]:
    """The entries that are config: all that is hashed and held to what it was."""
    return (entry for entry in entries if not is_credential(entry.name, credentials))


def difference(before: Tree, after: Iterable[Entry]) -> tuple[str, str]:
    """The first entry that is not what it was, and what happened to it; ("", "") when all are."""
    now = {entry.name: entry for entry in after}
    for entry in before.entries:
        other = now.pop(entry.name, None)
        if other is None:
            return entry.name, "was removed since it was read"
        if other != entry:
            return entry.name, "changed since it was read"
    return (min(now), "was added since the folder was read") if now else ("", "")


def tar(
    target: str, tree: Tree, read: ReadEntry, last_check: Callable[[], None]
) -> Iterator[bytes]:
    """The tree as a tar stream in chunks, its root at the absolute container path `target`.

    All is owned by root and dated 1970. The parents of `target` are not in it: those that the
    image has keep their mode. `last_check` is called when only the end mark is missing, and stops
    the stream there by raising.
    """
    root = clean(target).lstrip("/")
    if not target.startswith("/") or not root:
        raise ValueError(f"not the absolute path of a folder below /: {target!r}")
    yield from _joined(_members(root, tree, read))
    last_check()
    yield END


def _members(root: str, tree: Tree, read: ReadEntry) -> Iterator[bytes]:
    for entry in tree.entries:
        yield _header(f"{root}/{entry.name}" if entry.name else root, entry)
        if entry.kind == "file":
            length = 0
            for chunk in read(entry):
                length += len(chunk)
                yield chunk
            if length != entry.size:
                raise ValueError(f"{length} bytes read of {entry}")
            yield bytes(-length % _BLOCK)


def _header(name: str, entry: Entry) -> bytes:
    import tarfile  # noqa: PLC0415 - slow to import, only a copy needs it

    info = tarfile.TarInfo(name)
    info.mode = entry.mode
    info.size = entry.size
    info.linkname = entry.target
    info.type = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}[
        entry.kind
    ]
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # A tree of many small files would otherwise cost the consumer three writes a file.
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    # Never an empty piece: to an HTTP client that sends chunks it would be the end.
    if gathered:
        yield bytes(gathered)
