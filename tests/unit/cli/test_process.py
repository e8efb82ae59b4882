"""The command as a process of its own: start-up, pipes, signals, terminals."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

# The engine of these commands; {rules} may slow it down. Their locks are in the current folder,
# because lanes of the same name in another run of the tests would be in the way of the user's.
ENGINE = """
import os, sys
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.testing import InMemory, Worker
from lanekit.cli import wiring
from lanekit.cli.app import app
from lanekit.cli.options import EngineName
engine = InMemory()
locks = os.path.abspath("locks")
wiring.lane_lock = lambda: FileLock(locks)
{rules}
wiring.ENGINES = dict.fromkeys(EngineName, lambda _lanes: engine)
app(prog_name="lanekit")
"""
LANEKIT = [sys.executable, "-c", ENGINE.format(rules="")]
SLOW_START = [sys.executable, "-c", ENGINE.format(rules='engine.delay("start", 30)')]
SLOW_UNDO = [
    *(sys.executable, "-c"),
    ENGINE.format(rules='engine.delay("start", 30); engine.delay("remove", 30)'),
]


def _wait_for(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, f"ended without {words!r}: {said}"
        said += line
    return said


_begun: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Generator[None]:
    """A command that a failed test leaves running would fail another test, by a warning."""
    yield
    while _begun:
        with _begun.pop() as process:
            process.kill()


def _started(command: list[str], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _begun.append(process)
    return process


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LANEKIT, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_reader_that_goes_away_ends_it_quietly(fleet: Path) -> None:
    text = (fleet / "lanes.toml").read_text()
    lane = '[[lane]]\nworkspace = "w"\nid = "{}"\nworktree = "wt-a"\n'
    _ = (fleet / "lanes.toml").write_text(text + "".join(lane.format(n) for n in range(400)))
    process = _started(LANEKIT, "plan")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


def test_an_output_that_cannot_be_written_is_told_in_a_line(fleet: Path) -> None:
    _ = fleet
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*LANEKIT, "plan"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "lanekit: cannot write the output: No space left on device\n"


def test_closed_streams_are_no_fault(fleet: Path) -> None:
    _ = fleet
    command = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *LANEKIT, "ensure"]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


def test_words_that_the_encoding_lacks_are_escaped(fleet: Path) -> None:
    text = (fleet / "lanes.toml").read_text().replace('"long"', '"é"\ncontainer = "c"')
    _ = (fleet / "lanes.toml").write_text(text)
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in (["plan", "ws1/é"], ["plan", "ws1/éé"]):
        command = [*LANEKIT, *arguments]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=env)
        assert b"ws1/\\xe9" in (done.stdout or done.stderr)
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_undoes_what_was_begun_and_says_so_in_one_line(
    fleet: Path, number: signal.Signals, code: int
) -> None:
    _ = fleet
    process = _started(SLOW_START, "ensure", "ws1/a", "--verbose")
    before = _wait_for(process, "start ws1-a,")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert out == ""
    own = [line for line in (before + err).splitlines() if line.startswith("lanekit: ")]
    assert own == ["lanekit: interrupted, rolling back; press Ctrl-C again to exit immediately"]
    assert "ws1/a: create ws1-a.next: undone\n" in err
    assert "Traceback" not in err


def test_a_second_signal_leaves_at_once(fleet: Path) -> None:
    _ = fleet
    process = _started(SLOW_UNDO, "ensure", "ws1/a", "--verbose")
    _ = _wait_for(process, "start ws1-a,")
    process.send_signal(signal.SIGINT)
    _ = _wait_for(process, "lanekit: interrupted")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - begun < 10
    assert err.splitlines()[-1].startswith("lanekit: exited without rolling back; ")
    assert "Traceback" not in err


def test_a_signal_that_the_caller_ignores_stays_ignored(fleet: Path) -> None:
    _ = fleet
    rules = 'engine.delay("start", 1)'
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c"]
    process = _started([*command, ENGINE.format(rules=rules)], "ensure", "ws1/a", "--verbose")
    _ = _wait_for(process, "start ws1-a,")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "created" in out


def test_lanes_that_were_done_before_the_signal_are_told(fleet: Path) -> None:
    _ = fleet
    rules = 'engine.set_worker("ws1-long", Worker(answers_after=None))'
    process = _started([sys.executable, "-c", ENGINE.format(rules=rules)], "ensure", "--verbose")
    _ = _wait_for(process, "await ws1-a: done")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    told = [line.split() for line in out.splitlines()]
    assert [words[:2] for words in told] == [["ws1/a", "created"], ["ws1/long", "failed"]]
    assert told[1][-1] == "Interrupted"


# A signal that comes when lanes are being worked on, and the command does not know it yet.
IN_ENSURE_ALL = """
import os, signal, time
from lanekit.api import Lanes
begin = Lanes.ensure_all
def ensure_all(*given, **options):
    batch = begin(*given, **options)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    return batch
