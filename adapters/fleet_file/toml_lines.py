"""Find the line of each key of a TOML text, for messages; tomllib does not say it.

The text must be one that tomllib accepted: this only walks over it, and checks nothing.
"""

import re
import tomllib
from bisect import bisect_left
from contextlib import suppress
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Names of keys from the root, and the index (from 0) where there is an array."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^\s.=\[\]{}"\'#,]+')
# Up to two quotes may stand right before the closing three of a multi-line string.
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every table, key and array element of a valid TOML text.

    A table with a header is at its header, any other at the first key that creates it. If the
    text is nested deeper than Python's recursion allows: the keys up to there.
    """
    walk = _Walk(text)
    with suppress(RecursionError):
        walk.document()
    return walk.lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, or of the nearest table around it that is there; else 1."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._lengths: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self._more():
            if self._text.startswith("[[", self._at):
                table = self._array_header()
            elif self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)

    def _more(self) -> bool:
        _ = self._skip(_GAP)
        return self._at < len(self._text)

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise AssertionError(f"not TOML at offset {self._at}")
        self._at = found.end()
        return found.group()

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _key(self) -> list[str]:
        parts: list[str] = []
        while not parts or self._takes("."):
            _ = self._skip(_BLANKS)
            parts.append(_unquoted(self._skip(_KEY_PART)))
            _ = self._skip(_BLANKS)
        return parts

    def _header(self) -> KeyPath:
        line = self._line()
        self._at += 1
        path = self._entered(self._key(), line)
        self.lines[path] = line
        self._at += 1
        return path

    def _array_header(self) -> KeyPath:
        line = self._line()
        self._at += 2
        *outer, last = self._key()
        array = (*self._entered(outer, line), last)
        index = self._lengths.get(array, 0)
        self._lengths[array] = index + 1
        _ = self.lines.setdefault(array, line)
        self.lines[(*array, index)] = line
        self._at += 2
        return (*array, index)

    def _entered(self, parts: list[str], line: int) -> KeyPath:
        # In a header, the name of an array of tables means its last element.
        path: KeyPath = ()
        for part in parts:
            path = (*path, part)
            _ = self.lines.setdefault(path, line)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            _ = self.lines.setdefault(path, line)
        self._at += 1
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        _ = self._skip(_BLANKS)
        if self._takes("["):
            self._array(path)
        elif self._takes("{"):
            self._inline_table(path)
        elif self._text[self._at] in "\"'":
            _ = self._skip(_STRING)
        else:
            _ = self._skip(_BARE_VALUE)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._more() and not self._takes("]"):
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1
            _ = self._skip(_GAP), self._takes(",")

    def _inline_table(self, path: KeyPath) -> None:
        while self._more() and not self._takes("}"):
            self._pair(path)
            _ = self._skip(_GAP), self._takes(",")


def _unquoted(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    if part.startswith('"'):
        return str(tomllib.loads(f"key = {part}")["key"])
    return part
