"""The lock of a lane: between threads, between processes, and after a death."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from returns.result import Failure, Success

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.host.lane_lock import FileLock, HeldLock
from lanekit.core.domain.errors import LockTimeout, Outcome
from lanekit.core.ports.lock import LaneLock

_HOLDER = """
import sys, time
from lanekit.adapters.host.lane_lock import FileLock
held = FileLock(sys.argv[1]).hold("ws-a", 0).unwrap()
with held:
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def _held(outcome: Outcome[HeldLock]) -> HeldLock:
    match outcome:
        case Success(lock):
            return lock
        case Failure(error):
            pytest.fail(str(error))


def _is_busy(lock: FileLock, name: str) -> bool:
    outcome = lock.hold(name, 0)
    if isinstance(outcome, Failure):
        assert isinstance(outcome.failure(), LockTimeout)
        return True
    with outcome.unwrap():
        return False


def test_it_is_a_lane_lock(folder: Path) -> None:
    lock: LaneLock = FileLock(str(folder))
    outcome = lock.hold("ws-a", 0)
    assert isinstance(outcome, Success)
    with outcome.unwrap():
        pass


def test_a_lock_excludes_others_until_it_is_left(folder: Path) -> None:
    one, other = FileLock(str(folder)), FileLock(str(folder))
    held = _held(one.hold("ws-a", 0))
    # Before the context is entered too: it is given locked.
    assert _is_busy(other, "ws-a")
    with held:
        assert _is_busy(other, "ws-a")
        assert _is_busy(one, "ws-a")
    assert not _is_busy(other, "ws-a")


def test_other_lanes_are_free(folder: Path) -> None:
    lock = FileLock(str(folder))
    with _held(lock.hold("ws-a", 0)):
        assert not _is_busy(lock, "ws-b")
        assert not _is_busy(lock, "ws-a.next")


def test_a_lock_is_freed_when_its_block_raises(folder: Path) -> None:
    lock = FileLock(str(folder))
    with pytest.raises(KeyError), _held(lock.hold("ws-a", 0)):
        raise KeyError
    assert not _is_busy(lock, "ws-a")


def test_leaving_twice_frees_no_lock_of_another(folder: Path) -> None:
    lock = FileLock(str(folder))
    held = _held(lock.hold("ws-a", 0))
    with held:
        pass
    with _held(lock.hold("ws-a", 0)), held:
        pass
    again = _held(lock.hold("ws-a", 0))
    with held:
        assert _is_busy(lock, "ws-a")
    with again:
        assert _is_busy(lock, "ws-a")


def test_threads_take_turns(folder: Path) -> None:
    inside, most, turns = 0, 0, 0
    count = threading.Lock()

    def work() -> None:
        nonlocal inside, most, turns
        for _ in range(5):
            with _held(FileLock(str(folder)).hold("ws-a", 30)):
                with count:
                    inside += 1
                    most, turns = max(most, inside), turns + 1
                time.sleep(0.002)
                with count:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, turns) == (1, 30)


def test_it_waits_until_the_lock_is_free(folder: Path) -> None:
    lock = FileLock(str(folder))
    held = _held(lock.hold("ws-a", 0))
    timer = threading.Timer(0.3, held.__exit__, (None, None, None))
    timer.start()
    begun = time.monotonic()
    with _held(lock.hold("ws-a", 10)):
        assert 0.2 < time.monotonic() - begun < 5
    timer.join()


def test_it_waits_no_longer_than_it_was_told(folder: Path) -> None:
    clock = VirtualClock()
    lock = FileLock(str(folder), clock=clock)
    with _held(lock.hold("ws-a", 0)):
        assert isinstance(lock.hold("ws-a", 0), Failure)
        assert clock.now() == 0, "a timeout of 0 tries once"
        assert isinstance(lock.hold("ws-a", 7.5), Failure)
        assert clock.now() == pytest.approx(7.5)


@pytest.fixture
def holder(folder: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_of_another_process_dies_with_it(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    lock = FileLock(str(folder))
    with holder:
        outcome = lock.hold("ws-a", 0)
        assert isinstance(outcome, Failure)
        error = outcome.failure()
        assert isinstance(error, LockTimeout)
        assert f"process {holder.pid}" in error.message
        assert "ws-a" in error.message
        holder.send_signal(signal.SIGKILL)
        _ = holder.wait()
        assert not _is_busy(lock, "ws-a")


def test_children_do_not_get_the_lock(folder: Path) -> None:
    with _held(FileLock(str(folder)).hold("ws-a", 0)):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        open_files = [os.path.realpath(file) for file in Path(f"/proc/{child.pid}/fd").iterdir()]
    finally:
        child.kill()
        _ = child.wait()
    assert str(folder / "ws-a.lock") not in open_files


# Python 3.12 warns of forks beside threads; this child does nothing but wait.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_keep_the_lock(folder: Path) -> None:
    lock = FileLock(str(folder))
    held = _held(lock.hold("ws-a", 0))
    # A fork that never execs, as multiprocessing makes: it shares the descriptor.
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        with held:
            pass
        assert not _is_busy(lock, "ws-a")
    finally:
        os.kill(child, signal.SIGKILL)
        _ = os.waitpid(child, 0)


_FORKING_HOLDER = """
import os, signal, sys
from lanekit.adapters.host.lane_lock import FileLock
with FileLock(sys.argv[1]).hold("ws-a", 0).unwrap():
    if os.fork() == 0:
        # Not by the parent: this one may not have run yet.
        print(os.getpid(), flush=True)
    signal.pause()
"""


def test_lock_ends_with_its_owner_though_a_child_lives(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _FORKING_HOLDER, str(folder)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            assert _is_busy(FileLock(str(folder)), "ws-a"), "the owner lives"
            process.kill()
            _ = process.wait()
            os.kill(child, 0)
            assert not _is_busy(FileLock(str(folder)), "ws-a")
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_file_that_was_deleted_meanwhile_is_not_locked(folder: Path) -> None:
    lock = FileLock(str(folder))
    with _held(lock.hold("ws-a", 0)):
        (folder / "ws-a.lock").unlink()
        with _held(lock.hold("ws-a", 0)):
            assert _is_busy(lock, "ws-a")


def test_a_file_deleted_between_open_and_lock_is_not_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, deleted = fcntl.flock, [False]

    def delete_then_lock(descriptor: int, operation: int) -> None:
        if not deleted[0]:
            deleted[0] = True
            (folder / "ws-a.lock").unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", delete_then_lock)
    with _held(FileLock(str(folder)).hold("ws-a", 5)):
        assert (folder / "ws-a.lock").exists()
        assert _is_busy(FileLock(str(folder)), "ws-a")


def test_no_descriptor_is_lost(folder: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    lock, before = FileLock(str(folder)), count()
    for _ in range(10):
        with _held(lock.hold("ws-a", 0)):
            assert _is_busy(lock, "ws-a")
    assert count() == before


def test_long_names_have_a_lock(folder: Path) -> None:
    lock = FileLock(str(folder))
    name = "n" * 200
    with _held(lock.hold(name, 0)):
        assert _is_busy(lock, name)
        assert not _is_busy(lock, name[:-1])


@pytest.mark.parametrize("bad", ["", ".", "..", "../x", "a/b", "a\0b"])
def test_what_is_no_name_is_a_bug(folder: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="not a container name"):
        _ = FileLock(str(folder)).hold(bad, 0)