Lanes.ensure_all = ensure_all
"""


def test_signal_before_the_first_outcome_interrupts_the_batch(fleet: Path) -> None:
    _ = fleet
    rules = f'{IN_ENSURE_ALL}\nengine.set_worker("ws1-long", Worker(answers_after=None))'
    command = [sys.executable, "-c", ENGINE.format(rules=rules), "ensure"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 130
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ws1/a", "created"],
        ["ws1/long", "failed"],
    ]


# A signal that comes when a lane is done, and has not been told of yet.
IN_BOARD = """
import os, signal
from lanekit.cli.output.ensure_report import EnsureReport
sent = []
def interrupt():
    if not sent:
        sent.append(True)
        os.kill(os.getpid(), signal.SIGINT)
tell = EnsureReport._print_success
EnsureReport._print_success = lambda *given: (interrupt(), tell(*given))
"""


# A signal that is noted and breaks no wait off, as one does that comes just before the wait: it
# reaches another thread. Sent when a line comes in.
UNFELT = """
import signal, threading, time
def send():
    sys.stdin.readline()
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
threading.Thread(target=send, daemon=True).start()
"""


@pytest.mark.parametrize("lanes", [["ws1/a"], []])
def test_a_signal_that_comes_just_before_a_wait_is_noticed(fleet: Path, lanes: list[str]) -> None:
    _ = fleet
    rules = f'{UNFELT}\nengine.delay("start", 30)'
    command = [sys.executable, "-c", ENGINE.format(rules=rules), "ensure", "--verbose", *lanes]
    process = _started(command)
    _ = _wait_for(process, "start ws1-a,")
    begun = time.monotonic()
    assert process.stdin is not None
    _ = process.stdin.write("now\n")
    process.stdin.flush()
    _ = _wait_for(process, "lanekit: interrupted")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("lanes", [["ws1/a"], []])
def test_a_lane_that_is_told_when_the_signal_comes_is_told_once(
    fleet: Path, lanes: list[str]
) -> None:
    _ = fleet
    rules = f'{IN_BOARD}\nengine.set_worker("ws1-long", Worker(answers_after=None))'
    command = [sys.executable, "-c", ENGINE.format(rules=rules), "ensure", *lanes]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ws1/a", "created"],
        *([] if lanes else [["ws1/long", "failed"]]),
    ]
    assert "Traceback" not in done.stderr


def _at_terminal(
    *arguments: str,
    answer: str = "",
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = LANEKIT,
) -> tuple[int, str]:
    """Exit code, and all that a terminal was sent; `answer` is typed in."""
    ours, theirs = pty.openpty()
    plain = {"TERM": "xterm", "COLUMNS": "100", "NO_COLOR": ""}
    variables = {**os.environ, **plain, **(env or {})}
    process = subprocess.Popen(
        [*command, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=variables
    )
    os.close(theirs)
    _ = os.write(ours, answer.encode())
    said = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            said += os.read(ours, 65536)
        except OSError:  # the last of its writers is gone
            break
    os.close(ours)
    return process.wait(60), said.decode()


def test_at_a_terminal_the_table_is_drawn_and_actions_are_coloured(fleet: Path) -> None:
    _ = fleet
    _, said = _at_terminal("status")
    assert "───" in said
    assert "\x1b[" in said
    _, said = _at_terminal("ensure", "ws1/a")
    assert "\x1b[36mcreated" in said


def test_at_a_terminal_a_signal_while_lanes_are_told_cuts_none(fleet: Path) -> None:
    _ = fleet
    code, said = _at_terminal(
        "ensure", command=[sys.executable, "-c", ENGINE.format(rules=IN_BOARD)]
    )
    assert code == 130
    final = said[said.rindex("of 2 done") :]
    assert re.search(r"ws1/a .*created.*ws1/long .*created", final, re.DOTALL)
    assert "2 lanes: 2 created; " in final
    assert "Traceback" not in final


def test_at_a_terminal_one_line_shows_what_is_done_and_is_erased(fleet: Path) -> None:
    _ = fleet
    _, said = _at_terminal("ensure", "ws1/a")
    assert "\r\x1b[Kws1/a: start ws1-a, because " in said
    assert re.search(r"\r\x1b\[Kws1/a  \x1b\[36mcreated", said)


def test_at_a_terminal_a_table_lives_while_lanes_are_worked_on(fleet: Path) -> None:
    _ = fleet
    _, said = _at_terminal("ensure")
    assert "of 2 done" in said
    final = said[said.rindex("of 2 done") :]
    assert re.search(r"ws1/a .*created.*http://127.*\r\nws1/long .*created", final, re.DOTALL)
    assert "2 lanes: 2 created; " in final


def test_a_watched_status_tells_changes_until_it_is_interrupted(fleet: Path) -> None:
    _ = fleet
    command = [*LANEKIT, "status", "--watch", "--every", "0.2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    assert [line.split()[::2][:2] for line in lines] == [
        ["ws1/a", "missing"],
        ["ws1/long", "missing"],
    ]
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (out, process.returncode) == ("", 130)
    assert err == "lanekit: interrupted\n"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colours_gets_plain_text(fleet: Path, env: dict[str, str]) -> None:
    _ = fleet
    for arguments in (("status",), ("ensure", "ws1/a", "-v"), ("plan",)):
        _, said = _at_terminal(*arguments, env=env)
        assert "\x1b" not in said
        assert "ws1/a" in said


def test_in_a_pipe_there_is_no_escape_and_looking_is_silent(fleet: Path) -> None:
    _ = fleet
    for command in ("status", "ensure", "plan"):
        done = _run(command)
        assert done.returncode == 0
        assert "\x1b" not in done.stdout + done.stderr
        if command != "ensure":
            assert done.stderr == ""


def test_rm_of_all_lanes_asks_at_a_terminal_only(fleet: Path) -> None:
    _ = fleet
    code, said = _at_terminal("rm", answer="n\n")
    assert code == 1
    assert "Remove the containers of all lanes of the file (2 lanes)? [y/N]: " in said
    assert "nothing was removed" in said
    code, said = _at_terminal("rm", answer="y\n")
    assert (code, said.count("missing")) == (0, 2)
    for arguments in (("rm", "--yes"), ("rm", "ws1/a")):
        code, said = _at_terminal(*arguments)
        assert code == 0
        assert "Remove" not in said
    assert _run("rm").returncode == 0


# Who is asked presses Ctrl-C.
AT_THE_PROMPT = """
import os, signal, typer
typer.confirm = lambda *given, **more: os.kill(os.getpid(), signal.SIGINT)
"""


def test_who_interrupts_a_question_is_not_told_that_something_is_put_back(fleet: Path) -> None:
    _ = fleet
    command = [sys.executable, "-c", ENGINE.format(rules=AT_THE_PROMPT)]
    code, said = _at_terminal("rm", command=command)
    assert (code, said) == (130, "lanekit: interrupted\r\n")


def test_the_shell_is_told_the_lanes_that_begin_so(fleet: Path) -> None:
    def completed(line: str, folder: Path) -> list[str]:
        words = line.split(" ")
        env = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        env |= {"_LANEKIT_COMPLETE": "complete_bash"}
        return subprocess.run(
            LANEKIT,
            env={**os.environ, **env},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.split()

    assert completed("lanekit ensure ws1/", fleet) == ["ws1/a", "ws1/long"]
    assert completed("lanekit endpoint ws1/l", fleet / "wt-a") == ["ws1/long"]
    assert completed(f"lanekit ensure --file {fleet}/lanes.toml ws1/a", Path("/")) == ["ws1/a"]
    _ = (fleet / "lanes.toml").write_text("broken")
    assert completed("lanekit ensure ws1/", fleet) == []
