"""TOML in the many ways it can be written."""

from hypothesis import strategies as st

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
