"""What may be in an archive, and its bytes."""

import io
import posixpath
import tarfile

import pytest
from hypothesis import given
from returns.result import Failure
from tests.support.strategies.config_trees import SampleTree, config_trees, hostile_entries

from lanekit.core.domain.config_tree.entries import Entry, Tree
from lanekit.core.domain.config_tree.tar import END, difference, parse_tree, tar
from lanekit.core.domain.errors import ConfigUnreadable, LaneError, or_raise

_ROOT = Entry("", "folder", 0o755)
_TYPES = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}


def _fine() -> None:
    pass


def _tar(sample: SampleTree, target: str = "/root/.codex") -> bytes:
    return b"".join(tar(target, sample.tree, sample.read, _fine))


_ALONE = SampleTree(Tree((_ROOT,), {}), {})


def _link(name: str, target: str) -> Entry:
    return Entry(name, "link", 0o777, target=target)


def _folder(name: str) -> Entry:
    return Entry(name, "folder", 0o755)


def _file(name: str) -> Entry:
    return Entry(name, "file", 0o644)


def _refusal(*entries: Entry) -> LaneError:
    result = parse_tree("/config", [_ROOT, *entries])
    assert isinstance(result, Failure)
    assert isinstance(result.failure(), ConfigUnreadable)
    return result.failure()


@given(config_trees())
def test_archive_of_same_tree_is_byte_identical(sample: SampleTree) -> None:
    assert _tar(sample) == _tar(sample)


@given(config_trees())
def test_archive_reads_back_as_the_original_tree(sample: SampleTree) -> None:
    entries: list[Entry] = []
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(_tar(sample)), mode="r:", encoding="utf-8") as archive:
        for member in archive:
            name = posixpath.relpath(member.name, "root/.codex") if entries else ""
            kind = _TYPES[member.type]
            assert member.name == ("root/.codex/" + name if entries else "root/.codex")
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == 0
            entries.append(_entry(name, kind, member))
            if member.isreg():
                content = archive.extractfile(member)
                assert content is not None
                files[name] = content.read()
    assert (tuple(entries), files) == (sample.tree.entries, sample.files)


def _entry(name: str, kind: str, member: tarfile.TarInfo) -> Entry:
    match kind:
        case "file":
            return Entry(name, "file", member.mode, member.size)
        case "folder":
            return Entry(name, "folder", member.mode)
        case _:
            return Entry(name, "link", member.mode, target=member.linkname)


@given(config_trees())
def test_archive_matches_header_sizes_and_ends_with_zero_blocks(
    sample: SampleTree,
) -> None:
    archive = _tar(sample)
    at = 0
    while any(archive[at : at + 512]):
        assert archive[at + 257 : at + 265] == b"ustar\x0000", "POSIX, as PAX is"
        size = int(archive[at + 124 : at + 135], 8)
        at += 512 + (size + 511) // 512 * 512
    assert archive[at:] == END == bytes(1024)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 1 << 16, (1 << 16) + 1, 1 << 20])
def test_archive_chunks_are_neither_empty_nor_oversized(size: int) -> None:
    tree = Tree((_ROOT, Entry("f", "file", 0o644, size)), {})
    pieces = list(tar("/root/.codex", tree, lambda _: [bytes(size)], _fine))
    assert all(pieces)
    assert max(map(len, pieces)) <= size + (1 << 16)


def test_small_files_share_archive_chunks() -> None:
    tree = Tree((_ROOT, *(_file(f"f{n:03}") for n in range(300))), {})
    pieces = list(tar("/root/.codex", tree, lambda _: [], _fine))
    assert [len(piece) for piece in pieces] == [1 << 16, 1 << 16, 301 * 512 - (2 << 16), 1024]


def test_archive_target_name_keeps_every_character() -> None:
    for target in ("/X/XX", "/utf", "//a//b/"):
        with tarfile.open(fileobj=io.BytesIO(_tar(_ALONE, target))) as archive:
            assert archive.getnames() == [posixpath.normpath(target).lstrip("/")]


@given(hostile_entries())
def test_archive_entries_never_leave_the_target_folder(entries: list[Entry]) -> None:
    result = parse_tree("/config", entries)
    if isinstance(result, Failure):
        assert isinstance(result.failure(), ConfigUnreadable)
        return
    tree = or_raise(result)
    data = b"".join(tar("/root/.codex", tree, lambda _: [], _fine))
    links: set[str] = set()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8") as archive:
        for member in archive:
            place = posixpath.normpath(posixpath.join("/", member.name))
            assert f"{place}/".startswith("/root/.codex/")
            assert not any(f"{place}/".startswith(f"{link}/") for link in links)
            if member.issym():
                links.add(place)
                leads = posixpath.join(posixpath.dirname(place), member.linkname)
                assert posixpath.normpath(leads).startswith("/root/.codex/")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "has a name that does not stay inside the folder"),
        ("../x", "has a name that does not stay inside the folder"),
        ("a/../../x", "has a name that does not stay inside the folder"),
        ("..", "has a name that does not stay inside the folder"),
        (".", "has a name that does not stay inside the folder"),
        ("a//b", "has a name that does not stay inside the folder"),
        ("a/", "has a name that does not stay inside the folder"),
        ("a\0b", "has a NUL in its name"),
        ("a\udcff", "has a name that is not UTF-8"),
        ("n" * 3834, "has a path that is too long for a container (3834 bytes)"),
        ("no/parent", "is in no folder of the tree"),
        ("file/below", "is in no folder of the tree"),
        ("link/below", "is in no folder of the tree"),
        ("file", "is there twice"),
    ],
)
def test_entry_name_unsafe_to_extract_is_rejected(name: str, why: str) -> None:
    error = _refusal(_folder("a"), _file("file"), _link("link", "file"), _file(name))
    shown = name if name.isprintable() else ascii(name).strip("'")
    assert shown in error.message
    assert error.message.endswith(f" {why}")


