"""`lanekit exec` and `shell` on real podman, by either engine alone."""

import os
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane
from tests.integration.podman.terminal import Terminal, on_a_terminal

from lanekit.core.domain.errors import or_raise

LANEKIT = str(Path(sys.executable).parent / "lanekit")
_PATIENCE = 30
_COUNT = "n=0; while :; do n=$((n + 1)); echo $n; done"


@pytest.fixture
def lane(real_lane: RealLane) -> RealLane:
    """One that runs."""
    _ = real_lane.fleet_file()
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    return real_lane


def _environ(lane: RealLane) -> dict[str, str]:
    """Only what the engine needs: for the socket a PATH without podman."""
    env = lane.environ()
    if lane.socket is not None:
        env["PATH"] = str(lane.folder / "no-podman-here")
        assert shutil.which("podman", path=env["PATH"]) is None
    return env


def _argv(lane: RealLane, *words: str) -> list[str]:
    verb = "shell" if not words else "exec"
    return [LANEKIT, verb, "-f", str(lane.folder / "lanes.toml"), lane.lane.name, *words]


def run(
    lane: RealLane, *words: str, stdin: bytes = b"", code: int | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """`lanekit exec LANE WORDS`, or shell when there are none."""
    done = subprocess.run(
        _argv(lane, *words),
        input=stdin,
        capture_output=True,
        env=_environ(lane),
        timeout=_PATIENCE,
        check=False,
    )
    assert code is None or done.returncode == code, done
    return done


def inside(lane: RealLane) -> list[str]:
    """The commands of all processes in the lane's container."""
    shown = lane.sandbox.run("top", lane.lane.container_name, "args")
    return [line.strip() for line in shown.splitlines()[1:]]


def soon(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def begun(lane: RealLane, *words: str, **more: int) -> Generator["subprocess.Popen[bytes]"]:
    """The same, while it runs."""
    command = _argv(lane, *words)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **more}
    with subprocess.Popen(command, env=_environ(lane), **streams) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("status", [0, 1, 2, 3, 125, 126, 127, 128, 130, 137, 255])
def test_exec_passes_exit_status_on(lane: RealLane, status: int) -> None:
    _ = run(lane, "--", "sh", "-c", f"exit {status}", code=status)


def test_command_killed_by_signal_exits_with_137(lane: RealLane) -> None:
    _ = run(lane, "--", "sh", "-c", "kill -9 $$", code=137)


def test_missing_command_exits_with_127(lane: RealLane) -> None:
    done = run(lane, "--", "no-such-command", code=127)
    assert b"no-such-command" in done.stderr
    assert done.stdout == b""


@pytest.mark.smoke
def test_exec_keeps_stdout_and_stderr_separate(lane: RealLane) -> None:
    done = run(lane, "--", "sh", "-c", "echo out; echo err >&2", code=0)
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


def test_exec_passes_all_bytes_unchanged(lane: RealLane) -> None:
    every = bytes(range(256)) * 500
    assert run(lane, "--", "cat", stdin=every, code=0).stdout == every


def test_end_of_stdin_reaches_the_command(lane: RealLane) -> None:
    assert run(lane, "--", "wc", "-c", stdin=b"hi\n", code=0).stdout.split() == [b"3"]


def test_command_that_reads_no_stdin_ends(lane: RealLane) -> None:
    done = run(lane, "--", "echo", "done", stdin=bytes(10_000_000), code=0)
    # podman itself may lose its output then: `podman exec -i` did, 4 times of 20 (README).
    assert done.stdout in (b"done\n", b"")


def test_options_after_lane_belong_to_the_command(lane: RealLane) -> None:
    script = 'printf "%s|" "$@"'
    words = ["-x", "--json", "--", "--help", "", "a b", "-f"]
    done = run(lane, "sh", "-c", script, "name", *words, code=0)
    assert done.stdout.decode() == "".join(f"{word}|" for word in words)


def test_exec_runs_in_workspace_folder(lane: RealLane) -> None:
    assert run(lane, "--", "pwd", code=0).stdout == b"/workspace\n"


def test_shell_reads_commands_from_pipe(lane: RealLane) -> None:
    done = run(lane, stdin=b"echo in $0; exit 9\n", code=9)
    assert done.stdout == b"in sh\n"


def test_unread_output_does_not_fill_memory(lane: RealLane) -> None:
    with begun(lane, "--", "sh", "-c", "head -c 100000000 /dev/zero") as process:
        assert process.stdout is not None
        first = os.read(process.stdout.fileno(), 1000)
        before = _peak_kib(process.pid)
        time.sleep(1.5)  # nobody reads: what is on its way has to wait
        length, peak = len(first), before
        while chunk := os.read(process.stdout.fileno(), 1 << 20):
            length += len(chunk)
            peak = max(peak, _peak_kib(process.pid))
        assert length == 100_000_000
        assert process.wait(_PATIENCE) == 0
        assert peak < before + 8_000


def _peak_kib(pid: int) -> int:
    """The most memory that it ever had; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def test_closed_reader_ends_exec_and_command_silently(lane: RealLane) -> None:
    with begun(lane, "--", "sh", "-c", _COUNT, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        _ = process.stdout.read(10)
        process.stdout.close()
        assert process.wait(_PATIENCE) == 141
        assert process.stderr.read() == b""
    soon(lambda: not any("while" in command for command in inside(lane)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_reaches_the_command(lane: RealLane, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo heard; exit 42' {name}; echo ready; while :; do sleep 0.1; done"
    with begun(lane, "--", "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == b"heard\n"
        assert process.wait(_PATIENCE) == 42


def test_terminated_exec_leaves_no_command_behind(lane: RealLane) -> None:
    with begun(lane, "--", "sleep", "1234") as process:
        soon(lambda: "sleep 1234" in inside(lane))
        process.terminate()
        assert process.wait(_PATIENCE) == 128 + signal.SIGTERM
    assert "sleep 1234" not in inside(lane)


def test_signal_reaches_no_other_process(lane: RealLane) -> None:
    with begun(lane, "--", "sleep", "1111") as other, begun(lane, "--", "sleep", "2222") as ours:
        soon(lambda: {"sleep 1111", "sleep 2222"} <= set(inside(lane)))
        ours.terminate()
        _ = ours.wait(_PATIENCE)
        assert "sleep 1111" in inside(lane)
        other.terminate()
        _ = other.wait(_PATIENCE)


def test_exec_in_stopped_lane_exits_125_with_advice(lane: RealLane) -> None:
    _ = or_raise(lane.lanes().stop(lane.lane))
    done = run(lane, "--", "true", code=125)
    assert b"does not run: it is exited" in done.stderr
    assert f"lanekit ensure {lane.lane.name}".encode() in done.stderr


def test_exec_in_paused_lane_exits_125(lane: RealLane) -> None:
    _ = lane.sandbox.run("pause", lane.lane.container_name)
    assert b"it is paused" in run(lane, "--", "true", code=125).stderr
    _ = lane.sandbox.run("unpause", lane.lane.container_name)


def test_exec_without_container_exits_125_with_advice(real_lane: RealLane) -> None:
    _ = real_lane.fleet_file()
    assert b"lanekit ensure" in run(real_lane, "--", "true", code=125).stderr


def test_exec_does_not_enter_unowned_container(real_lane: RealLane) -> None:
    _ = real_lane.fleet_file()
    name, image = real_lane.lane.container_name, real_lane.profile.image
    _ = real_lane.sandbox.run("run", "-d", "--name", name, image, "sleep", "3600")
    done = run(real_lane, "--", "touch", "/entered", code=125)
    assert b"not this lane's" in done.stderr
    assert "/entered" not in real_lane.sandbox.run("diff", name)


# At a terminal.


@contextmanager
def at_a_terminal(lane: RealLane, *words: str) -> Generator[Terminal]:
    """The same on a terminal of 30 lines of 100."""
    with on_a_terminal(_argv(lane, *words), _environ(lane)) as terminal:
        yield terminal


def test_terminal_size_is_passed_on_and_followed(lane: RealLane) -> None:
    with at_a_terminal(lane) as terminal:
        terminal.type(b"stty size\r")
        _ = terminal.wait_for(r"30 100\r")
        terminal.resize(44, 155)
        time.sleep(0.5)  # the news travels through podman
        terminal.type(b"stty size\r")
        _ = terminal.wait_for(r"44 155\r")
        terminal.type(b"exit 5\r")
        assert terminal.end() == 5


def test_control_keys_reach_the_command(lane: RealLane) -> None:
    # Ctrl-C, Ctrl-Z, Ctrl-\, Ctrl-P Ctrl-Q (with which podman would let go of it), Ctrl-D.
    keys = b"\x03\x1a\x1c\x10\x11\x04"
    script = f"stty raw -echo; echo ready; dd bs=1 count={len(keys)} 2>/dev/null | od -An -tx1"
    with at_a_terminal(lane, "--", "sh", "-c", script) as terminal:
        _ = terminal.wait_for("ready")
        for key in keys:
            terminal.type(bytes([key]))
        _ = terminal.wait_for(" ".join(f"{key:02x}" for key in keys))
        assert terminal.end() == 0


def test_ctrl_c_interrupts_command_but_not_the_shell(lane: RealLane) -> None:
    with at_a_terminal(lane) as terminal:
        terminal.type(b"echo re''ady; sleep 1000\r")
        _ = terminal.wait_for("ready")
        time.sleep(0.3)
        terminal.type(b"\x03")
        terminal.type(b"echo still he''re\r")
        _ = terminal.wait_for("still here")
        terminal.type(b"exit\r")
        _ = terminal.end()
    assert "sleep 1000" not in inside(lane)


def test_terminal_modes_are_restored_after_exec(lane: RealLane) -> None:
    with at_a_terminal(lane, "--", "sh", "-c", "echo ready; read x") as terminal:
        before = terminal.modes
        assert before[3] & termios.ICANON
        _ = terminal.wait_for("ready")
        assert not terminal.modes[3] & termios.ICANON
        terminal.type(b"\r")
        assert terminal.end() == 0
        assert terminal.modes == before


def test_signal_ends_command_and_restores_terminal(lane: RealLane) -> None:
    with at_a_terminal(lane, "--", "sh", "-c", "echo ready; exec sleep 4321") as terminal:
        before = terminal.modes
        _ = terminal.wait_for("ready")
        soon(lambda: "sleep 4321" in inside(lane))
        terminal.program.terminate()
        assert terminal.end() == 128 + signal.SIGTERM
        assert terminal.modes == before
    assert "sleep 4321" not in inside(lane)


def test_ctrl_c_reaches_command_when_stdout_is_a_pipe(lane: RealLane) -> None:
    # No terminal inside: the signal itself has to get there, and what is typed too.
    script = "trap 'echo heard; exit 42' INT; read x; echo $x; while :; do sleep 0.1; done"
    command = _argv(lane, "--", "sh", "-c", script)
    wrapped = [sys.executable, "-c", _WITH_A_PIPE.replace("#", ""), *command]
    with on_a_terminal(wrapped, _environ(lane)) as terminal:
        terminal.type(b"typed\r")
        _ = terminal.wait_for("out: typed")
        terminal.type(b"\x03")
        _ = terminal.wait_for("out: heard")
        assert terminal.end() == 42


def test_ctrl_c_reaches_command_when_stdin_is_no_terminal(lane: RealLane) -> None:
    script = "trap 'echo heard; exit 42' INT; echo ready; while :; do sleep 0.1; done"
    command = _argv(lane, "--", "sh", "-c", script)
    wrapped = [sys.executable, "-c", _WITH_A_PIPE.replace("#", ", stdin=-3"), *command]
    with on_a_terminal(wrapped, _environ(lane)) as terminal:
        _ = terminal.wait_for("out: ready")
        terminal.type(b"\x03")
        _ = terminal.wait_for("out: heard")
        assert terminal.end() == 42


_WITH_A_PIPE = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)
program = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True#)
for line in program.stdout:
    print("out:", line, end="", flush=True)
sys.exit(program.wait())
"""
