"""The tests' own podman: nothing of it stays, whatever happens to those who use it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.sandbox.podman_folder import claim_folder
from tests.support.sandbox.podman_sandbox import (
    DEMO_IMAGE,
    LOG_VARIABLE,
    Sandbox,
    open_sandbox,
    read_log,
)

_REPO = Path(__file__).resolve().parents[3]

# Opens a sandbox, starts a container and a service in it, says where, and waits to be killed.
_USER = f"""
import signal, sys
from tests.support.sandbox.podman_sandbox import open_sandbox
with open_sandbox() as sandbox, sandbox.service():
    sandbox.run("run", "-d", "-p", "127.0.0.1::31417", {DEMO_IMAGE!r}, "sleep", "1000")
    print(sandbox.folder, flush=True)
    signal.pause()
"""


def _start_user() -> tuple["subprocess.Popen[str]", Path]:
    user = subprocess.Popen(
        [sys.executable, "-c", _USER],
        cwd=_REPO,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout is not None
    folder = user.stdout.readline().strip()
    user.stdout.close()
    return user, Path(folder)


def _becomes(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def _processes(folder: Path) -> list[str]:
    """Command lines that name the folder, and containers whose / lies in it."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes() + (process / "mountinfo").read_bytes()
        except OSError:
            continue
        if f"{folder}/".encode() in line and int(process.name) != os.getpid():
            found.append(f"{process.name}: {line[:200]!r}")
    return found


def _left_of(folder: Path) -> list[str]:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *[str(path) for path in folder.parent.glob(f"{folder.name}*")],
        *[line for line in mounts if str(folder) in line],
        *_processes(folder),
    ]


def _reaper_of(folder: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in words and any(w.endswith(b"podman_reaper.py") for w in words):
            return int(process.name)
    raise AssertionError(f"no reaper of {folder}")


@pytest.mark.podman
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_sandbox_of_ended_process_leaves_nothing(how: signal.Signals) -> None:
    user, folder = _start_user()
    assert len(_left_of(folder)) > 3  # else this test could not fail
    user.send_signal(how)
    _ = user.wait(30)
    assert _becomes(lambda: not _left_of(folder)), _left_of(folder)


@pytest.mark.podman
def test_next_sandbox_clears_leftovers_without_reaper() -> None:
    user, folder = _start_user()
    os.kill(_reaper_of(folder), signal.SIGKILL)
    user.kill()
    _ = user.wait(30)
    assert (folder / "root").is_dir()

    def cleared() -> bool:
        claim_folder().release()  # more than once: a killed process holds its lock until it ended
        return not _left_of(folder)

    assert _becomes(cleared), _left_of(folder)


def test_sandbox_in_use_is_not_cleared_by_the_next() -> None:
    in_use = claim_folder()
    (in_use.path / "file").touch()
    claim_folder().release()
    assert (in_use.path / "file").exists()
    in_use.release()
    assert not in_use.path.exists()


@pytest.fixture
def other() -> Iterator[Sandbox]:
    with open_sandbox() as sandbox:
        yield sandbox


def test_sandboxes_have_distinct_addresses_and_own_storage(
    podman: Sandbox, other: Sandbox, prefix: str
) -> None:
    seen: set[str] = set()
    for sandbox in (podman, other):
        _ = sandbox.run("run", "-d", "--name", f"{prefix}x", DEMO_IMAGE, "sleep", "1000")
        seen.add(sandbox.run("inspect", "-f", "{{.NetworkSettings.IPAddress}}", f"{prefix}x"))
        told = sandbox.run("info", "-f", "{{.Store.GraphRoot}} {{.Store.VolumePath}}")
        assert all(path.startswith(f"{sandbox.folder}/") for path in told.split())
    assert len(seen) == 2
    assert other.run("ps", "-a", "--format", "{{.Names}}") == f"{prefix}x"


def test_podman_wrapper_logs_its_arguments(podman: Sandbox, tmp_path: Path) -> None:
    log = tmp_path / "log"
    odd = ["version", "--format", "{{.Client.Version}}\n'x y'"]
    for _ in range(2):
        _ = subprocess.run(
            ["podman", *odd],
            env=podman.environ(**{LOG_VARIABLE: str(log)}),
            check=True,
            stdout=subprocess.DEVNULL,
        )
    assert read_log(log) == [odd, odd]


def test_podman_wrapper_passes_variables_of_any_name(podman: Sandbox) -> None:
    mine = {"A.B": "1", "IFS": ",", "PS1": "2"}
    names = [f"--env={name}" for name in mine]
    said = subprocess.run(
        ["podman", "run", "--rm", *names, DEMO_IMAGE, "env"],
        env=podman.environ(**mine, CONTAINER_HOST="ssh://nowhere"),
        check=True,
        capture_output=True,
        text=True,
    )
    assert {f"{name}={value}" for name, value in mine.items()} <= set(said.stdout.splitlines())


def test_service_answers_on_its_socket(podman_service: Path, podman: Sandbox) -> None:
    url = f"unix://{podman_service}"
    remote = ["podman", "--remote", "--url", url, "image", "exists", DEMO_IMAGE]
    assert subprocess.run(remote, env=podman.env, check=False, timeout=20).returncode == 0


@pytest.mark.parametrize("processes", ["0", "1"])
@pytest.mark.parametrize(("required", "status"), [("", 0), ("1", 1)])
def test_podman_tests_without_podman_are_skipped_or_fail(
    required: str, status: int, processes: str
) -> None:
    one = f"{__file__}::test_service_answers_on_its_socket"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", processes, one],
        cwd=_REPO,
        env={**os.environ, "PATH": "/nonexistent", "LANEKIT_REQUIRE_PODMAN": required},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout
    assert ("the tests that need podman did NOT run" in done.stdout) is (status == 0)
    assert "podman is not installed" in done.stdout


def test_release_lets_running_podman_call_finish(tmp_path: Path) -> None:
    folder = claim_folder()
    done = tmp_path / "done"
    call = subprocess.Popen(
        ["podman", "-c", f"sleep 0.5; touch {done}", f"{folder.path}/"], executable="/bin/sh"
    )
    folder.release()
    _ = call.wait(10)
    assert done.exists()
