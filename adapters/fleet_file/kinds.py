"""The kinds of value that a key of the fleet file may have: how each is read and described."""

import math
import os
import re
from collections.abc import Callable
from typing import NamedTuple, cast

_SHOWN = 60
_INT64 = 1 << 63
_SIZE = re.compile(r"([0-9]{1,15})([bkmgt]?)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Kind(NamedTuple):
    """`read(value, folder)` returns the value as lanekit uses it, or None if it is not `expected`.

    `folder` is that of the fleet file. Ranges are checked later, by
    `lanekit.core.domain.validation`.
    """

    expected: str
    read: Callable[[object, str], object]


def _text(value: object, _folder: str = "") -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _path(value: object, folder: str) -> str | None:
    text = _text(value)
    if text is None:
        return None
    if text == "~" or text.startswith("~/"):
        text = os.path.expanduser(text)
    # ~user, or a home that is not known: a folder of that name is never what is meant.
    if text.startswith("~"):
        return None
    # An absolute path stays as it is written.
    return text if text.startswith("/") else os.path.normpath(os.path.join(folder, text))


def _path_or_none(value: object, folder: str) -> str | None:
    return "" if value == "" else _path(value, folder)


def _whole(value: object, _folder: str = "") -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_INT64 <= value < _INT64 else None


def _number(value: object, _folder: str) -> float | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    whole = _whole(value)
    return None if whole is None else float(whole)


def _size(value: object, _folder: str) -> int | None:
    if not isinstance(value, str):
        return _whole(value)
    found = _SIZE.fullmatch(value)
    if found is None:
        return None
    return _whole(int(found[1]) * _UNITS[found[2].lower()])


def _flag(value: object, _folder: str) -> bool | None:
    return value if isinstance(value, bool) else None


def _names(value: object, _folder: str) -> tuple[str, ...] | None:
    names = as_list(value)
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return tuple(str(name) for name in names)


def _git(value: object, _folder: str) -> str | None:
    return value if isinstance(value, str) and value in ("none", "safe", "read-write") else None


TEXT = Kind("a string that is not empty", _text)
_A_PATH = 'a path in a string ("~/" is your home folder; "~NAME/" is not supported)'
PATH = Kind(_A_PATH, _path)
PATH_OR_NONE = Kind(f'{_A_PATH}, or "" for none', _path_or_none)
WHOLE = Kind("a whole number", _whole)
NUMBER = Kind("a number", _number)
SECONDS = Kind("a number of seconds", _number)
SIZE = Kind('a number of bytes, or a string like "512m" or "2g"', _size)
FLAG = Kind("true or false", _flag)
NAMES = Kind("a list of strings", _names)
GIT = Kind('"none", "safe" or "read-write"', _git)


def as_table(value: object) -> dict[str, object] | None:
    """Return the value if it is a TOML table."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """Return the value if it is a TOML array."""
    return cast("list[object]", value) if isinstance(value, list) else None


def kind_shown(value: object) -> str:
    """Return the type of a value, without the value."""
    names: tuple[tuple[type, str], ...] = (
        (str, "a string"),
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def shown(value: object) -> str:
    """Return a value for a message: short, printable. Never for anything below env."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and _whole(value) is None:
        return "a number beyond 64 bits"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        return kind_shown(value)
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}.."
