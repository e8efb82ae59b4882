"""The recorded answers, and small faults put into JSON: in its values, its keys, its text."""

import json
import pathlib
import random
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from lanekit.core.domain.podman_create.body import Json

RECORDED = pathlib.Path(__file__).parents[1] / "recorded"
Path: TypeAlias = tuple[str | int, ...]

_DUPLICATE = "@again@"
_RAW = "@raw{}@"
# What can stand where podman wrote something else; as it stands in the text.
ODD = (
    *("null", "true", "false", "0", "-1", "1.5", "1e3", "1e400", "-0", "9223372036854775807"),
    *("9223372036854775808", "1" * 400, "1" * 5000, "NaN", "-Infinity", "01", "1.", "+1", ""),
    *('""', '" "', '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u001b[2J"', '"a\\nb"'),
    *('"-a"', '"--all"', '"/"', '"0"', '"70000/tcp"', '"1/"', '"/tcp"', f'"{"x" * 9000}"'),
    *('"\U0001f600"', '"\u0661"', '"\\"', "'a'", '"\t"', "[]", "{}", "[null]", "[[]]", "[{}]"),
    *('{"":null}', '{"a":1,"a":2}', '["a","b"]', '["=","a=","=b"]', '[0,"a"]', '{"a":"b"}'),
    *("[" * 400 + "]" * 400, "[" * 2000 + "]" * 2000, '{"a":' * 950 + "1" + "}" * 950),
    *('{"1/tcp":[{"HostPort":"' + "9" * 5000 + '"}]}', '{"31417/tcp":[{"HostPort":"0x10"}]}'),
    *('{"\\ud800/tcp":null}', '{"31417/tcp":[null]}', '{"31417/tcp":{}}', '{"31417/tcp":"1"}'),
)


@cache
def seeds() -> dict[str, str]:
    """Every recorded answer in JSON, by the file's name: less its blanks."""
    found: dict[str, str] = {}
    for path in sorted((RECORDED / "inspect").glob("*/*.json")):
        text = json.dumps(json.loads(path.read_text()), separators=(",", ":"), ensure_ascii=False)
        found[f"{path.parent.name}-{path.stem}"] = text
    return found


@cache
def events() -> dict[str, list[str]]:
    """Every recorded line of an event, by podman's version: the command's and the service's."""
    found = {path.parent.name: path for path in (RECORDED / "inspect").glob("*/events.cli.jsonl")}
    lines = {version: path.read_text().splitlines() for version, path in sorted(found.items())}
    version = ""
    for line in (RECORDED / "events-rest.txt").read_text().splitlines():
        match line.split(maxsplit=2):
            case ["==", version, _]:
                pass
            case ["RAW", *_]:
                lines[version].append(line.partition("RAW ")[2])
            case _:
                pass
    return lines


def begun(target: str) -> dict[str, str]:
    """What a fuzzer of this target begins with, by names that are good for files."""
    given = {
        "event": [line for lines in events().values() for line in lines],
        "changes": ['[{"Path":"/a","Kind":0}]', '{"changed":["/a"],"added":["/b"]}', "null"],
        "http": [
            "HTTP/1.1 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[]",
            "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nx",
        ],
        "exec": [
            *('{"Running":false,"ExitCode":7}', '{"Running":true}', '{"message":"it is paused"}'),
            *("HTTP/1.1 101 UPGRADED\r\n\r\n\1\0\0\0\0\0\0\2hi", "HTTP/1.1 500 X\r\n\r\n{}"),
            "\1\0\0\0\0\0\0\2hi\2\0\0\0\0\0\0\1!",
        ],
    }
    own = {str(number): text for number, text in enumerate(given.get(target, []))}
    return own or seeds()


def paths(value: Json, here: Path = ()) -> list[Path]:
    """Where in the value something stands, its own root not among it."""
    inner: list[tuple[Any, Json]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [p for key, item in inner for p in ((*here, key), *paths(item, (*here, key)))]


def replaced(text: str, where: Path, odd: str) -> str:
    """The JSON text with `odd` in that place."""

    def put(holder: Any, key: Any) -> None:
        holder[key] = _RAW

    return _changed(text, where, put).replace(f'"{_RAW}"', odd)


def removed(text: str, where: Path) -> str:
    """The JSON text without what stood there."""

    def take(holder: Any, key: Any) -> None:
        del holder[key]

    return _changed(text, where, take)


def doubled(text: str, where: Path, odd: str) -> str:
    """The JSON text with the same key a second time, and `odd` there; for an element: put in."""

    def double(holder: Any, key: Any) -> None:
        if isinstance(holder, dict):
            holder[f"{key}{_DUPLICATE}"] = _RAW
        else:
            holder.insert(key, _RAW)

    return _changed(text, where, double).replace(_DUPLICATE, "").replace(f'"{_RAW}"', odd)


def _changed(text: str, where: Path, change: Callable[[Any, Any], None]) -> str:
    whole = json.loads(text)
    holder = whole
    for key in where[:-1]:
        holder = holder[key]
    change(holder, where[-1])
    return json.dumps(whole)


def mutated(text: str, luck: random.Random) -> str:
    """One fault somewhere; a text that is no JSON, or has nothing inside, is cut instead."""
    try:
        places = paths(json.loads(text))
        if places and luck.random() < 0.9:
            return _with_a_fault(text, places, luck)
    except (ValueError, RecursionError):
        pass
    at = luck.randrange(len(text) + 1)
    return text[:at] + luck.choice(ODD) + text[at + luck.randrange(20) :]


def _with_a_fault(text: str, places: list[Path], luck: random.Random) -> str:
    where, odd = luck.choice(places), luck.choice(ODD)
    match luck.randrange(4):
        case 0:
            return removed(text, where)
        case 1:
            return doubled(text, where, odd)
        case _:
            return replaced(text, where, odd)
