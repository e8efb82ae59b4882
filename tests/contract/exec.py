"""The contract of execute."""

import os
import threading
from collections.abc import Sequence

import pytest
from returns.result import Failure, Success

from lanekit.contract.base import NO_SUCH_ID, Base, bring, kind
from lanekit.contract.harness import Harness
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import State
from lanekit.core.ports.engine import Streams

_STATUSES = (0, 1, 7, 125, 127, 137, 255)


class Executing(Base):
    """A command in a container that runs has the caller's streams; its status is the answer."""

    @pytest.mark.parametrize("status", _STATUSES)
    def test_execute_returns_exit_status_of_command(
        self, harness: Harness, name: str, status: int
    ) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        said = _execute(harness, identifier, harness.program(b"", b"", status))
        assert said == (Success(status), b"", b"")

    def test_execute_keeps_stdout_and_stderr_separate(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        said = _execute(harness, identifier, harness.program(b"out\n", b"err\n", 0))
        assert said == (Success(0), b"out\n", b"err\n")

    def test_execute_passes_whole_stdin_to_command(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        text = bytes(range(256)) * 400
        said = _execute(harness, identifier, harness.program(b"", b"", 3, echoes=True), text)
        assert said == (Success(3), text, b"")

    def test_execute_with_closed_stdout_returns_141(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        reader, writer = os.pipe()
        os.close(reader)
        with open(os.devnull, "r+b", buffering=0) as nothing:
            streams = Streams(nothing.fileno(), writer, nothing.fileno())
            command = harness.program(b"out\n" * 100_000, b"", 0)
            outcome = harness.engine.execute(identifier, command, streams, tty=False)
        os.close(writer)
        assert outcome == Success(141)

    @pytest.mark.parametrize("state", ["created", "paused", "exited"])
    def test_execute_requires_running_container(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        outcome, out, _ = _execute(harness, identifier, harness.program(b"out", b"", 0))
        assert (kind(outcome), out) == ("InvalidState", b"")

    def test_execute_with_unknown_id_reports_not_found(self, harness: Harness) -> None:
        outcome, _, _ = _execute(harness, NO_SUCH_ID, harness.program(b"", b"", 0))
        assert isinstance(outcome, Failure)
        assert kind(outcome) == "NotFound"


def _execute(
    harness: Harness, identifier: str, command: Sequence[str], stdin: bytes = b""
) -> tuple[Outcome[int], bytes, bytes]:
    """The outcome, stdout, stderr."""
    (given, give), (out, to_out), (err, to_err) = os.pipe(), os.pipe(), os.pipe()
    said = {out: b"", err: b""}
    helpers = [
        threading.Thread(target=_give, args=(give, stdin)),
        *(threading.Thread(target=_collect, args=(fd, said)) for fd in (out, err)),
    ]
    for helper in helpers:
        helper.start()
    streams = Streams(given, to_out, to_err)
    try:
        outcome = harness.engine.execute(identifier, command, streams, tty=False)
    finally:
        for fd in (given, to_out, to_err):
            os.close(fd)
        for helper in helpers:
            helper.join()
    return outcome, said[out], said[err]


def _give(fd: int, data: bytes) -> None:
    with open(fd, "wb") as pipe:
        _ = pipe.write(data)


def _collect(fd: int, said: dict[int, bytes]) -> None:
    with open(fd, "rb") as pipe:
        said[fd] = pipe.read()
