"""Config trees, and entries of archives that try to get out."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from lanekit.core.domain.config_tree.entries import Entry, Tree
from lanekit.core.domain.config_tree.tar import parse_tree
from lanekit.core.domain.errors import or_raise


@dataclass(frozen=True)
class SampleTree:
    """A config tree in memory: its entries, and the bytes of its files by name."""

    tree: Tree
    files: Mapping[str, bytes]

    def read(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of a file in uneven chunks, empty ones among them."""
        content = self.files[entry.name]
        yield content[:3]
        yield content[3:]


_COMPONENTS = st.one_of(
    st.text("ab.-~ \né日", min_size=1, max_size=3).filter(lambda name: name not in (".", "..")),
    st.sampled_from(["n" * 101, "日" * 80]),
)
_CONTENTS = st.one_of(
    st.lists(st.sampled_from([b"a", b"b", b"\0"]), max_size=6).map(b"".join),
    st.sampled_from([bytes(512), b"x" * 513, b"y" * 70_000]),
)
_PERMISSIONS = st.sampled_from([0o400, 0o600, 0o644, 0o755, 0o777, 0, 0o4755, 0o1777])


@st.composite
def config_trees(draw: st.DrawFn, modes: st.SearchStrategy[int] = _PERMISSIONS) -> SampleTree:
    """Trees of up to 7 drawn paths: files, folders (empty ones too) and links to files."""
    entries = {"": Entry("", "folder", draw(modes))}
    files: dict[str, bytes] = {}
    for path in draw(st.lists(st.lists(_COMPONENTS, min_size=1, max_size=3), max_size=7)):
        above = ["/".join(path[:n]) for n in range(1, len(path))]
        name = "/".join(path)
        if name in entries or any(entries[a].kind != "folder" for a in above if a in entries):
            continue
        for folder in above:
            _ = entries.setdefault(folder, Entry(folder, "folder", draw(modes)))
        kind = draw(st.sampled_from(["file", "file", "folder", "link"]))
        if kind == "link" and files:
            leads = draw(st.sampled_from([n for n, e in entries.items() if e.kind != "folder"]))
            target = posixpath.relpath(f"/{leads}", f"/{posixpath.dirname(name)}")
            entries[name] = Entry(name, "link", 0o777, target=target)
        elif kind == "folder":
            entries[name] = Entry(name, "folder", draw(modes))
        else:
            files[name] = draw(_CONTENTS)
            entries[name] = Entry(name, "file", draw(modes), len(files[name]))
    return SampleTree(or_raise(parse_tree("/config", entries.values())), files)


_HOSTILE = st.lists(
    st.sampled_from(["/", "..", ".", "a", "b", "etc", "\0", "\udcff", "\\", " ", "n" * 4000]),
    max_size=6,
).map("".join)


def hostile_entries() -> st.SearchStrategy[list[Entry]]:
    """Entries of any kind whose names and link targets try to get out, or through one another."""
    entry = st.builds(
        Entry,
        name=_HOSTILE,
        kind=st.sampled_from(["file", "folder", "link"]),
        mode=st.just(0o644),
        target=_HOSTILE,
    )
    # A root, or nearly all would be refused for want of one.
    return st.lists(entry, max_size=5).map(lambda some: [Entry("", "folder", 0o755), *some])


_SLY_STEPS = st.sampled_from(["..", "..", ".", "", "d", "e", "f", "g", "l", "m", "x", "etc"])
_SLY_TARGETS = st.one_of(
    st.lists(_SLY_STEPS, min_size=1, max_size=4).map("/".join).filter(bool),
    st.sampled_from(["../f", "d/../../f", "../../../f", "../.codex/f", "e/../../../f", "/f", "x"]),
)
_SLY_NAMES = st.sampled_from(
    ("g", "l", "m", "d/g", "d/l", "d/e/m", "l/g", "m/g", "d/l/g", "../x", "/x", "d/../../x", "..")
)


_FINE_LINKS = (
    *(("l", "f"), ("l", "./d/../f"), ("m", "d/e/../../f"), ("m", "l"), ("d/l", "../f")),
    *(("d/l", "e/../../f"), ("d/e/m", "../../f"), ("d/e/m", "../l")),
)


def sly_entries() -> st.SearchStrategy[list[Entry]]:
    """Like `hostile_entries`, but many of them would do: a small tree of folders d and d/e with a
    file f and links to it, and up to one more entry that tries to get out.
    """
    plain = [Entry("", "folder", 0o755), Entry("d", "folder", 0o755), Entry("d/e", "folder", 0o755)]
    file = st.builds(Entry, _SLY_NAMES, st.just("file"), st.just(0o644))
    link = st.builds(Entry, _SLY_NAMES, st.just("link"), st.just(0o777), target=_SLY_TARGETS)
    fine = st.lists(st.sampled_from(_FINE_LINKS), max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: [Entry(name, "link", 0o777, target=target) for name, target in pairs]
    )
    return st.tuples(fine, st.lists(st.one_of(file, link), max_size=1)).map(
        lambda both: [*plain, Entry("f", "file", 0o644), *both[0], *both[1]]
    )
