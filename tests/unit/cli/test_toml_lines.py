"""On which line a key stands: never fooled by quotes, strings, arrays or comments."""

import tomllib
from collections.abc import Iterator
from typing import cast

from hypothesis import example, given
from tests.support.strategies.toml import toml_documents

from lanekit.adapters.fleet_file.toml_lines import KeyPath, key_lines, line_of


def _paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _paths(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _paths(item, (*path, index))


@given(toml_documents())
def test_key_lines_returns_line_of_each_key(
    document: tuple[str, dict[KeyPath, int]],
) -> None:
    text, written = document
    assert key_lines(text) == written


@given(toml_documents())
@example(("[[a]]\n[a.b]\nc=1\n[[a]]\nb.c=2", {}))
def test_key_lines_finds_the_same_keys_as_tomllib(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, _ = document
    assert set(key_lines(text)) == set(_paths(tomllib.loads(text)))


def test_table_is_located_at_its_own_header() -> None:
    lines = key_lines("[profile.env]\nA = '1'\n[profile]\nworker = 'x'\n")
    assert lines["profile",] == 3


def test_missing_key_is_located_at_its_table() -> None:
    lines = key_lines("\n[[lane]]\nid = 'a'\n\n[[lane]]\nid = 'b'\n")
    assert line_of(lines, ("lane", 1, "worktree")) == 5
    assert line_of(lines, ("profile", "worker")) == 1


def test_key_with_too_deeply_nested_value_is_located() -> None:
    assert key_lines(f"a = 1\nb = {'[' * 5000}{']' * 5000}\n")["b",] == 2
