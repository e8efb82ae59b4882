"""An exec over a service that does not do what it should."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.adapters.scripted_service import http, service

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.core.domain.errors import Outcome
from lanekit.core.ports.engine import Streams

CONTAINER = "c" * 64
EXEC = "e" * 64
UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n"
Answer = Callable[[str], bytes | None]


def _message(status: int, text: str) -> bytes:
    return http(status, json.dumps({"message": text}).encode(), close=True)


def _service(start: bytes | None, status: bytes | None = None) -> Answer:
    """One that makes the exec, answers its start so, and then says how it ended.

    The line of asking that follows a start is what the scripted service takes for a request: it
    closes.
    """

    def answer(request: str) -> bytes | None:
        if request.startswith("POST") and f"/containers/{CONTAINER}/exec" in request:
            return http(201, json.dumps({"Id": EXEC}).encode())
        if f"/exec/{EXEC}/start" in request:
            return start
        if f"GET /v4.0.0/libpod/exec/{EXEC}/json" in request:
            return status
        return None

    return answer


def _run(folder: Path, answer: Answer) -> tuple[Outcome[int], bytes]:
    out = folder / "out"
    with service(folder, answer) as there, open(out, "wb") as file:
        given, give = os.pipe()
        os.close(give)
        streams = Streams(given, file.fileno(), file.fileno())
        engine = PodmanSocket(str(there.path), timeout=10)
        outcome = engine.execute(CONTAINER, ["x"], streams, tty=False)
        os.close(given)
    return outcome, out.read_bytes()


def test_exec_fails_when_the_service_goes_away(tmp_path: Path) -> None:
    outcome, out = _run(tmp_path, _service(UPGRADED + b"\1\0\0\0\0\0\0\2hi"))
    assert (outcome.failure().kind, out) == ("EngineUnavailable", b"hi")


@pytest.mark.parametrize("cut", [b"\1\0\0", b"\1\0\0\0\0\0\0\5hi"])
def test_exec_output_cut_in_frame_is_an_error(tmp_path: Path, cut: bytes) -> None:
    ended = http(200, b'{"Running": false, "ExitCode": 0}')
    outcome, out = _run(tmp_path, _service(UPGRADED + b"\1\0\0\0\0\0\0\2ok" + cut, ended))
    assert outcome.failure().kind == "InvalidResponse"
    assert "in the middle of a frame" in outcome.failure().detail
    assert out == b"ok" + cut[8:]


def test_exec_output_without_frames_is_invalid(tmp_path: Path) -> None:
    outcome, out = _run(tmp_path, _service(UPGRADED + b"garbage that is no frame"))
    assert (outcome.failure().kind, out) == ("InvalidResponse", b"")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (None, "InvalidResponse"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "InvalidResponse"),
        (b"HTTP/1.1 101 UPGRADED\r\nX: " + b"a" * 100_000, "InvalidResponse"),
        (_message(500, "container state improper"), "InvalidState"),
        (_message(404, "no such exec session"), "EngineFailed"),
        (http(500, b"<html>", close=True), "EngineFailed"),
    ],
)
def test_refused_exec_start_maps_to_its_error_kind(
    tmp_path: Path, start: bytes | None, kind: str
) -> None:
    assert _run(tmp_path, _service(start))[0].failure().kind == kind


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"Running": false, "ExitCode": 7}', 7),
        (b'{"Running": false, "ExitCode": -1}', 255),
        (b'{"Running": false, "ExitCode": "no"}', "InvalidResponse"),
        (b'{"Running": false}', "InvalidResponse"),
        (b'{"ExitCode": 0}', "InvalidResponse"),
        (b"{}", "InvalidResponse"),
        (b"[]", "InvalidResponse"),
        (b"", "InvalidResponse"),
    ],
)
def test_exec_exit_code_is_read_or_rejected(
    tmp_path: Path, body: bytes, expected: int | str
) -> None:
    outcome, _ = _run(tmp_path, _service(UPGRADED, http(200, body)))
    if isinstance(expected, int):
        assert outcome.unwrap() == expected
    else:
        assert outcome.failure().kind == expected


def test_exec_in_paused_container_is_invalid_state(tmp_path: Path) -> None:
    words = f"cannot create exec session as container {CONTAINER} is paused"
    outcome, _ = _run(tmp_path, lambda _request: _message(409, words))
    assert outcome.failure().kind == "InvalidState"
