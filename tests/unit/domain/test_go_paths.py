"""Go's rules for paths and blanks, where Python's are others."""

import pytest

from lanekit.core.domain.go_paths import clean, join_one, trim_space


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("", "."),
        ("/", "/"),
        ("//", "/"),
        ("//a//b/", "/a/b"),
        ("///a", "/a"),
        ("a/./b/..", "a"),
        ("/..", "/"),
        ("../a", "../a"),
    ],
)
def test_clean_follows_go_path_rules(path: str, cleaned: str) -> None:
    assert clean(path) == cleaned
    assert join_one(path) == (cleaned if path else "")


def test_trim_space_uses_unicode_spaces_not_python_ones() -> None:
    assert trim_space("\u3000\t a b\x85\n") == "a b"
    # str.strip would take these.
    assert trim_space("\x1c a\x1f") == "\x1c a\x1f"
