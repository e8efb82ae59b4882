"""A podman service that never answers, breaks off, or answers what no podman would.

Each is tried over whole calls: one clear error within the deadline, and nothing changed.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.integration.hostile.fake_podman import failure, fleet_of, lanes_over, make_lane
from tests.integration.hostile.fake_service import (
    Behaviour,
    answer,
    pours,
    says,
    says_and_stays,
    service,
    trickles,
)
from typer.testing import CliRunner

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.cli import wiring
from lanekit.cli.app import app
from lanekit.cli.options import EngineName
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane
from lanekit.core.ports.engine import ContainerEngine

TIMEOUT = 0.1
DEADLINE = 5.0
LATE, AWAY, ODD, FAILED = "EngineTimeout", "EngineUnavailable", "InvalidResponse", "EngineFailed"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HALF = b'[{"Id":"aaaa'
OTHER = b'{"Id":"' + b"a" * 64 + b'","Name":"ws-a","State":{"Status":'

# What the service does, and the kinds of error that are right.
BROKEN: dict[str, tuple[Behaviour | None, tuple[str, ...]]] = {
    "never accepts": (None, (LATE,)),
    "accepts and never answers": (says_and_stays(b""), (LATE,)),
    "closes at once": (says(b""), (AWAY,)),
    "closes in the status": (says(b"HTTP/1.1 20"), (AWAY, ODD)),
    "stops in the status": (says_and_stays(b"HTTP/1.1 20"), (LATE,)),
    "closes in the headers": (says(OK + b"Content-Le"), (AWAY, ODD)),
    "stops in the headers": (says_and_stays(OK + b"Content-Length: 5\r\n"), (LATE,)),
    "closes in the body": (says(OK + b"Content-Length: 500\r\n\r\n" + HALF), (AWAY, ODD)),
    "stops in the body": (says_and_stays(OK + b"Content-Length: 500\r\n\r\n" + HALF), (LATE,)),
    "closes in a chunk": (says(CHUNKED + b"50\r\n" + HALF), (AWAY, ODD)),
    "closes between chunks": (says(CHUNKED + b"c\r\n" + HALF + b"\r\n"), (AWAY, ODD)),
    "half a body of unknown length": (says(OK + b"\r\n" + HALF), (ODD,)),
    "garbage": (says(bytes(range(256)) * 40), (ODD,)),
    "zeros": (says(bytes(5000)), (ODD,)),
    "an ssh server": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), (ODD,)),
    "a tls server": (says(b"\x15\x03\x01\x00\x02\x02\x46"), (ODD,)),
    "HTTP/0.9": (says(b"<html>hello</html>\n"), (ODD,)),
    "HTTP/9.9": (says(b"HTTP/9.9 200 OK\r\n\r\n"), (ODD,)),
    "no status": (says(b"HTTP/1.1\r\n\r\n"), (ODD,)),
    "a status in words": (says(b"HTTP/1.1 yes OK\r\n\r\n"), (ODD,)),
    "a status of 99999": (says(b"HTTP/1.1 99999 OK\r\n\r\n"), (ODD,)),
    "a negative length": (says(OK + b"Content-Length: -5\r\n\r\n" + HALF), (ODD,)),
    "a length in words": (says(OK + b"Content-Length: five\r\n\r\n" + HALF), (ODD,)),
    "a length too short": (says(OK + b"Content-Length: 3\r\n\r\n" + HALF), (ODD,)),
    "a length too long": (says(OK + b"Content-Length: 99\r\n\r\n" + OTHER), (AWAY, ODD)),
    "an astronomic length": (
        says_and_stays(OK + b"Content-Length: " + b"9" * 300 + b"\r\n\r\n" + HALF),
        (ODD,),
    ),
    "a chunk of no size": (says(CHUNKED + b"zz\r\n" + HALF), (AWAY, ODD)),
    "a negative chunk": (says(CHUNKED + b"-5\r\n" + HALF), (AWAY, ODD)),
    "an astronomic chunk": (says(CHUNKED + b"f" * 300 + b"\r\n" + HALF), (AWAY, ODD)),
    "endless headers": (pours(OK, b"X-A: b\r\n"), (ODD,)),
    "an endless header": (pours(OK + b"X-A: ", b"b"), (ODD,)),
    "an endless status": (pours(b"HTTP/1.1 200 ", b"b"), (ODD,)),
    "continues for ever": (trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), (ODD,)),
    "trickles its headers": (trickles(OK, b"X"), (LATE,)),
    "trickles its body": (trickles(OK + b"Content-Length: 9999\r\n\r\n[", b" "), (LATE,)),
    "trickles chunks": (trickles(CHUNKED, b"1\r\n \r\n"), (LATE,)),
    "an endless body": (pours(OK + b"\r\n", b" "), (ODD,)),
    "an endless chunk": (pours(CHUNKED + b"7fffffff\r\n", b" "), (ODD,)),
    "an endless negative chunk": (pours(CHUNKED + b"-1\r\n", b" "), (ODD,)),
    "endless chunks": (pours(CHUNKED, b"ff00\r\n" + b"0" * 0xFF00 + b"\r\n"), (ODD,)),
    "100 MiB": (pours(OK + b"Content-Length: 104857600\r\n\r\n", b"["), (ODD,)),
    "nothing": (says(answer("200 OK", b"")), (ODD,)),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), (ODD,)),
    "not modified": (says(b"HTTP/1.1 304 Not Modified\r\n\r\n"), (ODD,)),
    "HTML": (says(answer("200 OK", b"<html>hello</html>")), (ODD,)),
    "half": (says(answer("200 OK", HALF)), (ODD,)),
    "null": (says(answer("200 OK", b"null")), (ODD,)),
    "a number": (says(answer("200 OK", b"5")), (ODD,)),
    "an empty object": (says(answer("200 OK", b"{}")), (ODD,)),
    "an empty list": (says(answer("200 OK", b"[]")), (ODD,)),
    "another container": (
        says(answer("200 OK", OTHER.replace(b"ws-a", b"xx") + b'"running"}}')),
        (ODD,),
    ),
    "bytes that are no text": (says(answer("200 OK", b'{"Id":"\xff\xfe"}')), (ODD,)),
    "not found, in HTML": (says(answer("404 Not Found", b"<html>")), (FAILED,)),
    "not found, in no words": (says(answer("404 Not Found", b"")), (FAILED,)),
    "not found, by docker": (
        says(answer("404 Not Found", b'{"message":"page not found"}')),
        (FAILED,),
    ),
    "moved": (says(answer("302 Found", b"", b"Location: http://127.0.0.1/")), (FAILED,)),
    "forbidden": (says(answer("403 Forbidden", b'{"message":"go away"}')), (FAILED,)),
    "a failure in no words": (says(answer("500 X", b"")), (FAILED,)),
    "a failure in unknown words": (says(answer("500 X", b'{"message":"der Mond"}')), (FAILED,)),
    "a failure in a number": (says(answer("500 X", b'{"message":5}')), (FAILED,)),
    "a failure in a book": (
        says(answer("500 X", b'{"message":"' + b"x" * 3_000_000 + b'"}')),
        (FAILED,),
    ),
    "podman 3.4": (
        says(answer("404 X", b'{"message":"no such container"}', b"Server: Libpod/3.4.4 (linux)")),
        (AWAY,),
    ),
    "switching protocols": (says(b"HTTP/1.1 101 Upgrade\r\n\r\n"), (ODD, FAILED, AWAY)),
}
broken = pytest.mark.parametrize(("behaviour", "kinds"), BROKEN.values(), ids=BROKEN)


def _allowed(kinds: tuple[str, ...]) -> float:
    return TIMEOUT if LATE in kinds else 30


@broken
def test_a_broken_service_is_one_clear_error_and_nothing_is_changed(
    tmp_path: Path, behaviour: Behaviour | None, kinds: tuple[str, ...]
) -> None:
    with service(tmp_path, behaviour) as there:
        engine = PodmanSocket(str(there.path), timeout=_allowed(kinds))
        lanes, lane = lanes_over(engine, tmp_path)
        for call in (lanes.ensure, lanes.remove):
            begun = time.monotonic()
            error = failure(call(lane))
            assert time.monotonic() - begun < DEADLINE
            assert error.kind in kinds, str(error)
            assert error.lane == "ws/a"
            assert error.message
    assert set(there.asked) <= {"GET"}


@broken
@pytest.mark.parametrize("command", ["ensure", "status"])
def test_the_command_line_tells_it_in_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    behaviour: Behaviour | None,
    kinds: tuple[str, ...],
) -> None:
    with service(tmp_path, behaviour) as there:
        engine = PodmanSocket(str(there.path), timeout=_allowed(kinds))

        def same(_lanes: Sequence[Lane]) -> ContainerEngine:
            return engine

        monkeypatch.setattr(wiring, "ENGINES", dict.fromkeys(EngineName, same))
        _ = make_lane(tmp_path)
        arguments = (command, "--json", "--file", str(fleet_of(tmp_path)))
        said = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert said.exit_code == 1
    assert json.loads(said.stdout)["error"]["kind"] in kinds
    assert said.stderr.startswith("ws/a: ")
    assert "Traceback" not in said.stderr
    assert set(there.asked) <= {"GET"}


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b"[[]]"])
def test_an_answer_without_an_image_does_not_mean_that_it_is_missing(
    tmp_path: Path, body: bytes
) -> None:
    with service(tmp_path, says(answer("200 OK", body))) as there:
        refused = PodmanSocket(str(there.path), timeout=30).images(["localhost/a:1"])
        assert failure(refused).kind == ODD


def _nothing(path: Path) -> None:
    assert not path.exists()


def _file(path: Path) -> None:
    _ = path.write_text("")


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _stale(path: Path) -> None:
    with service(path.parent, None):
        pass


@pytest.mark.parametrize("make", [_nothing, _file, _folder, _loop, _stale])
def test_where_nobody_listens_the_error_says_how_to_start_it(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "podman.sock"
    make(path)
    lanes, lane = lanes_over(PodmanSocket(str(path), timeout=5), tmp_path)
    for call in (lanes.ensure, lanes.status, lanes.remove):
        error = failure(call(lane))
        assert (error.kind, error.lane) == (AWAY, "ws/a")
        assert str(path) in error.message
        assert Hint("start-podman-service") in error.hints
