"""Secret values are found in words however those spell them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.lane_world import LaneWorld

from lanekit.core.domain.containers import ContainerSpec, EnvVar
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import EngineFailed, Outcome, or_raise
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.redaction import redact, redact_for_spec, secrets_of

MARK = "s3cret"
_VALUES = st.text("ab'\"\\\n ü日\t$", max_size=8).map(lambda text: f"{MARK}{text}")
_BESIDE = st.sampled_from(["", " ", "'", '"', "\\", "x", "\n"])


def _as_json(text: str) -> str:
    return json.dumps({"KEY": text})


def _as_utf8(text: str) -> str:
    return json.dumps([text], ensure_ascii=False)


def _quoted(text: str) -> str:
    return repr(text)


def _in_quotes_of_both_kinds(text: str) -> str:
    return repr(f"\"it's {text}")


WAYS: list[Callable[[str], str]] = [
    str,
    _as_json,
    _as_utf8,
    _quoted,
    _in_quotes_of_both_kinds,
]


@given(_VALUES, st.sampled_from(WAYS), st.sampled_from(WAYS), _BESIDE, _BESIDE)
@example("s3cret 'x'", str, _in_quotes_of_both_kinds, "", "")
def test_every_spelling_of_a_secret_is_redacted(
    value: str,
    inner: Callable[[str], str],
    outer: Callable[[str], str],
    before: str,
    after: str,
) -> None:
    words = f"Error: {before}{outer(inner(value))}{after}: and so on"
    hidden = redact(words, {"KEY": value, "OTHER": "n" * 9})
    assert MARK not in hidden
    assert "(hidden)" in hidden
    assert hidden.startswith("Error: ")
    assert hidden.endswith(": and so on")


@pytest.mark.parametrize(
    ("value", "spell"),
    [
        ("s3cret", str),
        ('s3cret"', _as_json),
        ("s3cret é", _as_json),
        ('s3cret"é', _as_utf8),
        ("s3cret\x7f", _quoted),
        ("s3cret\n", _quoted),
        ("s3cret's", _in_quotes_of_both_kinds),
    ],
)
def test_redaction_covers_the_secret_and_nothing_else(
    value: str, spell: Callable[[str], str]
) -> None:
    hidden = redact(spell(value), {"KEY": value})
    assert hidden == spell("MARK").replace("MARK", "(hidden)")
    # Python quotes what has a single quote in double ones, and leaves it as it is.
    assert redact(repr("s3cret's\x7f"), {"KEY": "s3cret's\x7f"}) == '"(hidden)"'


@given(st.lists(_VALUES, min_size=1, max_size=3))
def test_each_line_of_a_secret_is_redacted(values: list[str]) -> None:
    value = "\n".join(values)
    for line in value.splitlines():
        assert MARK not in redact(f"line: {line}", {"KEY": value})


def test_overlapping_secrets_redact_the_longer_one() -> None:
    env = {"SHORT": "s3cret", "LONG": "s3cret-longer"}
    assert redact("a s3cret-longer b", env) == "a (hidden) b"
    # Though the other comes first, or last, in the alphabet.
    assert redact("a zzzz b", {"SHORT": "zzzz", "LONG": "a zzzz b"}) == "(hidden)"
    assert redact("b aaaa c", {"SHORT": "aaaa", "LONG": "b aaaa c"}) == "(hidden)"


@pytest.mark.parametrize("value", ["", "1", "no", "yes"])
def test_secret_under_four_characters_is_not_redacted(value: str) -> None:
    assert redact("is it yes! or no", {"KEY": "yes!"}) == "is it (hidden) or no"
    words = "no, 1 is not yes"
    assert redact(words, {"KEY": value}) == words


def _spec() -> ContainerSpec:
    profile = Profile("/w", "/i", env={"KEY": "s3cret-value"})
    return container_spec(Lane("ws", "lane-a", "/t"), profile, Digests())


def test_only_profile_variables_are_secret() -> None:
    spec = _spec()
    assert secrets_of(spec) == {"KEY": "s3cret-value"}
    assert EnvVar("INBOX_LANE_ID", "lane-a", secret=False) in spec.env


def test_error_message_and_detail_are_redacted() -> None:
    secret_pull = Hint("pull-image", "x s3cret-value")
    error = EngineFailed("no s3cret-value", "detail s3cret-value", (secret_pull,), "ws/lane-a")
    pull = Hint("pull-image", "x (hidden)")
    hidden = EngineFailed("no (hidden)", "detail (hidden)", (pull,), "ws/lane-a")
    assert redact_for_spec(error, _spec()) == hidden


def test_lanes_redact_secrets_in_errors_and_events() -> None:
    world = LaneWorld()
    world.with_profile(env={"KEY": "s3cret-value"})
    leak = EngineFailed("no s3cret-value", detail="it is s3cret-value")
    _ = or_raise(world.lanes().ensure(world.lane))
    world.drift()
    # The new one does not start, and neither does the old one when that is undone.
    world.engine.fail("start", leak, times=None)
    outcomes: list[Outcome[Any]] = [world.lanes().ensure(world.lane)]
    for verb in ("inspect", "logs", "stop", "remove"):
        world.engine.fail(verb, leak, times=None)
    lanes, lane = world.lanes(), world.lane
    outcomes += [lanes.logs(lane), lanes.stop(lane), lanes.remove(lane), lanes.plan(lane)]
    outcomes += [lanes.status(lane), lanes.endpoint(lane)]
    for outcome in outcomes:
        assert isinstance(outcome, Failure)
        assert "(hidden)" in str(outcome.failure())
    told = [repr(outcome) for outcome in outcomes] + [repr(event) for event in world.events]
    assert any("OperationUndone" in text and "(hidden)" in text for text in told)
    assert not [text for text in told if MARK in text]
