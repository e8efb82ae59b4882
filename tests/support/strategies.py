"""Strategies for all property-based tests, one file."""

import posixpath
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from hypothesis import strategies as st
from tests.fuzz.mutations import mutated, seeds

from lanekit.core.domain.config_tree.entries import Entry, Tree
from lanekit.core.domain.config_tree.tar import parse_tree
from lanekit.core.domain.containers import ContainerSpec, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.diagnostics.facts import (
    Cause,
    ConnectionCheck,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartAttempt,
    StartTestResult,
    UlimitSettings,
    Workaround,
    next_workarounds,
)
from lanekit.core.domain.differences import Difference
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.git_mounts import GitFacts
from lanekit.core.domain.lanes import BindMount, Lane, Profile
from lanekit.core.domain.observed import ImageInfo, ObservedContainer, State
from lanekit.core.domain.podman_create.args import labels_of

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


def snapshot_of(spec: ContainerSpec) -> ObservedContainer:
    """What podman shows of a container of this spec that runs (image: `IMAGE`)."""
    return ObservedContainer(
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


# --- fleet files ----------------------------------------------------------------------------------

# What a careless search for a key or a table would take for one.
_LOOK_ALIKES = ("[profile]", "[[lane]]", "worktree = 5", "colour = 1", "# no", "a.b = {", "]", "},")
_STEMS = ("k", "a b", "x.y", 'q"t', "é", "#", "[z]", "lane", "")
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class TomlWriter:
    """Writes TOML and knows on which line each key, table and element was put."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.text = ""
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._draw = draw
        self._keys = 0

    @property
    def line(self) -> int:
        """The line that is written now."""
        return self.text.count("\n") + 1

    def put(self, text: str) -> None:
        """Write as it is."""
        self.text += text

    def filler(self) -> None:
        """Nothing, blank lines or comments with look-alikes; at the begin of a line."""
        for look_alike in self._draw(st.lists(st.sampled_from(_LOOK_ALIKES), max_size=2)):
            self.put(self._draw(st.sampled_from(["\n", "\r\n", " \t\n", f"  # {look_alike}\n"])))

    def key(self, name: str) -> None:
        """A key in one of the ways it can be written."""
        ways = [f'"{_escaped(name)}"', f'"{_as_codes(name)}"']
        ways += [name] if name and _BARE.issuperset(name) else []
        ways += [f"'{name}'"] if "'" not in name else []
        self.put(self._draw(st.sampled_from(ways)))

    def fresh_key(self) -> str:
        """A name that was not used before."""
        self._keys += 1
        return f"{self._draw(st.sampled_from(_STEMS))}{self._keys}"

    def value(self, path: tuple[str | int, ...], depth: int = 0) -> None:
        """Any value, on one line or many; noted as the value of `path`."""
        kinds = ["scalar", "string"] + ["array", "table"] * (depth < 3)
        match self._draw(st.sampled_from(kinds)):
            case "scalar":
                some = ["1", "0x1f", "true", "1.5e3", "nan", "1979-05-27 07:32:00Z"]
                self.put(self._draw(st.sampled_from(some)))
            case "string":
                self.put(toml_string(self._draw))
            case "array":
                self._array(path, depth)
            case _:
                self._table(path, depth)

    def _array(self, path: tuple[str | int, ...], depth: int) -> None:
        self.put("[")
        for index in range(self._draw(st.integers(0, 3))):
            self.put(self._draw(st.sampled_from(["", "\n", " # [x\n  ", " "])))
            self.lines[(*path, index)] = self.line
            self.value((*path, index), depth + 1)
            self.put(self._draw(st.sampled_from([",", " ,", "\n,", "# ]\n,"])))
        self.put(self._draw(st.sampled_from(["", "\n", " # ]\n"])) + "]")

    def _table(self, path: tuple[str | int, ...], depth: int) -> None:
        self.put("{")
        for number in range(self._draw(st.integers(0, 3))):
            self.put(", " if number else " ")
            self.pair(path, depth + 1)
        self.put(" }")

    def pair(self, path: tuple[str | int, ...], depth: int = 0) -> None:
        """A key, dotted perhaps, and its value."""
        dots = self._draw(st.integers(0, 2))
        line = self.line
        for number in range(dots + 1):
            self.put(self._draw(st.sampled_from([".", " . "])) if number else "")
            name = self.fresh_key()
            self.key(name)
            path = (*path, name)
            self.lines[path] = line
        self.put(self._draw(st.sampled_from(["=", " = "])))
        self.value(path, depth)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _as_codes(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def toml_string(draw: st.DrawFn) -> str:
    """A string of TOML in any of its four ways, full of what looks like keys and tables."""
    words = draw(st.lists(st.sampled_from(_LOOK_ALIKES), max_size=3))
    way = draw(st.sampled_from(['"', "'", '"""', "'''"]))
    if len(way) == 1:
        inside = " ".join(words)
        return (
            f"{way}{inside}{draw(st.sampled_from(['', chr(92) + chr(34)])) * (way == chr(34))}{way}"
        )
    inside = "\n".join(["", *words])
    quotes = way[0] * draw(st.integers(0, 2))
    escape = draw(st.sampled_from(["", '\\"""', "\\\\", "\\\n  "])) if way == '"""' else ""
    return f"{way}{inside}{escape} {way[0]} x{quotes}{way}"


@st.composite
def toml_documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """A valid TOML text, and the line of each of its keys, tables and elements."""
    writer = TomlWriter(draw)
    arrays: list[tuple[tuple[str | int, ...], int]] = []
    table: tuple[str | int, ...] = ()
    for _ in range(draw(st.integers(0, 8))):
        writer.filler()
        match draw(st.sampled_from(["pair", "pair", "table", "array", "again", "below"])):
            case "table":
                table = _put_header(writer, (), (), "[")
            case "array":
                table = _put_header(writer, (), (), "[[")
                arrays.append((table, 0))
                table = (*table, 0)
                writer.lines[table] = writer.line
            case "again" if arrays:
                array, count = arrays.pop()
                arrays.append((array, count + 1))
                _ = _put_header(writer, array, array, "[[", again=True)
                table = (*array, count + 1)
                writer.lines[table] = writer.line
            case "below" if arrays:
                array, count = arrays[-1]
                table = _put_header(writer, array, (*array, count), "[")
            case _:
                writer.pair(table)
        writer.put(draw(st.sampled_from(["\n", "  # [profile]\n", "\r\n"])))
    writer.filler()
    return writer.text, writer.lines


def _put_header(
    writer: TomlWriter,
    written: tuple[str | int, ...],
    path: tuple[str | int, ...],
    bracket: str,
    *,
    again: bool = False,
) -> tuple[str | int, ...]:
    """[written.NEW], or [written] again; the path of what it begins. Noted at its line."""
    names = [str(name) for name in written]
    if not again:
        names.append(writer.fresh_key())
        path = (*path, names[-1])
        writer.lines[path] = writer.line
    writer.put(bracket)
    for number, name in enumerate(names):
        writer.put("." if number else " ")
        writer.key(name)
    writer.put(" " + {"[": "]", "[[": "]]"}[bracket])
    return path


@dataclass(frozen=True)
class PlantedFleet:
    """A fleet file with exactly one fault: its text, and the line and the key of the fault."""

    text: str
    line: int
    key: str


# key, its wrong value, and where in the value the fault is.
_WRONG_ANYWHERE = (
    ("colour", '"red"', ""),
    ("memory", "true", ""),
    ("memory", '"12x"', ""),
    ("cpus", '"many"', ""),
    ("cpus", "inf", ""),
    ("server_port", "1.5", ""),
    ("server_port", "70000", ""),
    ("pids_limit", "-1", ""),
    ("image", "7", ""),
    ("config_dir", "[]", ""),
    ("ready_path", '"x"', ""),
    ("ready_timeout", "nan", ""),
    ("stop_grace", "1979-05-27", ""),
    ("mounts", "{}", ""),
    ("mounts", '[{source = "s", target = 5}]', "[0].target"),
    ("mounts", '[{source = "s", target = "/t", colour = 1}]', "[0].colour"),
    ("env", "{ A = 1 }", ".A"),
    ("env", '{ HOME = "x" }', ".HOME"),
    ("env", '"A=1"', ""),
)
_WRONG_IN_LANE = (("worktree", "5", ""), ("container", '"-x"', ""), ("workspace", '" "', ""))


@st.composite
def planted_fleets(draw: st.DrawFn) -> PlantedFleet:
    """Fleet files of up to 4 lanes, written in the many ways TOML has, with one fault planted."""
    writer = TomlWriter(draw)
    count = draw(st.integers(1, 4))
    where = draw(st.integers(-1, count - 1))  # -1: the profile
    wrong = draw(
        st.sampled_from(_WRONG_ANYWHERE if where < 0 else _WRONG_ANYWHERE + _WRONG_IN_LANE)
    )
    profile = [("worker", '"bin/w"'), ("inbox", "'bin/i'")]
    tables = [_entries(draw, profile, wrong if where < 0 else None)]
    for index in range(count):
        own = [("workspace", '"w"'), ("id", f'"{index}"'), ("worktree", f'"wt{index}"')]
        tables.append(_entries(draw, own, wrong if where == index else None))
    found = [_put_profile(draw, writer, tables[0])]
    found.append(_put_lanes(draw, writer, tables[1:]))
    name = "profile" if where < 0 else f"lane[{where}]"
    return PlantedFleet(writer.text, max(found), f"{name}.{wrong[0]}{wrong[2]}")


def _entries(
    draw: st.DrawFn, own: list[tuple[str, str]], wrong: tuple[str, str, str] | None
) -> list[tuple[str, str, bool]]:
    """Keys and values of a table in some order; the last field says which is the fault."""
    entries = [(key, value, False) for key, value in own if not wrong or key != wrong[0]]
    if not wrong or wrong[0] != "env":
        entries.append(("env", f"{{ NOTE = {toml_string(draw)}, B = 'x' }}", False))
    if wrong:
        entries.append((wrong[0], wrong[1], True))
    return draw(st.permutations(entries))


def _put_profile(draw: st.DrawFn, writer: TomlWriter, entries: list[tuple[str, str, bool]]) -> int:
    """The profile as a table, inline or dotted; the line of its fault, 0 without one."""
    writer.filler()
    way = draw(st.sampled_from(["header", "inline", "dotted"]))
    if way == "inline":
        writer.put("profile = ")
        found = _put_inline(writer, entries)
        writer.put("\n")
        return found
    writer.put("[ profile ]\n" if way == "header" else "")
    return _put_pairs(writer, entries, "profile . " if way == "dotted" else "")


def _put_lanes(
    draw: st.DrawFn, writer: TomlWriter, lanes: list[list[tuple[str, str, bool]]]
) -> int:
    """The lanes, as [[lane]] each; the line of the fault, 0 without one."""
    found = 0
    for entries in lanes:
        writer.filler()
        writer.put(draw(st.sampled_from(["[[lane]]\n", '[[ "lane" ]] # [[lane]]\n'])))
        found = max(found, _put_pairs(writer, entries, ""))
    return found


def _put_pairs(writer: TomlWriter, entries: list[tuple[str, str, bool]], before: str) -> int:
    found = 0
    for key, value, is_fault in entries:
        writer.filler()
        found = writer.line if is_fault else found
        writer.put(before)
        writer.key(key)
        writer.put(f" = {value}\n")
    return found


def _put_inline(writer: TomlWriter, entries: list[tuple[str, str, bool]]) -> int:
    found = 0
    writer.put("{ ")
    for number, (key, value, is_fault) in enumerate(entries):
        writer.put(", " if number else "")
        # A multi-line string may stand in an inline table, and moves what follows.
        found = writer.line if is_fault else found
        writer.key(key)
        writer.put(f" = {value}")
    writer.put(" }")
    return found


# --- podman's answers, damaged --------------------------------------------------------------------


@st.composite
def damaged_answers(draw: st.DrawFn) -> str:
    """A recorded answer of podman's with one to three faults: in values, keys or the text."""
    text = draw(st.sampled_from(sorted(seeds().values())))
    for _ in range(draw(st.integers(1, 3))):
        # st.randoms() would draw each number for itself, which takes thirty times as long.
        text = mutated(text, random.Random(draw(st.integers(0, 2**32))))
    return text


_NOISE_LINES = st.sampled_from(
    (
        'time="2026-01-01T00:00:00Z" level=warning msg="no such container p5-a"',
        'time="2026-01-01T00:00:00+01:00" level=error msg="image not known"',
        "WARN[0000] no such container p5-a",
        "Warnung: Die Konfigurationsdatei enthält unbekannte Schlüssel",
        "警告: 設定ファイルに不明なキーがあります",
        "ERROR: ld.so: object 'x.so' from LD_PRELOAD cannot be preloaded: ignored.",
        "setlocale: LC_ALL: cannot change locale (de_DE.UTF-8)",
        '[{"Id": "warning"}]',
        "Error: something else",
        "\\xff\\xfe",
        "",
    )
) | st.text(st.characters(codec="utf-8"), max_size=30).filter(
    # What podman itself would say of a name, and how one that is too old begins.
    lambda line: "such" not in line and "known" not in line and "more than" not in line
)


def noise() -> st.SearchStrategy[str]:
    """What stands on stderr beside an answer, in any language; none of it is about the answer."""
    return st.lists(_NOISE_LINES, max_size=4).map("\n".join)


# --- archives that try to get out -----------------------------------------------------------------

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


# --- git ------------------------------------------------------------------------------------------


@st.composite
def git_facts(draw: st.DrawFn) -> GitFacts:
    """Linked worktrees, by absolute path (also through a link on the host) or relative."""
    base, own = draw(_PATHS), draw(_PARTS)
    common = f"/repos{base}/{draw(st.sampled_from(['.git', 'bare.git']))}"
    ups = "../" * draw(st.integers(1, 3))
    written = draw(st.sampled_from([common, f"/by-a-link{base}", f"{ups}repo/.git"]))
    return GitFacts(False, f"/wt{base}/.git", f"{written}/worktrees/{own}", common, own)


FLEETS = ("/one/lanes.toml", "/two/lanes.toml")
"""Names of fleets, for `fleet_zoos`."""


_ANY_SNAPSHOT = snapshot_of(ContainerSpec("x", "i", "root", ("/w",), "/", (), (), (), {}))


@st.composite
def fleet_zoos(draw: st.DrawFn) -> tuple[list[Lane], list[ObservedContainer]]:
    """Lanes of a fleet file, and containers: their own, leftovers, orphans, of whatever fleet."""
    ids = st.sampled_from("abcd")
    lanes = [Lane("ws", one, f"/t/{one}") for one in sorted(draw(st.sets(ids, max_size=3)))]
    names = st.builds(
        "{}-{}{}".format, st.just("ws"), ids, st.sampled_from(["", "", ".next", ".prev", "-old"])
    )
    seen: list[ObservedContainer] = []
    for number, name in enumerate(sorted(draw(st.sets(names, max_size=8)))):
        owner = draw(st.sampled_from([name.removeprefix("ws-")[0], "a", "z"]))
        labels = {"lanekit.workspace": "ws", "lanekit.lane": owner}
        fleet = draw(st.sampled_from(["", *FLEETS]))
        state: State = draw(st.sampled_from(["running", "exited", "created", "paused"]))
        labels |= {"lanekit.fleet": fleet} if fleet else {}
        mine = replace(_ANY_SNAPSHOT, id=f"{number:064x}", name=name, state=state, labels=labels)
        seen.append(mine)
    return lanes, seen


# --- podman's frames ------------------------------------------------------------------------------

FRAMES = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.binary(max_size=40)), max_size=6)
"""The stream of each frame, and its bytes."""


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes, cut anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=10)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


