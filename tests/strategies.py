"""Strategies for all property-based tests, one file."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from lanekit.core.archive import parse_tree
from lanekit.core.create_args import labels_of
from lanekit.core.errors import or_raise
from lanekit.core.fingerprint import Entry, Tree
from lanekit.core.model import (
    BindMount,
    ContainerSpec,
    ImageInfo,
    Lane,
    Mount,
    Port,
    Profile,
    Snapshot,
)
from lanekit.core.spec import Digests, container_spec

# --- config trees ---------------------------------------------------------------------------------


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


# --- lanes, specs, snapshots ----------------------------------------------------------------------

_WORDS = st.text("aZ0 .,:=/'\"$é日~-", min_size=1, max_size=6).filter(str.strip)
_CONTAINER_NAMES = st.sampled_from(["a", "A_b-C", "lane.7", "ws1-a", "0", "x" * 200])
_PARTS = st.text("ab :,=\"'é日.-", min_size=1, max_size=4).filter(lambda w: w not in (".", ".."))
_PATHS = st.lists(_PARTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
_ENV_NAMES = st.sampled_from(["MY_A", "MY_B", "TOKEN", "LD_PRELOAD", "HTTPS_PROXY", "PATH"])
_HEX64 = st.integers(0, 2**64 - 1).map(lambda number: f"{number:064x}")


def lanes() -> st.SearchStrategy[Lane]:
    """Lanes that are possible, with odd but allowed words in every field."""
    return st.builds(Lane, workspace=_WORDS, id=_WORDS, worktree=_PATHS, container=_CONTAINER_NAMES)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles that are possible."""
    targets = draw(st.lists(_PATHS.map(lambda p: f"/extra{p}"), max_size=3, unique=True))
    return Profile(
        worker=draw(_PATHS),
        inbox=draw(_PATHS),
        image=draw(st.sampled_from(["localhost/a:1", "b", "quay.io/x/y@sha256:" + "0" * 64])),
        server_port=draw(st.integers(1, 65535)),
        config_dir=draw(st.one_of(st.just(""), _PATHS)),
        env=draw(st.dictionaries(_ENV_NAMES, st.text("ab ='\"é$#", max_size=6), max_size=4)),
        memory=draw(st.one_of(st.none(), st.integers(1 << 20, 1 << 40))),
        cpus=draw(st.one_of(st.none(), st.sampled_from([0.5, 1.0, 1.25, 64.0]))),
        pids_limit=draw(st.one_of(st.none(), st.integers(1, 4000))),
        mounts=tuple(BindMount(draw(_PATHS), target, draw(st.booleans())) for target in targets),
    )


@st.composite
def specs(draw: st.DrawFn) -> ContainerSpec:
    """What `container_spec` makes of possible lanes and profiles."""
    profile = draw(profiles())
    config = draw(_HEX64) if profile.config_dir else ""
    digests = Digests(draw(_HEX64), draw(_HEX64), config, config)
    return container_spec(draw(lanes()), profile, digests)


IMAGE = ImageInfo("1" * 64, {"from-image": "yes"}, ("/image-volume",))


def snapshot_of(spec: ContainerSpec) -> Snapshot:
    """What podman shows of a container of this spec that runs (image: `IMAGE`)."""
    return Snapshot(
        id="c" * 64,
        name=spec.name,
        state="running",
        image=spec.image,
        config_image=spec.image,
        image_id=IMAGE.id,
        user=spec.user,
        path=spec.entrypoint[0],
        args=spec.entrypoint[1:],
        workdir=spec.workdir,
        env={"PATH": "/bin", "TERM": "xterm", **{var.name: var.value for var in spec.env}},
        mounts=(*spec.mounts, Mount("/volumes/x", "/image-volume", kind="volume")),
        ports=(*(replace(port, host_port=40000) for port in spec.ports), Port(9, "udp", "", None)),
        labels={**IMAGE.labels, **labels_of(spec)},
        networks=("podman",),
        memory=spec.memory,
        cpus=spec.cpus,
        pids_limit=spec.pids_limit,
        started_at="2026-01-01T00:00:00Z",
    )
