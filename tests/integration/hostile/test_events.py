"""podman's events, of a service or a command that breaks: one error, within its time."""

import time
from pathlib import Path

import pytest
from returns.result import Failure
from tests.fuzz.mutations import events
from tests.integration.hostile.fake_podman import FakePodman, failure
from tests.integration.hostile.fake_service import (
    Behaviour,
    answer,
    pours,
    says,
    says_and_stays,
    service,
    trickles,
)

from lanekit.adapters.podman.address import Address
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.events import decode_event
from lanekit.adapters.podman.rest.events import open_events
from lanekit.core.domain.errors import or_raise

TIMEOUT = 0.2
DEADLINE = 10.0
OK = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
LINE = events()["5.8.6"][-1]
EVENT = LINE.encode() + b"\n"
HALF = EVENT[: len(EVENT) // 2]
ERROR = b'{"cause":"io","message":"the journal is broken","response":500}\n'

NO_STREAM: dict[str, Behaviour | None] = {
    "never accepts": None,
    "never answers": says_and_stays(b""),
    "closes at once": says(b""),
    "closes in its head": says(OK[:30]),
    "stops in its head": says_and_stays(OK[:30]),
    "a head that never ends": pours(OK[:-4], b"a"),
    "headers that never end": pours(OK[:-2], b"X-A: b\r\n"),
    "trickles its head": trickles(OK[:-4], b"a"),
    "trickles its head without a rest": trickles(OK[:-4], b"a", 0),
    "an ssh server": says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "zeros": says(bytes(5000)),
    "another status": says(answer("404 Not Found", b'{"message":"page not found"}')),
    "a page": says(answer("502 Bad Gateway", b"<html>Bad Gateway</html>" * 500)),
}
# What the service says after its head and one event, and what the second read says then.
BREAKS: dict[str, tuple[Behaviour, str]] = {
    "closes": (says(OK + EVENT), "EngineUnavailable"),
    "half a line": (says(OK + EVENT + HALF), "EngineUnavailable"),
    "garbage": (says_and_stays(OK + EVENT + bytes(range(256)) + b"\n"), "InvalidResponse"),
    "a page": (says_and_stays(OK + EVENT + b"<html>Bad Gateway</html>\n"), "InvalidResponse"),
    "chunks": (says_and_stays(OK + EVENT + b"1a6\r\n"), "InvalidResponse"),
    "an error": (says_and_stays(OK + EVENT + ERROR), "InvalidResponse"),
    "no end of a line": (pours(OK + EVENT, b"a"), "InvalidResponse"),
}
SCRIPTS: dict[str, tuple[str, str]] = {
    "ends": ("echo 'Error: no journal' >&2; exit 125", "EngineUnavailable"),
    "is killed": ("echo 'Error: no journal' >&2; kill -9 $$", "EngineUnavailable"),
    "half a line": ("echo 'Error: no journal' >&2; printf '{\"ID\":\"a'", "EngineUnavailable"),
    "closes its output": ("exec >&-; exec sleep 60", "EngineUnavailable"),
    "garbage": ("echo 'Error: no journal'; exec sleep 60", "InvalidResponse"),
    "no end of a line": ("exec tr '\\0' a < /dev/zero", "InvalidResponse"),
}


@pytest.mark.parametrize("broken", NO_STREAM)
def test_service_without_event_stream_fails_in_time(tmp_path: Path, broken: str) -> None:
    with service(tmp_path, NO_STREAM[broken]) as there:
        begun = time.monotonic()
        outcome = open_events(Address(path=str(there.path)), TIMEOUT)
        seconds = time.monotonic() - begun
    assert seconds < DEADLINE
    error = failure(outcome)
    assert error.kind == "EngineUnavailable"
    assert "gives no events" in error.message


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_stream_fails_after_its_valid_events(tmp_path: Path, broken: str) -> None:
    behaviour, kind = BREAKS[broken]
    with service(tmp_path, behaviour) as there:
        stream = or_raise(open_events(Address(path=str(there.path)), 5))
        begun = time.monotonic()
        assert stream.next(DEADLINE) == decode_event(LINE)
        error = failure(stream.next(DEADLINE))
        assert time.monotonic() - begun < DEADLINE
        stream.close()
    assert error.kind == kind
    if broken == "an error":
        assert "the journal is broken" in error.detail


def test_incomplete_event_line_is_waited_for(tmp_path: Path) -> None:
    with service(tmp_path, says_and_stays(OK + HALF)) as there:
        stream = or_raise(open_events(Address(path=str(there.path)), 5))
        begun = time.monotonic()
        assert or_raise(stream.next(TIMEOUT)) is None
        assert TIMEOUT / 2 < time.monotonic() - begun < DEADLINE
        stream.close()


@pytest.mark.parametrize("broken", SCRIPTS)
def test_broken_events_command_fails_after_its_valid_events(fake: FakePodman, broken: str) -> None:
    script, kind = SCRIPTS[broken]
    stream = or_raise(fake.becomes(f"cat <<'EOF'\n{LINE}\nEOF\n{script}").engine(5).events())
    begun = time.monotonic()
    assert stream.next(DEADLINE) == decode_event(LINE)
    error = failure(stream.next(DEADLINE))
    assert time.monotonic() - begun < DEADLINE
    stream.close()
    assert error.kind == kind
    assert "no journal" in f"{error}" or "no journal" not in script


def test_endless_warnings_do_not_block_events(fake: FakePodman) -> None:
    script = f"(while :; do echo WARN >&2; done) &\nsleep 0.1\ncat <<'EOF'\n{LINE}\nEOF\nwait"
    stream = or_raise(fake.becomes(script).engine(5).events())
    assert stream.next(20) == decode_event(LINE)
    stream.close()


def test_events_of_missing_podman_report_engine_unavailable(tmp_path: Path) -> None:
    outcome = PodmanCli((str(tmp_path / "podman"),)).events()
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "EngineUnavailable"
