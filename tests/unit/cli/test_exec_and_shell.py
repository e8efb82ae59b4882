"""exec and shell on the in-memory engine: how words are taken apart, and the exit codes."""

import pytest
from inline_snapshot import snapshot
from tests.unit.cli.conftest import Lanekit

from lanekit.adapters.memory.engine import InMemory, Program


def _heard(engine: InMemory) -> list[tuple[str, ...]]:
    return [call.about for call in engine.calls if call.method == "execute"]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("ws1/a", "--", "make", "-j"), ("make", "-j")),
        (("ws1/a", "make", "-j", "--json", "-f", "x"), ("make", "-j", "--json", "-f", "x")),
        (("ws1/a", "--", "make", "--", "x"), ("make", "--", "x")),
        (("--", "ws1/a", "--", "make"), ("make",)),
        (("ws1/a", "--", "-odd"), ("-odd",)),
        (("ws1/a", "--", "--", "x"), ("--", "x")),
        (("--engine", "memory", "ws1/a", "make", "--engine", "y"), ("make", "--engine", "y")),
    ],
)
def test_what_stands_behind_the_lane_is_the_command(
    lanekit: Lanekit, engine: InMemory, words: tuple[str, ...], command: tuple[str, ...]
) -> None:
    _ = lanekit("ensure", "ws1/a")
    engine.set_program(command, Program(status=42))
    assert lanekit("exec", *words).code == 42
    assert _heard(engine) == [command]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("ws1/a",),
            snapshot("lanekit: no command given; usage: lanekit exec ws1/a -- CMD [ARG]...\n"),
        ),
        (
            ("ws1/a", "--"),
            snapshot("lanekit: no command given; usage: lanekit exec ws1/a -- CMD [ARG]...\n"),
        ),
        (
            ("ws1/a", "--engine", "cli", "make"),
            snapshot(
                "lanekit: unexpected option --engine after LANE: put lanekit options before LANE and the command after `--`\n"
            ),
        ),
        (
            ("ws1/none", "--", "make"),
            snapshot("lanekit: no lane 'ws1/none' in lanes.toml; did you mean ws1/long?\n"),
        ),
    ],
)
def test_a_wrong_call_enters_nothing(
    lanekit: Lanekit, engine: InMemory, words: tuple[str, ...], said: str
) -> None:
    _ = lanekit("ensure", "ws1/a")
    done = lanekit("exec", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err == said
    assert _heard(engine) == []


def test_a_lane_that_cannot_be_entered_is_told_from_a_command_that_failed(
    lanekit: Lanekit,
) -> None:
    done = lanekit("exec", "ws1/a", "--", "true")
    assert done.code == 125
    assert "lanekit ensure ws1/a" in done.err


def test_shell_runs_bash_where_there_is_one(lanekit: Lanekit, engine: InMemory) -> None:
    _ = lanekit("ensure", "ws1/a")
    assert lanekit("shell", "ws1/a").code == 0
    ((*_, script),) = _heard(engine)
    assert script.index("exec bash") < script.index("exec sh")
