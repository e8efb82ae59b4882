"""podman's events: as three versions wrote them down, damaged, and cut anywhere on their way."""

import os
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.fuzz.mutations import ODD, events, mutated
from tests.support.hypothesis_settings import many_examples

from lanekit.adapters.podman.events import EventLines, decode_event
from lanekit.core.domain.errors import EngineUnavailable, Outcome, or_raise
from lanekit.core.domain.observed import ContainerEvent

LINES = events()
ALL = sorted(line for lines in LINES.values() for line in lines)
OVER = EngineUnavailable("it ended")
LONGEST = 1 << 20


def _lines(data: bytes, begun: bytes = b"") -> EventLines:
    """A stream of these bytes that ends after them."""
    out, into = os.pipe()

    def write() -> None:
        with os.fdopen(into, "wb") as pipe:
            _ = pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()

    def release() -> None:
        # With nobody to read, a writer that still writes gets an error, not a wait without end.
        while os.read(out, 1 << 16):
            pass
        os.close(out)
        writer.join()

    return EventLines(out, lambda: OVER, lambda: None, release, begun)


def _all(stream: EventLines) -> list[Outcome[ContainerEvent | None]]:
    """All that is said until it has ended."""
    said: list[Outcome[ContainerEvent | None]] = []
    while not said or said[-1] != Failure(OVER):
        said.append(stream.next(20))
    stream.close()
    return said


@pytest.mark.parametrize("version", ["4.3.1", "5.4.2", "5.8.6"])
def test_recorded_events_are_decoded(version: str) -> None:
    heard = [or_raise(decode_event(line)) for line in LINES[version]]
    command = [event for event in heard if event.name == "p5-ps"]
    assert [e.action for e in command][:3] == ["create", "init", "start"]
    assert "died" in [e.action for e in command]
    service = [event for event in heard if event.name == "p5-e"]
    assert [e.action for e in service] == ["create", "create", "start"]
    assert len(heard) == len(command) + len(service)
    assert all(len(event.id) == 64 for event in heard)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            " ",
            "null",
            "[]",
            "7",
            '"x"',
            "{}",
            "Error: it is broken",
            "<html>",
            "\0",
            ALL[0][:-9],
        ),
        *('{"ID":"a"}', '{"Status":"died"}', '{"ID":"","Status":"died"}', '{"Actor":{"ID":"a"}}'),
        *('{"Actor":{},"Action":"died"}', '{"Actor":[],"Action":"died"}', '{"Actor":"a"}'),
        *('{"ID":7,"Status":"died"}', '{"ID":"a","Status":["died"]}', ALL[0] + ALL[0]),
        '{"Actor":{"ID":"a","Attributes":["name"]},"Action":"died"}',
    ],
)
def test_invalid_event_is_rejected(line: str) -> None:
    outcome = decode_event(line)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "InvalidResponse"


def test_error_in_event_stream_is_reported() -> None:
    said = decode_event('{"cause":"io","message":"reading events: bad","response":500}')
    assert "reading events: bad" in said.failure().detail


def test_event_without_container_name_is_decoded() -> None:
    seen = or_raise(decode_event('{"Actor":{"ID":"a"},"Action":"died","Novelty":{"Name":"b"}}'))
    assert seen == ContainerEvent("a", "", "died")


@many_examples()
@given(st.sampled_from(ALL), st.integers(0, 2**32))
def test_damaged_event_is_rejected_or_has_id_and_action(line: str, luck: int) -> None:
    outcome = decode_event(mutated(line, random.Random(luck)))
    if isinstance(outcome, Failure):
        assert outcome.failure().kind == "InvalidResponse"
    else:
        assert outcome.unwrap().id
        assert outcome.unwrap().action


@many_examples()
@given(
    st.lists(st.tuples(st.sampled_from(ALL), st.sampled_from(ODD), st.booleans()), max_size=3),
    st.integers(0, 3000),
)
def test_event_lines_are_the_same_wherever_they_are_split(
    given: list[tuple[str, str, bool]], cut: int
) -> None:
    lines = [odd if bad else line for line, odd, bad in given]
    data = "".join(f"{line}\n" for line in lines).encode()
    said = _all(_lines(data[cut:], begun=data[:cut]))
    assert said == [*(decode_event(line) for line in lines), Failure(OVER)]


def test_incomplete_line_is_not_an_event() -> None:
    half = ALL[0][: len(ALL[0]) // 2]
    assert _all(_lines(f"{ALL[0]}\n{half}".encode())) == [decode_event(ALL[0]), Failure(OVER)]


def test_line_of_invalid_bytes_is_rejected_and_next_is_read() -> None:
    first, second, end = _all(_lines(b"\xff\xfe\x00\n" + ALL[0].encode() + b"\n"))
    assert first.failure().kind == "InvalidResponse"
    assert (second, end) == (decode_event(ALL[0]), Failure(OVER))


@pytest.mark.parametrize("begun", [b"", b'{"ID":"'])
def test_endless_event_line_is_rejected(begun: bytes) -> None:
    stream = _lines(b"a" * (LONGEST + (1 << 16)), begun)
    for _ in range(2):
        error = stream.next(20).failure()
        assert error.kind == "InvalidResponse"
        assert "a line that goes on" in error.detail
    stream.close()


def test_long_event_line_is_read() -> None:
    label = '"Novelty":"' + "a" * (LONGEST - 1000) + '",'
    line = "{" + label + ALL[0][1:]
    assert _all(_lines(f"{line}\n".encode())) == [decode_event(ALL[0]), Failure(OVER)]
