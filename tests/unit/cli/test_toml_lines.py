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
def test_each_key_is_found_on_the_line_it_was_written_on(
    document: tuple[str, dict[KeyPath, int]],
) -> None:
    text, written = document
    assert key_lines(text) == written


@given(toml_documents())
@example(("[[a]]\n[a.b]\nc=1\n[[a]]\nb.c=2", {}))
def test_what_is_found_is_what_tomllib_reads(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, _ = document
    assert set(key_lines(text)) == set(_paths(tomllib.loads(text)))


def test_a_table_stands_at_its_own_header_not_at_one_below_it() -> None:
    lines = key_lines("[profile.env]\nA = '1'\n[profile]\nworker = 'x'\n")
    assert lines["profile",] == 3


def test_a_missing_key_is_placed_at_the_table_around_it() -> None:
    lines = key_lines("\n[[lane]]\nid = 'a'\n\n[[lane]]\nid = 'b'\n")
    assert line_of(lines, ("lane", 1, "worktree")) == 5
    assert line_of(lines, ("profile", "worker")) == 1


def test_a_text_nested_deeper_than_recursion_goes_gives_what_was_found() -> None:
    assert key_lines(f"a = 1\nb = {'[' * 5000}{']' * 5000}\n")["b",] == 2