def test_longest_entry_name_is_accepted() -> None:
    assert not isinstance(parse_tree("/config", [_ROOT, _file("n" * 3833)]), Failure)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_config_root_that_is_not_a_folder_is_rejected(kind: str) -> None:
    root = _file("") if kind == "file" else _link("", "x")
    result = parse_tree("/config", [root])
    assert isinstance(result, Failure)
    assert result.failure().message == "/config is not a folder"


_TREE = (
    _folder("d"),
    _folder("d/e"),
    _file("f"),
    _file("d/g"),
    _link("chain", "d/good"),
    _link("d/good", "../f"),
)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("f", "f"),
        ("./f", "f"),
        ("d/g", "d/g"),
        ("d//g", "d/g"),
        ("d/e/../g", "d/g"),
        ("d/../f", "f"),
        ("chain", "f"),
        ("d/good", "f"),
    ],
)
def test_link_to_file_in_tree_is_kept_and_resolved(target: str, leads_to: str) -> None:
    link = _link("link", target)
    tree = or_raise(parse_tree("/config", [_ROOT, *_TREE, link]))
    assert link in tree.entries
    assert tree.links["link"].name == leads_to


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("d", "which is a folder"),
        (".", "which is a folder"),
        ("", "which is a folder"),
        ("d/e/", "which is a folder"),
        ("missing", "which does not exist"),
        ("missing/../f", "which does not exist"),
        ("f/", "which does not exist"),
        ("f/.", "which does not exist"),
        ("f/../f", "which does not exist"),
        ("chain/", "which does not exist"),
        ("F", "which does not exist"),
        ("\udcff", "which does not exist"),
        ("..", "which leads out of the config folder"),
        ("../config/f", "which leads out of the config folder"),
        ("d/../../config/f", "which leads out of the config folder"),
        ("../../etc/passwd", "which leads out of the config folder"),
        ("/config/f", "which is an absolute path"),
        ("link", "which leads in a circle"),
        ("./link", "which leads in a circle"),
    ],
)
def test_link_to_anything_but_a_tree_file_is_rejected(target: str, why: str) -> None:
    error = _refusal(*_TREE, _link("link", target))
    assert error.message == f"/config/link is a link to {target!a}, {why}"
    assert error.hints


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("../x", "which leads out of the config folder"),
        ("/x", "which is an absolute path"),
        ("nothing", "which does not exist"),
        ("a", "which leads in a circle"),
        ("d", "which is a folder"),
    ],
)
def test_link_to_an_invalid_link_is_rejected(bad: str, why: str) -> None:
    error = _refusal(_folder("d"), _link("a", "b"), _link("b", bad))
    assert error.message == f"/config/a is a link to 'b', {why}"


def test_link_through_a_folder_link_is_rejected() -> None:
    error = _refusal(_folder("d"), _file("d/f"), _link("a", "z/f"), _link("z", "d"))
    assert error.message.startswith("/config/z is a link to 'd', which is a folder")


@pytest.mark.parametrize(("hops", "kept"), [(40, True), (41, False)])
def test_link_chain_longer_than_40_links_is_rejected(hops: int, kept: bool) -> None:
    chain = [_link(f"l{n}", f"l{n + 1}") for n in range(1, hops)] + [_link(f"l{hops}", "f")]
    assert isinstance(parse_tree("/c", [_ROOT, _file("f"), *chain]), Failure) != kept


@pytest.mark.parametrize("target", ["", "/", "//", "/a/..", "root/.codex", "."])
def test_invalid_archive_target_raises_value_error(target: str) -> None:
    with pytest.raises(ValueError, match="not the absolute path"):
        _ = b"".join(tar(target, Tree((_ROOT,), {}), lambda _: [], _fine))


@pytest.mark.parametrize("content", [b"", b"1", b"123"])
def test_content_size_unlike_header_raises_value_error(content: bytes) -> None:
    tree = Tree((_ROOT, Entry("f", "file", 0o644, 2)), {})
    with pytest.raises(ValueError, match="bytes read of"):
        _ = b"".join(tar("/root/.codex", tree, lambda _: [content], _fine))


def test_failed_final_check_stops_before_archive_end_marker() -> None:
    def fail() -> None:
        raise RuntimeError

    pieces = tar("/root/.codex", Tree((_ROOT,), {}), lambda _: [], fail)
    assert len(next(pieces)) == 512
    with pytest.raises(RuntimeError):
        _ = next(pieces)


@given(config_trees(), config_trees())
def test_difference_is_empty_only_between_equal_trees(one: SampleTree, other: SampleTree) -> None:
    same = one.tree.entries == other.tree.entries
    assert (difference(one.tree, other.tree.entries) == ("", "")) == same


def test_difference_names_first_entry_and_its_change() -> None:
    tree = or_raise(parse_tree("/c", [_ROOT, _file("a"), _file("b")]))
    assert difference(tree, [_ROOT, _file("a")]) == ("b", "was removed since it was read")
    assert difference(tree, [_ROOT, _folder("a"), _file("b")]) == ("a", "changed since it was read")
    more = [_ROOT, _file("a"), _file("b"), _file("y"), _file("x")]
    assert difference(tree, more) == ("x", "was added since the folder was read")
