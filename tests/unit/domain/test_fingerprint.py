"""The reference's fingerprint, and the digest that sees what the fingerprint cannot."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.strategies.config_trees import SampleTree, config_trees

from lanekit.core.domain.config_tree.digest import Hashes, digest, hash_tree
from lanekit.core.domain.config_tree.entries import Entry, Kind, Tree
from lanekit.core.domain.config_tree.tar import parse_tree
from lanekit.core.domain.errors import ConfigUnreadable, or_raise

_VECTORS = Path(__file__).parents[2] / "vectors" / "fingerprint.jsonl"


def _of(files: Mapping[str, bytes], *more: Entry) -> SampleTree:
    """A tree of these files, their folders, and more."""
    entries = {entry.name: entry for entry in (Entry("", "folder", 0o755), *more)}
    for name, content in files.items():
        steps = name.split("/")
        for n in range(1, len(steps)):
            entries["/".join(steps[:n])] = Entry("/".join(steps[:n]), "folder", 0o755)
        entries[name] = Entry(name, "file", 0o644, len(content))
    return SampleTree(or_raise(parse_tree("/config", entries.values())), files)


def _hashes(sample: SampleTree) -> Hashes:
    return or_raise(hash_tree("/config", sample.tree, sample.read))


def _reference(sample: SampleTree) -> str:
    """The reference, in other words: what reading gives of each file and link, by name."""
    contents = dict(sample.files)
    for link, file in sample.tree.links.items():
        contents[link] = sample.files[file.name]
    by_bytes = {name.encode(): content for name, content in contents.items()}
    parts = [name + b"\0" + by_bytes[name] + b"\0" for name in sorted(by_bytes)]
    return sha256(b"".join(parts)).hexdigest()


def _vectors() -> list[tuple[dict[str, bytes], str]]:
    rows = [json.loads(line) for line in _VECTORS.read_text().splitlines()]
    return [
        ({name: bytes.fromhex(body) for name, body in row["files"].items()}, row["sha256"])
        for row in rows
    ]


@pytest.mark.parametrize(("files", "expected"), _vectors())
def test_fingerprint_matches_reference_vectors(files: Mapping[str, bytes], expected: str) -> None:
    assert _hashes(_of(files)).fingerprint == expected


@given(config_trees())
def test_fingerprint_matches_reference_for_any_tree(sample: SampleTree) -> None:
    assert _hashes(sample).fingerprint == _reference(sample)


@given(config_trees(), st.data())
def test_hashes_ignore_entry_order(sample: SampleTree, data: st.DataObject) -> None:
    entries = data.draw(st.permutations(sample.tree.entries))
    parsed = replace(sample, tree=or_raise(parse_tree("/config", entries)))
    unparsed = replace(sample, tree=Tree(tuple(entries), sample.tree.links))
    assert _hashes(parsed) == _hashes(unparsed) == _hashes(sample)


@given(config_trees(), st.integers(1, 5))
def test_hashes_ignore_chunk_sizes(sample: SampleTree, size: int) -> None:
    def read(entry: Entry) -> Iterator[bytes]:
        content = sample.files[entry.name][:600]
        for at in range(0, len(content), size):
            yield content[at : at + size]
        yield sample.files[entry.name][600:]

    assert or_raise(hash_tree("/config", sample.tree, read)) == _hashes(sample)


@given(config_trees(), config_trees())
def test_different_trees_have_different_digests(one: SampleTree, other: SampleTree) -> None:
    same = (one.tree, one.files) == (other.tree, other.files)
    assert (_hashes(one).digest == _hashes(other).digest) == same


def test_digest_differs_where_fingerprints_collide() -> None:
    one, other = _hashes(_of({"a": b"x\0b\0y"})), _hashes(_of({"a": b"x", "b": b"y"}))
    assert one.fingerprint == other.fingerprint
    assert one.digest != other.digest


def _variants() -> list[SampleTree]:
    """Trees that differ in one thing each; the reference sees the same files in all of them."""
    files = {"a": b"x", "d/b": b"x"}
    plain = _of(files)
    modes = [
        tuple(replace(e, mode=0o700) if e.name == name else e for e in plain.tree.entries)
        for name in ("", "a", "d", "d/b")
    ]
    return [
        plain,
        *(SampleTree(Tree(entries, {}), files) for entries in modes),
        _of(files, Entry("empty", "folder", 0o755)),
        _of(files, Entry("empty2", "folder", 0o755)),
        _of({"a": b"x"}, Entry("d", "folder", 0o755), Entry("d/b", "link", 0o777, target="../a")),
        _of({"a": b"x"}, Entry("d", "folder", 0o755), Entry("d/b", "link", 0o777, target=".././a")),
        _of({"d/b": b"x"}, Entry("a", "link", 0o777, target="d/b")),
    ]


def test_digest_includes_modes_empty_folders_and_links() -> None:
    hashes = [_hashes(sample) for sample in _variants()]
    assert len({each.fingerprint for each in hashes}) == 1
    assert len({each.digest for each in hashes}) == len(hashes)


def test_digest_separates_adjacent_fields() -> None:
    texts = ("", "1", "11", "l")
    kinds: tuple[Kind, ...] = ("folder", "link")
    single = [
        Entry(name, kind, mode, size, target)
        for name, kind, mode, size, target in product(texts, kinds, (1, 9), (1, 11), texts)
    ]
    pairs = [pair for pair in combinations(single, 2) if pair[0].name != pair[1].name]
    trees = [(), *((entry,) for entry in single), *pairs]
    assert len({digest(tree, {}) for tree in trees}) == len(trees)


def test_file_changed_between_reads_through_link_is_rejected() -> None:
    sample = _of({"d/a": b"x"}, Entry("link", "link", 0o777, target="d/a"))
    contents = iter([b"x", b"y"])
    result = hash_tree("/config", sample.tree, lambda _: [next(contents)])
    assert isinstance(result, Failure)
    error = result.failure()
    assert isinstance(error, ConfigUnreadable)
    assert error.message == "/config/d/a changed while it was read"


def test_digest_is_stable_across_versions() -> None:
    """Another one would be taken for drift, and every lane would be replaced by an upgrade."""
    tree = _of(
        {"a": b"x", "d/é": b"yy"},
        Entry("d", "folder", 0o700),
        Entry("link", "link", 0o777, target="d/é"),
    )
    hashes = _hashes(tree)
    assert hashes.digest == "ba2d27a9c1c054f5c619b280f4b5e6fa3dcfa620b0078d2ca47c847180224065"
    assert hashes.contents == {
        **{name: sha256(content).digest() for name, content in tree.files.items()},
        "link": sha256(b"yy").digest(),
    }
    assert _hashes(_of({"a": b"x"})).digest != _hashes(_of({"a": b"y"})).digest