# --- keeping lanes so -----------------------------------------------------------------------------

WATCHED = tuple(Lane("ws", name, f"/trees/{name}") for name in "abc")


@dataclass(frozen=True)
class Step:
    """Something that happens to a watch: `what`, to which lane, after how many seconds."""

    what: str
    lane: int
    after: float


def watch_steps() -> st.SearchStrategy[list[Step]]:
    """What may happen, in any order; a step that cannot be is to be left out by who plays it."""
    what = (
        "tick",
        "died",
        "fine",
        "reconciled",
        "failing",
        "away",
        "change",
        "drop",
        "lost",
        "heard",
    )
    step = st.builds(
        Step, st.sampled_from(what), st.integers(0, 2), st.floats(0, 100, allow_nan=False)
    )
    return st.lists(step, max_size=60)


# --- what doctor sees -----------------------------------------------------------------------------

_SAID = st.text("abc: \n", min_size=1, max_size=20)
_CAUSES: tuple[Cause, ...] = get_args(Cause)
_MENDED: tuple[Cause, ...] = ("ulimits", "hybrid-cgroups")
# Those that can be mended come often: else two in a row would hardly ever.
TROUBLES = st.builds(Diagnosis, st.sampled_from(_MENDED) | st.sampled_from(_CAUSES), _SAID)
LIMITS = st.builds(UlimitSettings, st.integers(-1, 1 << 40), st.integers(-1, 1 << 40))
_CURES: tuple[Workaround, ...] = get_args(Workaround)
ABLE = st.just(frozenset(_CURES)) | st.frozensets(st.sampled_from(_CURES))
_REACHED = st.one_of(
    st.builds(
        ConnectionCheck, st.just("here"), st.sampled_from(["3.4.4", "4.0.3", "4.3.1", "5.8.6"])
    ),
    st.builds(ConnectionCheck, st.just("there"), fault=_SAID),
)
_HOSTS = st.builds(
    PodmanHost,
    version=st.just("4.3.1"),
    rootless=st.booleans(),
    runtime=st.sampled_from(["runc", "crun", ""]),
    cgroups=st.sampled_from(["cgroups v1, cgroupfs", "cgroups v2, systemd"]),
    controllers=st.sampled_from([(), ("cpu", "memory", "pids")]),
    selinux=st.booleans(),
    driver=st.sampled_from(["overlay", "vfs"]),
    storage=st.just("/storage"),
    machine=st.just("amd64"),
    warnings=st.lists(TROUBLES, max_size=2).map(tuple),
)


