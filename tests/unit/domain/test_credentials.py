"""Credentials are part of the copy and of nothing else."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.strategies.config_trees import SampleTree, config_trees

from lanekit.core.domain.config_tree.digest import Hashes, hash_tree
from lanekit.core.domain.config_tree.entries import Entry
from lanekit.core.domain.config_tree.tar import parse_tree, without_credentials
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.validation import validation_errors


def _hashes(sample: SampleTree, entries: Iterable[Entry]) -> Hashes | None:
    parsed = parse_tree("/config", entries)
    if isinstance(parsed, Failure):
        return None  # a link to what was left out
    return or_raise(hash_tree("/config", parsed.unwrap(), sample.read))


@given(config_trees(), st.data())
def test_hashes_equal_those_of_tree_without_credentials(
    sample: SampleTree, data: st.DataObject
) -> None:
    names = [entry.name for entry in sample.tree.entries if entry.name]
    chosen = data.draw(st.lists(st.sampled_from([*names, "not-there"]), max_size=2))
    gone = {n for n in names if any(n == c or n.startswith(f"{c}/") for c in chosen)}
    rest = [entry for entry in sample.tree.entries if entry.name not in gone]
    assert list(without_credentials(sample.tree.entries, chosen)) == rest
    assert _hashes(sample, without_credentials(sample.tree.entries, chosen)) == _hashes(
        sample, rest
    )


def test_name_that_only_starts_like_a_credential_is_config() -> None:
    names = ("auth.json", "auth.json.bak", "d", "d/auth.json", "tokens", "tokens/a", "tokens2")
    entries = [Entry(name, "file", 0o600) for name in names]
    rest = [entry.name for entry in without_credentials(entries, ("auth.json", "tokens"))]
    assert rest == ["auth.json.bak", "d", "d/auth.json", "tokens2"]


@given(config_trees())
def test_no_configured_credentials_keeps_every_entry(sample: SampleTree) -> None:
    assert tuple(without_credentials(sample.tree.entries, ())) == sample.tree.entries


@pytest.mark.parametrize(
    "name", ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", "./a", "a\n", "a\udcff"]
)
def test_invalid_credentials_path_is_rejected(name: str) -> None:
    profile = Profile("/w", "/i", config_dir="/c/.codex", credentials=("auth.json", name))
    (error,) = validation_errors(Lane("ws", "a", "/w"), profile)
    assert error.key == ("credentials",)
    assert error.message.startswith(f"credentials {name!r} ")
    assert not validation_errors(
        Lane("ws", "a", "/w"), Profile("/w", "/i", credentials=("a.json", "d/t"))
    )
