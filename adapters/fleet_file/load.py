"""Find and load the fleet file: its lanes, or all its errors with their lines."""

import os
import re
import tomllib
from collections.abc import Sequence
from typing import NamedTuple

from lanekit.adapters.fleet_file.checks import Fault
from lanekit.adapters.fleet_file.schema import read_fleet
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.lanes import Lane

FILE_NAME = "lanes.toml"
# Far more than any fleet needs; keeps a --file /dev/zero from filling the memory.
_MAX_BYTES = 8 << 20
_SYNTAX_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class LoadedFleet(NamedTuple):
    """The lanes of a file, in its order; each carries its whole profile.

    `name`: the file's `fleet`, or else its own path, links resolved. `warnings` are for people, one
    line each, and begin with the path.
    """

    path: str
    lanes: tuple[Lane, ...]
    name: str
    warnings: tuple[str, ...] = ()


class InvalidFleetFile(NamedTuple):
    """The errors of a file: `lines` are for people, one per error, and begin with the path."""

    lines: tuple[str, ...]


def nearest_fleet_file() -> str | None:
    """Return the path of the nearest lanes.toml, in the current folder or one above it."""
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
    """Load a fleet file.

    Args:
        path: The file. Relative paths in it start from its folder, links in that resolved.

    Returns:
        The lanes and their fleet's name, or all errors of the file.
    """
    text = _read(path)
    return text if isinstance(text, InvalidFleetFile) else parse_fleet(path, text)


def parse_fleet(path: str, text: str) -> LoadedFleet | InvalidFleetFile:
    """Return the fleet that this text declares, as if it were in the file `path`."""
    document = _parse(path, text)
    if isinstance(document, InvalidFleetFile):
        return document
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    # Bytes that are not text become escapes, because a label has to be text.
    own = escape_control_chars(os.path.realpath(path))
    lanes, faults, warnings = read_fleet(document, folder, own)
    if faults:
        return InvalidFleetFile(_lines(path, text, faults))
    name = str(document.get("fleet", own))
    return LoadedFleet(path, lanes, name, _lines(path, text, warnings))


def _lines(path: str, text: str, faults: Sequence[Fault]) -> tuple[str, ...]:
    """Return each error or warning with its place, in the order of the file."""
    if not faults:
        return ()
    from lanekit.adapters.fleet_file.toml_lines import (  # noqa: PLC0415 - only for errors
        key_lines,
        line_of,
    )

    lines = key_lines(text)
    placed = sorted((line_of(lines, fault.path), n, fault) for n, fault in enumerate(faults))
    return tuple(f"{path}:{line}: {f.key}: {f.sentence}" for line, _, f in placed)


def _read(path: str) -> str | InvalidFleetFile:
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return InvalidFleetFile((f"{path}: cannot be read: {reason}",))
    if len(content) > _MAX_BYTES:
        return InvalidFleetFile((f"{path}: is larger than 8 MiB, too large for a fleet file",))
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return InvalidFleetFile((f"{path}:{line}: is not UTF-8 text",))


def _parse(path: str, text: str) -> dict[str, object] | InvalidFleetFile:
    try:
        return tomllib.loads(text)
    except RecursionError:
        return InvalidFleetFile((f"{path}: is nested too deeply",))
    except ValueError as error:
        return InvalidFleetFile((_syntax_error(path, text, str(error)),))


def _syntax_error(path: str, text: str, message: str) -> str:
    found = _SYNTAX_LINE.search(message)
    if found:
        return f"{path}:{found[1]}: {message[: found.start()]}"
    if message.endswith(" (at end of document)"):
        return f"{path}:{max(1, len(text.splitlines()))}: {message}"
    return f"{path}: {message}"
