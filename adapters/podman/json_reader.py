"""Read JSON that somebody else wrote: missing and null are a default, a wrong type is an error."""

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar, cast

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import InvalidResponse, Outcome
from lanekit.core.domain.hints import Hint

_SHOWN_CHARACTERS = 200
# podman is written in Go, whose largest whole number this is.
_LARGEST = 2**63 - 1

T = TypeVar("T")
JsonObject: TypeAlias = Mapping[str, object]


class Malformed(Exception):
    """What was read is not what it should be; stays within adapters, which make it a Failure."""


def parse(text: str, what: str) -> Outcome[object]:
    """Return the JSON value of a text; `InvalidResponse` when it is none, with its beginning.

    What begins like JSON is not shown: it may be an inspect, cut in the middle of a secret.
    """
    try:
        return Success(cast("object", _DECODER.decode(text)))
    except (ValueError, RecursionError) as error:
        looks_right = text.lstrip()[:1] in ("[", "{")
        begin = (
            f"{len(text)} characters" if looks_right else f"it begins: {text[:_SHOWN_CHARACTERS]!r}"
        )
        return Failure(undecodable(what, f"{error}; {begin}"))


def no_number(word: str) -> object:
    """NaN and Infinity are Python's own, and no JSON."""
    raise ValueError(f"{word} is no JSON")


# json.loads would make one for each text.
_DECODER = json.JSONDecoder(parse_constant=no_number)


def undecodable(what: str, detail: str) -> InvalidResponse:
    """Return the error for an answer that makes no sense."""
    return InvalidResponse(
        f"podman's answer to {what} could not be understood",
        detail=detail,
        hints=(Hint("report-bug"),),
    )


@dataclass(frozen=True)
class Node:
    """A JSON object and where it stands, for words of errors that name the place."""

    data: JsonObject
    where: str = ""

    def text(self, key: str, default: str = "") -> str:
        """Return a string."""
        return self._get(key, str, default)

    def flag(self, key: str) -> bool:
        """Return a boolean, false when missing."""
        return self._get(key, bool, False)

    def number(self, key: str) -> int:
        """Return an integer of 64 bits, 0 when missing."""
        value = self._get(key, int, 0)
        if isinstance(value, bool):
            raise Malformed(f"{self._place(key)} is true or false, expected a number")
        if abs(value) > _LARGEST:
            raise Malformed(f"{self._place(key)} is larger than any number of podman's")
        return value

    def node(self, key: str) -> "Node":
        """Return an object, empty when missing."""
        return Node(self._get(key, dict, {}), self._place(key))

    def has(self, key: str) -> bool:
        """Return whether the key is there and not null."""
        return self.data.get(key) is not None

    def nodes(self, key: str) -> Iterator["Node"]:
        """Yield a list of objects; what is not an object in it is an error."""
        for index, item in enumerate(self.items(key)):
            yield as_node(item, f"{self._place(key)}[{index}]")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        items = self.items(key)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                raise Malformed(f"{self._place(key)}[{index}] is no text")
        return cast("tuple[str, ...]", items)

    def text_map(self, key: str) -> dict[str, str]:
        """Return an object whose values are strings."""
        found = self.node(key)
        return {name: found.text(name) for name in found.data}

    def items(self, key: str) -> tuple[object, ...]:
        """Return a list of anything."""
        return tuple(cast("list[object]", self._get(key, list, [])))

    def _place(self, key: str) -> str:
        return f"{self.where}.{key}"

    def _get(self, key: str, kind: type[T], default: T) -> T:
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise Malformed(f"{self._place(key)} is {_kind(value)}, expected {_KINDS[kind]}")
        return value


_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a fraction",
    list: "a list",
    dict: "an object",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def as_node(value: object, where: str) -> Node:
    """Return the value as an object, or Malformed."""
    if not isinstance(value, dict):
        raise Malformed(f"{where or 'the answer'} is {_kind(value)}, expected an object")
    return Node(cast("JsonObject", value), where)
