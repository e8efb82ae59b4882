"""A podman that is missing, too old, hangs, dies, or answers what no podman would.

Each is tried over whole calls: one clear error within the deadline, and nothing changed.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from tests.integration.hostile.fake_podman import (
    LOOKS,
    NOTHING_THERE,
    FakePodman,
    environ,
    failure,
    fleet_of,
    lanes_over,
    make_lane,
)
from typer.testing import CliRunner

from lanekit.cli import wiring
from lanekit.cli.app import app
from lanekit.cli.options import EngineName
from lanekit.core.domain.lanes import Lane
from lanekit.core.ports.engine import ContainerEngine

TIMEOUT = 0.1
LATE = "did not end within 0.1 s"
# What a whole call may take: a look or two, and a machine that has much else to do.
DEADLINE = 5.0
HALF = """printf '[{"Id":"aaaaaaaa","Name":"ws-a","State":{"Stat'"""
HTML = "echo '<html><title>502 Bad Gateway</title></html>'"

# Script, the error's kind, and a part of its words.
BROKEN: dict[str, tuple[str, str, str]] = {
    "hangs": ("exec sleep 60", "EngineTimeout", LATE),
    "hangs and ignores SIGTERM": (
        "trap '' TERM; while :; do sleep 0.05; done",
        "EngineTimeout",
        LATE,
    ),
    "hangs after half an answer": (f"{HALF}; exec sleep 60", "EngineTimeout", LATE),
    "a child of its hangs": ("sleep 60 & exit 0", "EngineTimeout", LATE),
    "trickles": ("while :; do printf '['; sleep 0.02; done", "EngineTimeout", LATE),
    "writes for ever": ("exec yes '[]' 2>&1", "EngineFailed", "more than any answer"),
    "100 MiB": ("exec head -c 104857600 /dev/zero", "EngineFailed", "more than any answer"),
    "100 MiB on stderr": ("exec head -c 104857600 /dev/zero >&2", "EngineFailed", "more than"),
    "is killed": ("kill -9 $$", "EngineFailed", "was ended by SIGKILL"),
    "crashes": ("ulimit -c 0; kill -SEGV $$", "EngineFailed", "was ended by SIGSEGV"),
    "is killed in its answer": (f"{HALF}; kill -9 $$", "EngineFailed", "ended by SIGKILL"),
    "is killed in its words": (
        'echo "Error: no such container $4" >&2; kill -9 $$',
        "EngineFailed",
        "ended by SIGKILL",
    ),
    "is killed before all is said": (
        'echo "[]"; echo "Error: no such container $4" >&2; kill -9 $$',
        "EngineFailed",
        "ended by SIGKILL",
    ),
    "says nothing": ("exit 0", "InvalidResponse", "could not be understood"),
    "says nothing and fails": ("exit 1", "EngineFailed", "exit status 1 and gave no reason"),
    "only logs": (
        'echo \'time="2026-01-01T00:00:00Z" level=error msg="no such container ws-a"\' >&2; exit 1',
        "EngineFailed",
        "level=error",
    ),
    "fails in words nobody knows": (
        "echo 'Fehler: der Mond ist voll' >&2; exit 3",
        "EngineFailed",
        "Fehler: der Mond ist voll",
    ),
    "half an answer": (HALF, "InvalidResponse", "could not be understood"),
    "half an answer and fails": (f"{HALF}; exit 125", "EngineFailed", "exit status 125"),
    "half an answer, and who is missing": (
        f'{HALF}; echo "Error: no such container $5" >&2; exit 125',
        "EngineFailed",
        "exit status 125",
    ),
    "HTML": (HTML, "InvalidResponse", "502 Bad Gateway"),
    "HTML and fails": (f"{HTML}; exit 125", "EngineFailed", "exit status 125"),
    "bytes": ("head -c 5000 /dev/urandom", "InvalidResponse", "could not be understood"),
    "null": ("echo null", "InvalidResponse", "expected an object"),
    "an object": ("echo '{}'", "InvalidResponse", "Id is missing"),
    "a list of a number": ("echo '[1]'", "InvalidResponse", "expected an object"),
    "no list at all": ("echo '[]'", "InvalidResponse", "says nothing about ws-a"),
    "another's answer": (
        'echo \'[{"Id":"' + "a" * 64 + '","Name":"other","State":{"Status":"running"}}]\'',
        "InvalidResponse",
        "says nothing about ws-a",
    ),
    "an id that is an option": (
        'echo \'[{"Id":"--all","Name":"ws-a","State":{"Status":"running"}}]\'',
        "InvalidResponse",
        "no id of 64 hex digits",
    ),
    "podman 3.4": (
        'echo "[]"; echo "error inspecting object: no such container $5" >&2; '
        'echo "Error: error inspecting object: no such container $4" >&2; exit 125',
        "EngineUnavailable",
        "too old",
    ),
    "a podman without our verbs": (
        "echo 'Error: unrecognized command `podman container inspect`' >&2; exit 125",
        "EngineUnavailable",
        "4.3 or later",
    ),
    "a service that is away": (
        "echo 'Cannot connect to Podman. Please verify your connection' >&2; "
        "echo 'Error: unable to connect to Podman socket: dial unix: no such file' >&2; exit 125",
        "EngineUnavailable",
        "systemctl --user start podman.socket",
    ),
    "a disk that is full": (
        "echo 'Error: writing /var/lib: no space left on device' >&2; exit 125",
        "EngineFailed",
        "no space left on device",
    ),
}
broken = pytest.mark.parametrize(("script", "kind", "words"), BROKEN.values(), ids=BROKEN)


def _allowed(kind: str) -> float:
    return TIMEOUT if kind == "EngineTimeout" else 30


@broken
def test_a_broken_podman_is_one_clear_error_and_nothing_is_changed(
    fake: FakePodman, script: str, kind: str, words: str
) -> None:
    lanes, lane = lanes_over(fake.becomes(script).engine(_allowed(kind)), fake.folder)
    for call in (lanes.ensure, lanes.remove):
        begun = time.monotonic()
        error = failure(call(lane))
        assert time.monotonic() - begun < DEADLINE
        assert (error.kind, error.lane) == (kind, "ws/a"), str(error)
        assert words in str(error)
    assert set(fake.calls) <= LOOKS
    assert fake.calls or kind == "EngineTimeout"


@broken
@pytest.mark.parametrize("command", ["ensure", "status"])
def test_the_command_line_tells_it_in_words(  # noqa: PLR0913, PLR0917 - what a case has
    fake: FakePodman,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    script: str,
    kind: str,
    words: str,
) -> None:
    engine = fake.becomes(script).engine(_allowed(kind))

    def same(_lanes: Sequence[Lane]) -> ContainerEngine:
        return engine

    monkeypatch.setattr(wiring, "ENGINES", dict.fromkeys(EngineName, same))
    _ = make_lane(fake.folder)
    arguments = (command, "--json", "--file", str(fleet_of(fake.folder)))
    said = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert said.exit_code == 1
    assert json.loads(said.stdout)["error"]["kind"] == kind
    assert said.stderr.startswith("ws/a: ")
    assert words in said.stderr
    assert "Traceback" not in said.stderr
    assert set(fake.calls) <= LOOKS


@pytest.mark.parametrize(
    "script", [HALF, HTML, "kill -9 $$", NOTHING_THERE], ids=["half", "html", "killed", "empty"]
)
@pytest.mark.parametrize("command", ["ensure", "status"])
def test_the_command_as_a_process_ends_without_a_traceback(
    fake: FakePodman, script: str, command: str
) -> None:
    _ = make_lane(fake.folder)
    done = _lanekit(fake.becomes(script), command)
    assert done.returncode == 1
    assert done.stderr.startswith("ws/a: ")
    assert "Traceback" not in done.stderr


def _lanekit(fake: FakePodman, command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lanekit", command, "--file", str(fleet_of(fake.folder))],
        env=environ(fake),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
