"""Commands are bounded in time and in what they say, and a broken archive ends them."""

import os
import time
from collections.abc import Iterator

import pytest

from lanekit.adapters.host.processes import (
    DEFAULT_LIMITS,
    CommandTimeout,
    OutputTooLarge,
    ProcessLimits,
    run,
)
from lanekit.core.domain.errors import ConfigUnreadable
from lanekit.core.ports.host_files import ArchiveBroken


def _sh(
    script: str,
    timeout: float = 10,
    stdin: Iterator[bytes] | tuple[bytes, ...] = (),
    limits: ProcessLimits = DEFAULT_LIMITS,
) -> str:
    answer = run(["sh", "-c", script], os.environ, timeout, stdin, limits)
    return f"{answer.status}|{answer.stdout}|{answer.stderr}"


def test_status_and_both_outputs_are_kept_apart() -> None:
    assert _sh("echo out; echo err >&2; exit 3") == "3|out\n|err\n"


def test_invalid_utf_8_output_is_escaped() -> None:
    assert _sh("printf 'a\\377b'") == "0|a\\xffb|"


def test_output_larger_than_a_pipe_does_not_block() -> None:
    assert len(_sh("head -c 300000 /dev/zero | tr '\\0' e >&2; echo done")) == 300_008


def test_stdin_is_written_while_output_is_read() -> None:
    chunks = (b"x" * 65536 for _ in range(20))
    assert _sh("cat | wc -c", stdin=chunks) == "0|1310720\n|"


def test_command_without_stdin_reads_end_of_file() -> None:
    assert _sh("cat") == "0||"


def test_command_that_ignores_stdin_returns_its_status() -> None:
    chunks = (b"x" * 65536 for _ in range(100))
    assert _sh("echo no >&2; exit 4", stdin=chunks) == "4||no\n"


def test_hanging_command_times_out() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandTimeout):
        _ = _sh("exec sleep 60", timeout=0.3)
    assert time.monotonic() - begun < 5


def test_command_ignoring_sigterm_times_out() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandTimeout):
        _ = _sh("trap '' TERM; while :; do sleep 0.1; done", timeout=0.3, limits=ProcessLimits(0.2))
    assert time.monotonic() - begun < 5


def test_grandchild_holding_the_pipe_causes_a_timeout() -> None:
    with pytest.raises(CommandTimeout):
        _ = _sh("sleep 3 & echo started", timeout=0.3)


def test_endless_output_raises_output_too_large() -> None:
    with pytest.raises(OutputTooLarge):
        _ = _sh("exec yes", limits=ProcessLimits(max_output_bytes=1 << 20))


def test_broken_stdin_archive_raises_archive_broken() -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise ArchiveBroken(ConfigUnreadable("it changed"))

    with pytest.raises(ArchiveBroken, match="it changed"):
        _ = _sh("trap 'exit 9' TERM; while :; do sleep 0.1; done", stdin=broken())


def test_missing_program_raises_file_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        _ = run(["/nonexistent/podman"], os.environ, 1)
