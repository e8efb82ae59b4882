"""Policy `reference` answers as the reference does on every vector."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure
from tests.support.strategies.lanes import snapshot_of

from lanekit.adapters.podman.reference_inspect import decode_reference
from lanekit.core.domain.containers import ContainerSpec, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.differences import Difference
from lanekit.core.domain.errors import InvalidResponse, or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.reference_policy import ReferenceView, reference_drift, reference_view

VECTORS = Path(__file__).parents[2] / "vectors" / "drift.jsonl"


def _vectors() -> list[Any]:
    return [json.loads(line) for line in VECTORS.read_text().splitlines()]


def _spec(given: Mapping[str, Any]) -> ContainerSpec:
    lane = Lane(
        given["ws_id"],
        given["lane"]["id"],
        given["lane"]["worktree_path"],
        given["lane"]["container_name"],
    )
    profile = Profile(given["worker"], given["inbox"], server_port=given["server_port"])
    return container_spec(lane, profile, Digests(fingerprint=given["codex_fingerprint"]))


# Recorded of an inspect in which "Config" stands twice, the second time empty: Go keeps the first
# one's fields. The file that holds the vectors could keep only the last of the two.
LOST_A_DUPLICATE = 28


@pytest.mark.parametrize("vector", [v for n, v in enumerate(_vectors()) if n != LOST_A_DUPLICATE])
def test_drift_verdict_matches_reference_vectors(vector: Mapping[str, Any]) -> None:
    given, expected = vector["input"], vector["reference"]
    view = decode_reference(json.dumps([given["inspect"]]))
    if "error" in expected:
        assert isinstance(view, Failure)
        assert isinstance(view.failure(), InvalidResponse)
        return
    seen = or_raise(view)
    assert seen is not None
    assert bool(reference_drift(_spec(given), seen)) is expected["drifted"]


def test_duplicate_key_verdict_matches_reference() -> None:
    vectors = _vectors()
    given, full = vectors[LOST_A_DUPLICATE]["input"], vectors[0]["input"]["inspect"]["Config"]
    assert given["inspect"]["Config"] == {}
    once = json.dumps([given["inspect"]])
    twice = once.replace('"Config": {}', f'"Config": {json.dumps(full)}, "Config": {{}}')
    verdicts = [reference_drift(_spec(given), _seen(text)) for text in (once, twice)]
    assert [bool(verdict) for verdict in verdicts] == [True, False]


def _seen(text: str) -> ReferenceView:
    view = or_raise(decode_reference(text))
    assert view is not None
    return view


def _text(**fields: str) -> str:
    return "[{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}]"


def test_keys_ignore_case_and_last_value_wins() -> None:
    view = or_raise(decode_reference('[{"PATH": "/a", "path": "/b", "Path": null}]'))
    assert view == ReferenceView(path="/b")


def test_objects_under_duplicate_keys_are_merged() -> None:
    twice = '[{"Config": {"User": "u"}, "config": {"Image": "i"}}]'
    assert or_raise(decode_reference(twice)) == ReferenceView(user="u", config_image="i")


def test_empty_list_decodes_to_no_container() -> None:
    assert or_raise(decode_reference("[]")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        _text(Path="1"),
        _text(Args="[1]"),
        _text(Mounts="{}"),
        _text(State='{"Running": 1}'),
        _text(Config='{"Env": ["A=1", 2]}'),
        _text(NetworkSettings='{"Ports": {"80/tcp": [{"HostPort": 1}]}}'),
        "[" * 100_000,
    ],
)
def test_undecodable_inspect_is_a_clear_failure(text: str) -> None:
    view = decode_reference(text)
    assert isinstance(view, Failure)
    assert "could not be understood" in view.failure().message


def test_reference_policy_ignores_worker_and_config_digests() -> None:
    lane = Lane("w", "a", "/t")
    spec = container_spec(lane, Profile("/w", "/i"), Digests("1", "2", "3", "4"))
    seen = snapshot_of(spec)
    assert reference_drift(spec, reference_view(seen, "31417/tcp")) == ()
    changed = container_spec(Lane("w", "a", "/u"), Profile("/w", "/i"), Digests("9", "9", "9", "5"))
    fields = [d.field for d in reference_drift(changed, reference_view(seen, "31417/tcp"))]
    assert fields == ["mount./workspace", "env.INBOX_RUNTIME_CODEX_SHA"]


LANE = container_spec(
    Lane("w", "a", "/t"), Profile("/w", "/i", env={"A": "1=2"}), Digests("1", "2", "3", "4")
)


def test_reference_view_copies_each_observed_field() -> None:
    seen = replace(
        snapshot_of(LANE),
        image="i",
        config_image="c",
        user="u",
        path="/p",
        workdir="/d",
        env={"A": "1=2", "B": ""},
        mounts=(Mount("/s", "/t"), Mount("/u", "/v", kind="volume")),
        ports=(Port(31417, host_port=7), Port(31417), Port(80, host_port=9)),
    )
    assert reference_view(seen, "31417/tcp") == ReferenceView(
        image_name="i",
        config_image="c",
        user="u",
        path="/p",
        workdir="/d",
        env=("A=1=2", "B="),
        mounts=(("/t", "/s"), ("/v", "/u")),
        host_ports=("7",),
    )


def test_reference_drift_shows_both_sides_of_each_field() -> None:
    env = {var.name: var.value for var in LANE.env}
    same = reference_view(snapshot_of(LANE), "31417/tcp")
    assert reference_drift(LANE, same) == ()
    odd = {**env, "INBOX_LANE_ID": "b=c", "B": "1=2=3"}
    del odd["INBOX_API_URL"]
    view = replace(
        same,
        image_name="i",
        config_image="c",
        user="nobody",
        path="/p",
        workdir="/d",
        env=(*(f"{name}={value}" for name, value in odd.items()), "NO_VALUE"),
        mounts=(("/root/.codex/", "/c/"), ("/workspace/", "/u/"), same.mounts[1], same.mounts[2]),
        host_ports=("", " "),
    )
    assert reference_drift(LANE, view) == (
        Difference("image", LANE.image, "i"),
        Difference("user", "root", "nobody"),
        Difference("port.31417/tcp", "published", "absent"),
        Difference("workdir", "/workspace", "/d"),
        Difference("entrypoint", "/usr/local/bin/lane-worker", "/p"),
        Difference("mount./root/.codex", "absent", "/c"),
        Difference("mount./workspace", "/t", "/u"),
        Difference("env.INBOX_LANE_ID", "a", "(hidden)"),
        Difference("env.INBOX_API_URL", env["INBOX_API_URL"], "absent"),
    )


def test_variable_with_equals_signs_is_not_drift() -> None:
    odd = container_spec(Lane("w=x=y", "a", "/t"), Profile("/w", "/i"), Digests())
    assert reference_drift(odd, reference_view(snapshot_of(odd), "31417/tcp")) == ()
    # One that is not asked for any more is told of, and its value is nobody's business.
    had = reference_view(snapshot_of(LANE), "31417/tcp")
    without = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    assert reference_drift(without, had) == (
        Difference("env.INBOX_RUNTIME_CODEX_SHA", "absent", "(hidden)"),
    )
