"""The contract of events: what happens to containers is heard, until the stream is closed."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lanekit.contract.base import Base, bring, kind, value
from lanekit.contract.harness import Harness
from lanekit.core.domain.observed import ContainerEvent
from lanekit.core.ports.engine import ContainerEngine, EventStream

_SOON = 20.0


def _hear(stream: EventStream, identifier: str, action: str) -> ContainerEvent:
    """The first event of this container and action; those before it are of others."""
    deadline = time.monotonic() + _SOON
    while True:
        left = deadline - time.monotonic()
        assert left > 0, f"{action} was never heard"
        event = value(stream.next(left))
        if event is not None and (event.id, event.action) == (identifier, action):
            return event


class Hearing(Base):
    """Events of containers, whoever is the cause of them."""

    @pytest.fixture
    def stream(self, engine: ContainerEngine) -> Iterator[EventStream]:
        """A stream that is closed at the end."""
        stream = value(engine.events())
        yield stream
        stream.close()

    def test_events_report_whole_container_lifecycle(
        self, harness: Harness, name: str, stream: EventStream
    ) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        assert _hear(stream, identifier, "create").name == f"{name}-a"
        assert _hear(stream, identifier, "start").name == f"{name}-a"
        value(harness.engine.rename(identifier, f"{name}-b"))
        assert _hear(stream, identifier, "rename").name == f"{name}-b"
        value(harness.engine.stop(identifier, 5))
        assert _hear(stream, identifier, "died").name == f"{name}-b"
        value(harness.engine.remove(identifier, 5))
        assert _hear(stream, identifier, "remove").name == f"{name}-b"

    def test_killed_container_emits_died_event(
        self, harness: Harness, name: str, stream: EventStream
    ) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        harness.kill(f"{name}-a")
        assert _hear(stream, identifier, "died").name == f"{name}-a"

    def test_pause_and_unpause_emit_events(
        self, harness: Harness, name: str, stream: EventStream
    ) -> None:
        identifier = bring(harness, f"{name}-a", "paused")
        assert _hear(stream, identifier, "pause").name == f"{name}-a"
        value(harness.engine.unpause(identifier))
        assert _hear(stream, identifier, "unpause").name == f"{name}-a"

    def test_removal_of_running_container_emits_died_and_remove(
        self, harness: Harness, name: str, stream: EventStream
    ) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        value(harness.engine.remove(identifier, 0))
        assert _hear(stream, identifier, "died").name == f"{name}-a"
        assert _hear(stream, identifier, "remove").name == f"{name}-a"

    def test_every_stream_receives_the_same_event(
        self, harness: Harness, name: str, stream: EventStream
    ) -> None:
        other = value(harness.engine.events())
        try:
            identifier = bring(harness, f"{name}-a", "running")
            assert _hear(stream, identifier, "start") == _hear(other, identifier, "start")
        finally:
            other.close()

    def test_stream_without_event_returns_none_after_timeout(self, stream: EventStream) -> None:
        # What other tests did a second ago may still come.
        deadline = time.monotonic() + _SOON
        while value(stream.next(1.5)) is not None:
            assert time.monotonic() < deadline
        begun = time.monotonic()
        assert value(stream.next(0.3)) is None
        assert 0.2 < time.monotonic() - begun < 5

    @pytest.mark.parametrize("times", [1, 2])
    def test_closed_stream_reports_engine_unavailable(
        self, engine: ContainerEngine, times: int
    ) -> None:
        stream = value(engine.events())
        for _ in range(times):
            stream.close()
        assert kind(stream.next(_SOON)) == "EngineUnavailable"

    def test_close_ends_wait_of_another_thread(self, engine: ContainerEngine) -> None:
        stream = value(engine.events())
        heard: list[str] = []

        def wait() -> None:
            while (said := kind(stream.next(_SOON))) == "ok":
                pass
            heard.append(said)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        closers: list[Callable[[], None]] = [stream.close, stream.close]
        threads = [threading.Thread(target=close) for close in closers]
        for thread in (*threads,):
            thread.start()
        for thread in (*threads, waiting):
            thread.join(10)
        assert not waiting.is_alive()
        assert heard == ["EngineUnavailable"]
