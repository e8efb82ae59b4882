"""Answers of podman's that are not what they should be: decoded or refused, never a traceback."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.fuzz.mutations import ODD, doubled, paths, removed, replaced, seeds
from tests.fuzz.targets import TARGETS
from tests.support.hypothesis_settings import many_examples
from tests.support.strategies.podman_answers import damaged_answers

from lanekit.adapters.host.processes import CompletedCommand
from lanekit.adapters.podman.cli.output import shown_images
from lanekit.adapters.podman.inspect_decoder import decode_containers
from lanekit.adapters.podman.json_reader import parse
from lanekit.adapters.podman.reference_inspect import decode_reference
from lanekit.core.domain.errors import EngineFailed, InvalidResponse, NotFound, or_raise

SEEDS = seeds()
INSPECTS = {name: text for name, text in SEEDS.items() if "-ps-" not in name and "list" not in name}
ONE = INSPECTS["5.8.6-running.rest"]
IMAGES = '[{"Id":"' + "1" * 64 + '"},{"Id":"' + "2" * 64 + '"}]'
# The saved inspect may also hold no container of the lane; an unknown complaint is podman's own.
REFUSALS = {
    "saved_strict": (InvalidResponse, NotFound),
    "saved_reference": (InvalidResponse, NotFound),
    "command": (EngineFailed, NotFound),
}

any_inspect = st.sampled_from(sorted(INSPECTS.values()))


@pytest.mark.parametrize("name", TARGETS)
def test_odd_json_value_is_decoded_or_refused(name: str) -> None:
    for odd in ODD:
        refused = TARGETS[name](odd)
        assert refused is None or isinstance(refused, REFUSALS.get(name, InvalidResponse)), odd[:99]


@many_examples()
@given(text=damaged_answers())
def test_law_damaged_response_is_decoded_or_refused(text: str) -> None:
    for name in sorted(set(TARGETS) - {"command"}):
        refused = TARGETS[name](text)
        assert refused is None or isinstance(refused, REFUSALS.get(name, InvalidResponse))


@many_examples()
@given(text=damaged_answers(), words=st.text(max_size=30))
def test_law_damaged_command_output_raises_nothing(text: str, words: str) -> None:
    _ = TARGETS["command"](f"{words}\n{text}")


@many_examples()
@given(any_inspect, st.data())
def test_law_truncated_response_is_refused(text: str, data: st.DataObject) -> None:
    half = text[: data.draw(st.integers(0, len(text) - 1))]
    for name in ("containers", "reference", "saved_strict", "saved_reference"):
        assert isinstance(TARGETS[name](half), InvalidResponse)


@many_examples()
@given(text=any_inspect, where=st.integers(0), odd=st.sampled_from(ODD))
def test_law_unknown_key_changes_nothing(text: str, where: int, odd: str) -> None:
    places = [p for p in paths(json.loads(text)) if p[-1] in ("Id", "Config", "State", "Status")]
    place = (*places[where % len(places)][:-1], "Novelty")
    richer = _with_a_key(text, place, odd)
    if isinstance(parse(richer, "it"), Failure):
        return
    assert or_raise(decode_containers(richer)) == or_raise(decode_containers(text))
    assert or_raise(decode_reference(_list(richer))) == or_raise(decode_reference(_list(text)))


def _with_a_key(text: str, place: tuple[str | int, ...], odd: str) -> str:
    whole = json.loads(text)
    holder: Any = whole
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = 0
    return replaced(json.dumps(whole), place, odd)


def _list(text: str) -> str:
    return text if text.startswith("[") else f"[{text}]"


def test_null_means_the_same_as_missing() -> None:
    for place in paths(json.loads(ONE)):
        if isinstance(place[-1], int):
            continue  # an element is not missing, there is one less
        without, null = removed(ONE, place), replaced(ONE, place, "null")
        assert decode_reference(f"[{without}]") == decode_reference(f"[{null}]"), place
        if place[-2:-1] in (("Networks",), ("Labels",), ("Ports",)):
            continue  # there the key itself is what is shown
        one, other = decode_containers(without), decode_containers(null)
        assert one == other or (isinstance(one, Failure) and isinstance(other, Failure)), place


def test_last_of_duplicate_keys_counts() -> None:
    twice = doubled(ONE, ("Name",), '"another"')
    (seen,) = or_raise(decode_containers(twice))
    assert seen.name == "another"
    wrong = doubled(ONE, ("Name",), "5")
    assert isinstance(decode_containers(wrong), Failure)


# Around the depth at which Python gives up, which depends on how deep the caller is.
@pytest.mark.parametrize("depths", [(1, 100), range(900, 990), (5000, 100_000)])
def test_json_of_any_depth_is_decoded_or_refused(depths: Sequence[int]) -> None:
    for depth in depths:
        _nested(depth)


def _nested(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        text = f"{opening * depth}1{closing * depth}"
        for name in ("containers", "reference", "ids", "saved_strict", "saved_reference"):
            inside = f'[{{"Id":{text}}}]'
            extra = f'[{{"Novelty":{text}}},{ONE}]'
            for one in (text, inside, extra):
                refused = TARGETS[name](one)
                assert refused is None or isinstance(refused, InvalidResponse | NotFound)


@pytest.mark.parametrize("identifier", ["", "-a", "--all", "a" * 63, "A" * 64, f"{'a' * 64}\n"])
def test_invalid_container_id_is_refused(identifier: str) -> None:
    # It becomes an argument of `podman rm -f`, whose options are not for podman's answers to give.
    text = replaced(ONE, ("Id",), json.dumps(identifier))
    assert isinstance(TARGETS["containers"](text), InvalidResponse)
    assert isinstance(TARGETS["ids"](json.dumps([{"Id": identifier}])), InvalidResponse)


def test_decode_error_shows_no_part_of_an_inspect() -> None:
    secret = '[{"Config":{"Env":["TOKEN=s3cr'
    error = TARGETS["containers"](secret)
    assert error is not None
    assert "s3cr" not in str(error)
    garbage = TARGETS["containers"]("<html>Bad Gateway</html>")
    assert "Bad Gateway" in str(garbage)


def test_empty_output_and_missing_id_are_refused() -> None:
    assert isinstance(TARGETS["ids"](""), InvalidResponse)
    assert isinstance(TARGETS["ids"]('[{"Names":["a"]}]'), InvalidResponse)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "9" * 5000])
def test_number_that_go_rejects_is_refused_in_unused_field(word: str) -> None:
    text = replaced(ONE, ("Created",), word)
    for name in ("containers", "reference", "saved_strict", "saved_reference"):
        assert isinstance(TARGETS[name](f"[{text}]"), InvalidResponse)


@pytest.mark.parametrize("key", ["NanoCpus", "CpuQuota", "Memory", "PidsLimit"])
@pytest.mark.parametrize("number", [str(2**63), "9" * 400, "-" + "9" * 400, "1e400", "1.5", "true"])
def test_invalid_limit_value_is_refused(key: str, number: str) -> None:
    assert isinstance(
        TARGETS["containers"](replaced(ONE, ("HostConfig", key), number)), InvalidResponse
    )


@pytest.mark.parametrize("port", ["65536", "9" * 5000, "-1", "0x50", "\u0663", "1_0", "8080x"])
def test_invalid_port_is_refused(port: str) -> None:
    place = ("NetworkSettings", "Ports")
    for ports in ({f"{port}/tcp": None}, {"31417/tcp": [{"HostPort": port}]}):
        text = replaced(ONE, place, json.dumps(ports))
        assert isinstance(TARGETS["containers"](text), InvalidResponse)


@pytest.mark.parametrize("policy", ["saved_strict", "saved_reference"])
@pytest.mark.parametrize(
    "form",
    ["{0},{0}", "[{0} {0}]", "[{0},]", "[,{0}]", "[{0}],[{0}]", "{0}]", "[{0}]x", "\ufeff{0}"],
)
def test_malformed_list_is_refused_as_saved_inspect(policy: str, form: str) -> None:
    refused = TARGETS[policy](form.format(ONE))
    assert isinstance(refused, InvalidResponse)
    assert TARGETS[policy](f" [ {ONE} ] ") is None


def test_reference_key_matching_does_not_fold_ligatures() -> None:
    # Go's encoding/json folds letter by letter; Python's casefold makes two of this one.
    text = ONE.replace('"Config":', '"Con\ufb01g":')
    view = or_raise(decode_reference(f"[{text}]"))
    assert view is not None
    assert view.config_image == ""
    other = ONE.replace('"Config":', '"cONFIG":')
    folded = or_raise(decode_reference(f"[{other}]"))
    assert folded is not None
    assert folded.config_image != ""


def test_images_omitted_without_reason_are_refused() -> None:
    for stdout in ("[]", IMAGES):
        refused = shown_images(CompletedCommand(0, stdout, ""), ["a", "b", "c"]).failure()
        assert isinstance(refused, InvalidResponse)
        assert "a, b, c" in refused.detail
