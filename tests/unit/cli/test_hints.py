"""Every hint has words in both voices: those of the command, and those of the library."""

from typing import get_args

import pytest
from inline_snapshot import snapshot

from lanekit.cli.output.hints import COMMAND_WORDS, hint_lines
from lanekit.cli.output.json import error_object
from lanekit.cli.output.text import error_text
from lanekit.core.domain.errors import NotReady
from lanekit.core.domain.hints import (
    LIBRARY_WORDS,
    SHARED_WORDS,
    Hint,
    LanekitAction,
    SharedAction,
    library_words,
)

SHARED = frozenset(get_args(SharedAction))
OWN = frozenset(get_args(LanekitAction))
ERROR = NotReady("not yet", "words", (Hint("wait-longer"), Hint("show-logs")), "ws/a")


def test_every_hint_has_words_in_both_voices() -> None:
    assert SHARED_WORDS.keys() == SHARED
    assert LIBRARY_WORDS.keys() == COMMAND_WORDS.keys() == SHARED | OWN


def test_voices_differ_only_where_lanekit_is_named() -> None:
    assert {name for name in LIBRARY_WORDS if LIBRARY_WORDS[name] != COMMAND_WORDS[name]} == OWN


@pytest.mark.parametrize("action", sorted(SHARED | OWN))
def test_library_words_name_no_command_of_lanekit(action: SharedAction | LanekitAction) -> None:
    # Doctor is for people: it examines the host, whatever program uses lanekit there.
    text = library_words(Hint(action, "SUBJECT"), "ws/a").replace("`lanekit doctor`", "doctor")
    assert text
    assert not any(name in text for name in ("`lanekit", "--engine", "--timeout", "{"))


def test_library_error_says_what_to_do_in_its_own_words() -> None:
    assert str(ERROR) == snapshot("""\
ws/a: not yet
words
-> call `ensure` to wait again, with a longer `ready_timeout`
-> `logs` returns its last output\
""")


def test_command_error_says_what_to_do_in_commands() -> None:
    assert error_text(ERROR) == snapshot("""\
ws/a: not yet
    words
  -> run `lanekit ensure ws/a` to wait again, with a longer `--timeout` or `ready_timeout`
  -> `lanekit logs ws/a` shows its last output\
""")


def test_json_error_has_its_hints_as_one_text() -> None:
    assert error_object(ERROR) == snapshot(
        {
            "kind": "NotReady",
            "message": "not yet",
            "detail": "words",
            "hint": "run `lanekit ensure ws/a` to wait again, with a longer `--timeout` or `ready_timeout`; `lanekit logs ws/a` shows its last output",
        }
    )


def test_hint_without_lane_names_a_placeholder() -> None:
    assert hint_lines(NotReady("no", hints=(Hint("fix-worker"),))) == snapshot(
        ["fix the worker, then run `lanekit ensure LANE`"]
    )


def test_subject_with_braces_is_shown_as_it_is() -> None:
    assert library_words(Hint("rename-other-container", "{lane}")) == snapshot(
        "choose another `container` for the lane, or rename that one: `podman rename {lane} OTHER`"
    )
