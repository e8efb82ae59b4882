"""What podman says of a layer, as 4.3.1 and 5.4.2 said it; and what an update is asked with."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.fuzz.mutations import mutated
from tests.support.hypothesis_settings import many_examples

from lanekit.adapters.podman.diff_and_update import (
    decode_changes,
    update_args,
    update_body,
    update_query,
)
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import LayerChange

REST = (
    '[{"Path":"/bin","Kind":0},{"Path":"/bin/httpd","Kind":2},{"Path":"/d/bad\\ufffdx","Kind":1},'
    '{"Path":"/d/n\\nl","Kind":1}]\n'
)
CLI = (
    '{\n "changed": [\n "/bin"\n ],\n "added": [\n "/d/bad\\ufffdx",\n "/d/n\\nl"\n ],\n'
    ' "deleted": [\n "/bin/httpd"\n ]\n}\n'
)
FOUND = (
    LayerChange("/bin", "changed"),
    LayerChange("/bin/httpd", "deleted"),
    LayerChange("/d/bad\ufffdx", "added"),
    LayerChange("/d/n\nl", "added"),
)


@pytest.mark.parametrize("said", [REST, CLI])
def test_layer_changes_of_cli_and_rest_decode_equally(said: str) -> None:
    assert or_raise(decode_changes(said)) == FOUND


@pytest.mark.parametrize("said", ["null\n", "{}\n", "[]"])
def test_empty_diff_decodes_to_no_changes(said: str) -> None:
    assert or_raise(decode_changes(said)) == ()


@pytest.mark.parametrize(
    "said",
    [
        *("", "garbage", '"x"', "3", "[3]", "[null]", REST[:40], CLI[:40]),
        *('[{"Path":"/a","Kind":3}]', '[{"Path":"/a","Kind":-1}]', '[{"Kind":1}]'),
        *('[{"Path":"/a","Kind":"A"}]', '{"renamed":["/a"]}', '{"added":[3]}', '{"added":"/a"}'),
    ],
)
def test_invalid_diff_is_rejected(said: str) -> None:
    outcome = decode_changes(said)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "InvalidResponse"


@many_examples()
@given(st.sampled_from([REST, CLI]), st.integers(0, 2**32))
def test_damaged_diff_never_raises(said: str, luck: int) -> None:
    outcome = decode_changes(mutated(said, random.Random(luck)))
    if isinstance(outcome, Failure):
        assert outcome.failure().kind == "InvalidResponse"


def test_update_request_contains_only_the_given_limits() -> None:
    assert (update_args(Limits()), update_body(Limits()), update_query(Limits())) == ((), {}, {})
    all_of_them = Limits(1 << 20, 0.25, 7, "on-failure:3")
    assert update_args(all_of_them) == (
        *("--memory", "1048576b", "--cpus", "0.25", "--pids-limit", "7"),
        *("--restart", "on-failure:3"),
    )
    assert update_body(all_of_them) == {
        "memory": {"limit": 1 << 20, "swap": 2 << 20},
        "cpu": {"quota": 25_000, "period": 100_000},
        "pids": {"limit": 7},
    }
    assert update_query(all_of_them) == {"restartPolicy": "on-failure", "restartRetries": "3"}
    assert update_query(Limits(restart_policy="no")) == {"restartPolicy": "no"}
