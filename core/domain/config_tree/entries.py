"""Entries of a config tree, and the errors of one that cannot be read."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import ConfigUnreadable
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.hints import Hint

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


ReadEntry = Callable[[Entry], Iterable[bytes]]
"""The bytes of a file entry in chunks, `size` of them in all."""


@dataclass(frozen=True)
class Tree:
    """Entries in order; `links` has the file that each link leads to, by the link's name."""

    entries: tuple[Entry, ...]
    links: Mapping[str, Entry]


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sorted by the UTF-8 bytes of the name, as the reference does; a folder before its content."""
    return tuple(sorted(entries, key=lambda entry: entry.name.encode()))


def unreadable(
    where: str, name: str, why: str, detail: str = "", hint: Hint | None = None
) -> ConfigUnreadable:
    """The error that the entry `name` of the tree at `where` causes; `why` follows its path."""
    path = f"{where.rstrip('/')}/{name}" if name else where
    return ConfigUnreadable(f"{escape_control_chars(path)} {why}", detail, (hint,) if hint else ())


def changed(where: str, name: str, what: str, detail: str = "") -> ConfigUnreadable:
    """The error for a tree that does not hold still; `what` follows the entry's path."""
    return unreadable(where, name, what, detail, Hint("stop-writing"))
