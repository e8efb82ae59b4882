"""What podman answers: damaged JSON, noise on stderr, frames, HTTP."""

import random

from hypothesis import strategies as st
from tests.fuzz.mutations import mutated, seeds


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


FRAMES = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.binary(max_size=40)), max_size=6)
"""The stream of each frame, and its bytes."""


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes, cut anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=10)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


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
