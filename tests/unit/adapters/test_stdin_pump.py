"""The writer of a process's stdin: it can always be stopped, and closes its sink once."""

import os
import time
from collections.abc import Iterable, Iterator
from functools import partial

import pytest

from lanekit.adapters.host.stdin_pump import StdinPump

DEADLINE = 10.0


class _Sink:
    """A pipe that nobody reads, and how often its end was closed."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()
        os.set_blocking(self.into, False)
        self.events: list[str] = []

    def close(self) -> None:
        self.events.append("closed")
        os.close(self.into)

    def pump(self, source: int | Iterable[bytes]) -> StdinPump:
        def failed() -> None:
            self.events.append("failed")

        return StdinPump(source, self.into, partial(os.write, self.into), self.close, failed)


@pytest.fixture
def sink() -> Iterator[_Sink]:
    sink = _Sink()
    yield sink
    os.close(sink.out)


def test_pump_copies_descriptor_until_its_end(sink: _Sink) -> None:
    source, give = os.pipe()
    pump = sink.pump(source)
    pump.start()
    _ = os.write(give, b"hello")
    os.close(give)
    pump.join(DEADLINE)
    os.close(source)
    assert (os.read(sink.out, 99), os.read(sink.out, 99)) == (b"hello", b"")
    assert sink.events == ["closed"]


def test_pump_stops_while_its_source_is_silent(sink: _Sink) -> None:
    source, give = os.pipe()
    pump = sink.pump(source)
    pump.start()
    pump.stop()
    pump.stop()
    os.close(source)
    os.close(give)
    assert sink.events == ["closed"]


def test_pump_stops_while_its_sink_is_full(sink: _Sink) -> None:
    pump = sink.pump([bytes(1 << 20)])
    pump.start()
    time.sleep(0.05)
    pump.stop()
    assert not pump.is_alive()
    assert (sink.events, pump.error) == (["closed"], None)


def test_pump_reports_broken_chunks_before_close(sink: _Sink) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"begun"
        raise OSError("the disk")

    pump = sink.pump(chunks())
    pump.start()
    pump.join(DEADLINE)
    assert str(pump.error) == "the disk"
    assert sink.events == ["failed", "closed"]


def test_pump_ends_when_reader_went_away() -> None:
    sink = _Sink()
    os.close(sink.out)
    pump = sink.pump(iter([b"x"] * 3))
    pump.start()
    pump.join(DEADLINE)
    assert not pump.is_alive()
    assert (sink.events, pump.error) == (["closed"], None)
