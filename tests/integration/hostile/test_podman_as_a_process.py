"""podman as a program: one that cannot be run, dies at the wrong time, leaves children."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.hostile.fake_podman import (
    LOOKS,
    NOTHING_THERE,
    FakePodman,
    failure,
    lanes_over,
)

from lanekit.adapters.host import processes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.hints import Hint

DEADLINE = 5.0


def _missing(fake: FakePodman) -> None:
    assert not fake.path.exists()


def _not_executable(fake: FakePodman) -> None:
    fake.becomes("exit 0").path.chmod(0o644)


def _folder(fake: FakePodman) -> None:
    fake.path.mkdir(parents=True)


def _no_program(fake: FakePodman) -> None:
    _ = fake.becomes("").path.write_bytes(b"\x7fELF\x02")


def _no_interpreter(fake: FakePodman) -> None:
    _ = fake.becomes("").path.write_text("#!/nonexistent/sh\n")


def _loop(fake: FakePodman) -> None:
    fake.path.parent.mkdir()
    fake.path.symlink_to(fake.path)


@pytest.mark.parametrize(
    "make", [_missing, _not_executable, _folder, _no_program, _no_interpreter, _loop]
)
def test_a_podman_that_cannot_be_run_is_told_with_its_name(fake: FakePodman, make: Any) -> None:
    if make is _not_executable and os.geteuid() == 0 and os.access(__file__, os.X_OK):
        pytest.skip("everything is executable here")
    make(fake)
    lanes, lane = lanes_over(fake.engine(5), fake.folder)
    for call in (lanes.ensure, lanes.status, lanes.stop, lanes.remove):
        error = failure(call(lane))
        assert (error.kind, error.lane) == ("EngineUnavailable", "ws/a")
        assert str(fake.path) in error.message
        assert error.detail
        assert error.hints == (Hint("install-podman"),)


def test_a_killed_create_is_not_taken_for_one_that_failed(fake: FakePodman) -> None:
    # Whether it was made nobody knows; the error says that podman died and not what it had said.
    said = "echo 'Error: x: image not known' >&2; kill -9 $$"
    lanes, lane = lanes_over(
        fake.becomes(f'case "$1" in create) {said};; esac\n{NOTHING_THERE}').engine(5), fake.folder
    )
    error = failure(lanes.ensure(lane))
    assert error.kind == "EngineFailed"
    assert "ended by SIGKILL" in error.message
    assert "image not known" in error.detail


@pytest.mark.parametrize("said", ["", "done", "a" * 63, "A" * 64, "a" * 64 + "x", "--all"])
def test_a_create_that_gives_no_id_is_refused(fake: FakePodman, said: str) -> None:
    script = f'case "$1" in create) echo "{said}"; exit 0;; esac\n{NOTHING_THERE}'
    lanes, lane = lanes_over(fake.becomes(script).engine(5), fake.folder)
    error = failure(lanes.ensure(lane))
    assert error.kind == "InvalidResponse"
    assert set(fake.calls) <= {*LOOKS, "create --name"}


def test_a_hanging_podman_leaves_no_process_behind(fake: FakePodman) -> None:
    # A script that runs podman, and a child of podman's that holds the pipe.
    script = f"sh -c 'echo $$ > {fake.folder}/child; exec sleep 60'; echo end"
    lanes, lane = lanes_over(fake.becomes(script).engine(1), fake.folder)
    assert failure(lanes.ensure(lane)).kind == "EngineTimeout"
    child = int((fake.folder / "child").read_text())
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline, "the child of the script still runs"
        time.sleep(0.02)


# Each leaves a child that keeps its stdin open and never reads it.
KEEPERS = {
    "hangs": "Popen(['sleep', '8']); time.sleep(8)",
    "ends": "Popen(['sleep', '8'])",
    "ends, the child in a session of its own": "Popen(['sleep', '8'], start_new_session=True)",
    "ends, the child with stdin alone": "Popen(['sleep', '8'], stdout=DEVNULL, stderr=DEVNULL)",
}


@pytest.mark.parametrize("keeper", KEEPERS.values(), ids=KEEPERS)
def test_a_child_that_keeps_stdin_and_never_reads_is_not_waited_for(keeper: str) -> None:
    def archive() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    program = f"import time; from subprocess import DEVNULL, Popen; {keeper}"
    begun = time.monotonic()
    with pytest.raises(processes.CommandTimeout):
        _ = processes.run((sys.executable, "-c", program), os.environ, 0.5, archive())
    assert time.monotonic() - begun < DEADLINE


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_ctrl_c_lets_the_running_podman_end_by_itself(fake: FakePodman) -> None:
    script = f"sleep 0.8; echo done > {fake.folder}/ended; echo '[]'"
    lanes, lane = lanes_over(fake.becomes(script).engine(20), fake.folder)

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def interrupt_when_it_runs() -> None:
        while not fake.calls:
            time.sleep(0.01)
        # A moment, until this process waits for its answer.
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        threading.Thread(target=interrupt_when_it_runs, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            _ = lanes.ensure(lane)
    finally:
        _ = signal.signal(signal.SIGALRM, before)
    assert (fake.folder / "ended").exists()


def test_what_is_not_there_is_no_fault(fake: FakePodman) -> None:
    lanes, lane = lanes_over(fake.becomes(NOTHING_THERE).engine(5), fake.folder)
    assert or_raise(lanes.stop(lane)) == "missing"
