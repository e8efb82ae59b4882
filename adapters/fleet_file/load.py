"""The fleet file: found, read, and either a Fleet or all that is wrong with it, with lines."""

import os
import re
from typing import NamedTuple

from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.lanes import Lane

FILE_NAME = "lanes.toml"
# Far more than any fleet needs; keeps a --file /dev/zero from filling the memory.
_LARGEST = 8 << 20
_SYNTAX_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class LoadedFleet(NamedTuple):
    """The lanes of a file, in its order; each carries its whole profile.

    `name`: the file's `fleet`, or else its own path, links resolved.
    """

    path: str
    lanes: tuple[Lane, ...]
    name: str


class InvalidFleetFile(NamedTuple):
    """Why there is no Fleet: `lines` are for people, one a fault, and begin with the path."""

    lines: tuple[str, ...]


def nearest_fleet_file() -> str | None:
    """The nearest lanes.toml in the current folder or one above it."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        return None
    while True:
        path = os.path.join(folder, FILE_NAME)
        if os.path.exists(path) and not os.path.isdir(path):
            return path
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)


def load_fleet(path: str) -> LoadedFleet | InvalidFleetFile:
    """The fleet of this file. Paths in it count from its folder, links in that resolved."""
    text = _read(path)
    return text if isinstance(text, InvalidFleetFile) else parse_fleet(path, text)


def parse_fleet(path: str, text: str) -> LoadedFleet | InvalidFleetFile:
    """The fleet that this text is, as if it stood in the file `path`."""
    document = _parse(path, text)
    if isinstance(document, InvalidFleetFile):
        return document
    from lanekit.adapters.fleet_file.schema import read_fleet  # noqa: PLC0415 - costs start-up

    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    # What is no text becomes escapes: a label has to be.
    own = escape_control_chars(os.path.realpath(path))
    lanes, faults = read_fleet(document, folder, own)
    if not faults:
        return LoadedFleet(path, lanes, str(document.get("fleet", own)))
    from lanekit.adapters.fleet_file.toml_lines import (  # noqa: PLC0415 - only for faults
        key_lines,
        line_of,
    )

    lines = key_lines(text)
    placed = sorted((line_of(lines, fault.path), n, fault) for n, fault in enumerate(faults))
    return InvalidFleetFile(tuple(f"{path}:{line}: {f.key}: {f.sentence}" for line, _, f in placed))


def _read(path: str) -> str | InvalidFleetFile:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return InvalidFleetFile((f"{path}: cannot be read: {words}",))
    if len(content) > _LARGEST:
        return InvalidFleetFile((f"{path}: is larger than {_LARGEST >> 20} MiB, no fleet file is",))
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return InvalidFleetFile((f"{path}:{line}: is not UTF-8 text",))


def _parse(path: str, text: str) -> dict[str, object] | InvalidFleetFile:
    import tomllib  # noqa: PLC0415 - costs start-up

    try:
        return tomllib.loads(text)
    except RecursionError:
        return InvalidFleetFile((f"{path}: is nested too deep",))
    except ValueError as error:
        return InvalidFleetFile((_syntax_fault(path, text, str(error)),))


def _syntax_fault(path: str, text: str, words: str) -> str:
    found = _SYNTAX_LINE.search(words)
    if found:
        return f"{path}:{found[1]}: {words[: found.start()]}"
    if words.endswith(" (at end of document)"):
        return f"{path}:{max(1, len(text.splitlines()))}: {words}"
    return f"{path}: {words}"
