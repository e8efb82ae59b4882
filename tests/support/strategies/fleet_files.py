"""Fleet files with a fault."""

from dataclasses import dataclass

from hypothesis import strategies as st
from tests.support.strategies.toml import TomlWriter, toml_string


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
