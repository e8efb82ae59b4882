"""Entries of a config tree -> the reference's fingerprint, and the injective digest.

The fingerprint goes into an environment variable and must be the reference's, byte for byte. It
cannot tell {"a": "x\\0b\\0y"} from {"a": "x", "b": "y"}, and it sees no modes, empty folders or
link targets. The digest sees all that the archive holds. Owners and times count in neither.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Literal

from returns.result import Failure, Success

from lanekit.core.errors import ConfigUnreadable, Outcome
from lanekit.core.value import dataclass

Kind = Literal["file", "folder", "link"]


@dataclasses.dataclass(frozen=True, slots=True)  # there may be 100,000 of them
class Entry:
    """What a tree has under `name`: its path from the root, "/" between, "" for the root itself.

    `mode` holds the permission bits. `size` (bytes) is a file's, `target` a link's own text.
    """

    name: str
    kind: Kind
    mode: int
    size: int = 0
    target: str = ""


Read = Callable[[Entry], Iterable[bytes]]
"""The bytes of a file entry in chunks, `size` of them in all."""


@dataclass(frozen=True)
class Tree:
    """Entries in order; `links` has the file that each link leads to, by the link's name."""

    entries: tuple[Entry, ...]
    links: Mapping[str, Entry]


@dataclass(frozen=True)
class Hashes:
    """What reading a tree gave: hex fingerprint and digest, and each file's own raw sha256."""

    fingerprint: str
    digest: str
    contents: Mapping[str, bytes] = field(repr=False)


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sorted by the UTF-8 bytes of the name, as the reference does; a folder before its content."""
    return tuple(sorted(entries, key=lambda entry: entry.name.encode()))


def hash_tree(where: str, tree: Tree, read: Read) -> Outcome[Hashes]:
    """Read each file of the tree once, and once more for each link that leads to it.

    The reference reads through links, so their content is in the fingerprint. When it is not the
    content that the file itself had, the tree (at `where`) changed meanwhile: `ConfigUnreadable`.
    """
    from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

    fingerprint = sha256()
    contents: dict[str, bytes] = {}
    for entry in in_order(tree.entries):
        if entry.kind == "folder":
            continue
        content = sha256()
        fingerprint.update(entry.name.encode() + b"\0")
        for chunk in read(tree.links.get(entry.name, entry)):
            fingerprint.update(chunk)
            content.update(chunk)
        fingerprint.update(b"\0")
        contents[entry.name] = content.digest()
    for link, file in tree.links.items():
        if contents[link] != contents[file.name]:
            return Failure(changed(where, file.name, "changed while it was read"))
    return Success(Hashes(fingerprint.hexdigest(), digest(tree.entries, contents), contents))


def digest(entries: Iterable[Entry], contents: Mapping[str, bytes]) -> str:
    """sha256 (hex) over every entry, each field after its length, so that none runs into another.

    A file's content stands there as its own sha256 (`contents`, by name).
    """
    from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

    total = sha256()
    for entry in in_order(entries):
        content = contents[entry.name] if entry.kind == "file" else b""
        for part in (
            entry.kind.encode(),
            entry.name.encode(),
            b"%o" % entry.mode,
            b"%d" % entry.size,
            content or entry.target.encode(),
        ):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def shown(path: str) -> str:
    """A path for people: as it is, or quoted when it would disturb a terminal or is not UTF-8."""
    return path if path.isprintable() else ascii(path)


def unreadable(
    where: str, name: str, why: str, detail: str = "", hint: str = ""
) -> ConfigUnreadable:
    """The error that the entry `name` of the tree at `where` causes; `why` follows its path."""
    path = f"{where.rstrip('/')}/{name}" if name else where
    return ConfigUnreadable(f"{shown(path)} {why}", detail, hint)


def changed(where: str, name: str, what: str, detail: str = "") -> ConfigUnreadable:
    """The error for a tree that does not hold still; `what` follows the entry's path."""
    hint = "let nothing write to the config folder meanwhile, and run again"
    return unreadable(where, name, what, detail, hint)
