"""A service that gives up on an archive that is still being sent, or just was."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from returns.result import Failure
from tests.unit.adapters.scripted_service import Service, http, service

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.contract.harness import Entry, make_tar
from lanekit.core.domain.errors import LaneError, Outcome, or_raise

ID = "ab" * 32
COPY = f"PUT /v4.0.0/libpod/containers/{ID}/archive"
GONE = b'{"cause":"no such container","message":"no such container","response":404}'
# As podman says it when it has met the end of a tar, and more comes.
PADDED = b'{"cause":"broken pipe","message":"io: read/write on closed: broken pipe","response":500}'
WORDS = "io: read/write on closed: broken pipe"
SMALL = make_tar({"/root/.codex/a": Entry("file", 0o640, b"one")}).ljust(10_240, b"\0")


def _small() -> Iterator[bytes]:
    yield SMALL


def _large() -> Iterator[bytes]:
    """More than a socket holds: who sends it is still sending when nobody reads."""
    yield SMALL
    for _ in range(64):
        yield bytes(1 << 16)


class _Refuses:
    """Says something to an archive before it has read it, and closes; nothing at all for b""."""

    running: Service

    def __init__(self, said: bytes) -> None:
        self._said = said

    def __call__(self, request: str) -> bytes | None:
        if not request.startswith("PUT"):
            return http(404, GONE)
        self.running.clients[-1].sendall(self._said)
        return None


@pytest.mark.parametrize("archive", [_small, _large])
@pytest.mark.parametrize("before", [[], ["a"]])
@pytest.mark.parametrize(
    "answer",
    [
        (http(500, PADDED, close=True), "EngineFailed", WORDS),
        (http(500, PADDED), "EngineFailed", WORDS),
        (http(404, GONE, close=True), "NotFound", "no such container"),
        (b"", "EngineUnavailable", ""),
    ],
)
def test_refused_archive_reports_error_and_is_not_sent_again(
    tmp_path: Path,
    answer: tuple[bytes, str, str],
    before: list[str],
    archive: Callable[[], Iterator[bytes]],
) -> None:
    said, kind, words = answer
    refuses = _Refuses(said)
    with service(tmp_path, refuses) as running:
        refuses.running = running
        engine = PodmanSocket(str(running.path), timeout=20)
        # With a look before it, on a connection that was kept.
        assert or_raise(engine.inspect(before)) == {}
        error = _error(engine.put_archive(ID, archive()))
        assert error.kind == kind
        assert words in error.detail
        assert ID[:12] in error.message
        # An archive is no look: it is never sent again.
        assert sum(line.startswith(COPY) for line in running.asked) == 1
        assert running.connections == 1
        assert or_raise(engine.inspect(["b"])) == {}
        assert running.connections == 2


def _error(outcome: Outcome[None]) -> LaneError:
    assert isinstance(outcome, Failure)
    return outcome.failure()