@st.composite
def tries(draw: st.DrawFn) -> tuple[StartAttempt, ...]:
    """A start test, as it goes when podman answers each try as it likes."""
    able = draw(ABLE)
    made: tuple[StartAttempt, ...] = ()
    while (cures := next_workarounds(made, able)) is not None:
        made = (*made, StartAttempt(cures, draw(st.none() | TROUBLES)))
    return made


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """A machine as doctor sees it."""
    command, way_of_socket = draw(_REACHED), draw(_REACHED)
    ways: tuple[tuple[Literal["command", "socket"], ConnectionCheck], ...]
    ways = (("command", command), ("socket", way_of_socket))
    over: Literal["command", "socket"] | None = None
    usable: list[Literal["command", "socket"]] = [name for name, way in ways if not way.fault]
    if usable:
        over = draw(st.sampled_from(usable))
    host = draw(_HOSTS | TROUBLES) if over else None
    started = StartTestResult(
        draw(tries()),
        image=draw(st.sampled_from(["", "localhost/x:1"])),
        port=draw(st.none() | st.booleans()),
        host_name=draw(st.none() | st.booleans()),
        differences=draw(st.sampled_from([None, (), (Difference("f", "a", "b"),)])),
        leftover=draw(st.sampled_from(["", "lanekit-doctor-1"])),
    )
    fleet = FleetFacts(
        draw(st.sampled_from(["", "lanes.toml"])),
        draw(st.lists(_SAID, max_size=2).map(tuple)),
        draw(st.sampled_from([(), ("localhost/x:1",)])),
    )
    return Facts(
        fleet=fleet,
        command=command,
        socket=way_of_socket,
        over=over,
        host=host,
        limits=draw(LIMITS),
        conf="/etc/containers/containers.conf",
        images=draw(st.just(()) | st.just(("localhost/x:1",)) | TROUBLES),
        start=started
        if isinstance(host, PodmanHost)
        else StartTestResult(skipped="there is no podman"),
        locks=draw(st.just("") | _SAID),
        git=draw(st.sampled_from(["", "git version 2.39.5"])),
    )


# --- HTTP -----------------------------------------------------------------------------------------


@st.composite
def http_answers(draw: st.DrawFn) -> tuple[int, bytes, bytes]:
    """A status, a body, and the answer that says so: of a known length, or in chunks."""
    status, body = draw(st.sampled_from((200, 201, 404, 500))), draw(st.binary(max_size=300))
    if draw(st.booleans()):
        return status, body, _head(status, f"Content-Length: {len(body)}") + body
    parts = [part for part in draw(pieces(body)) if part]
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""]]
    return status, body, _head(status, "transfer-Encoding: chunked") + b"".join(chunks)


def _head(status: int, length: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\nServer: a\r\n{length}\r\n\r\n".encode()
