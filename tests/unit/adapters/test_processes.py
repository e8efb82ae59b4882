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


def test_bytes_that_are_no_text_are_shown() -> None:
    assert _sh("printf 'a\\377b'") == "0|a\\xffb|"


def test_more_output_than_a_pipe_holds_blocks_nothing() -> None:
    assert len(_sh("head -c 300000 /dev/zero | tr '\\0' e >&2; echo done")) == 300_008


def test_stdin_is_written_while_output_is_read() -> None:
    chunks = (b"x" * 65536 for _ in range(20))
    assert _sh("cat | wc -c", stdin=chunks) == "0|1310720\n|"


def test_without_stdin_there_is_none_of_ours() -> None:
    assert _sh("cat") == "0||"


def test_a_command_that_does_not_read_says_why_by_its_status() -> None:
    chunks = (b"x" * 65536 for _ in range(100))
    assert _sh("echo no >&2; exit 4", stdin=chunks) == "4||no\n"


def test_a_command_that_hangs_is_ended() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandTimeout):
        _ = _sh("exec sleep 60", timeout=0.3)
    assert time.monotonic() - begun < 5


def test_a_command_that_ignores_sigterm_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandTimeout):
        _ = _sh("trap '' TERM; while :; do sleep 0.1; done", timeout=0.3, limits=ProcessLimits(0.2))
    assert time.monotonic() - begun < 5


def test_a_grandchild_that_holds_the_pipe_is_not_waited_for_for_ever() -> None:
    with pytest.raises(CommandTimeout):
        _ = _sh("sleep 3 & echo started", timeout=0.3)


def test_endless_output_is_cut_off() -> None:
    with pytest.raises(OutputTooLarge):
        _ = _sh("exec yes", limits=ProcessLimits(max_output_bytes=1 << 20))


def test_a_broken_archive_ends_the_command_before_it_sees_an_end() -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise ArchiveBroken(ConfigUnreadable("it changed"))

    with pytest.raises(ArchiveBroken, match="it changed"):
        _ = _sh("trap 'exit 9' TERM; while :; do sleep 0.1; done", stdin=broken())


def test_what_cannot_be_executed_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        _ = run(["/nonexistent/podman"], os.environ, 1)
