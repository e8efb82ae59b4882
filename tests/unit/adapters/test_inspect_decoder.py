"""podman's JSON, as three versions really wrote it, reads into one spelling."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.hypothesis_settings import many_examples

from lanekit.adapters.podman.inspect_decoder import decode_containers, decode_images
from lanekit.core.domain.containers import Mount, Port
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import InvalidResponse, or_raise
from lanekit.core.domain.observed import Endpoint, ObservedContainer
from lanekit.core.domain.podman_create.body import Json

RECORDED = Path(__file__).parents[2] / "recorded" / "inspect"
VERSIONS = ("4.3.1", "5.4.2", "5.8.6")
STATES = sorted(path.name.split(".")[0] for path in (RECORDED / "4.3.1").glob("*.cli.json"))
CONTAINERS = [state for state in STATES if not state.startswith("ps-")]


def _read(version: str, state: str, through: str) -> ObservedContainer:
    text = (RECORDED / version / f"{state}.{through}.json").read_text()
    (snapshot,) = or_raise(decode_containers(text))
    return snapshot


def test_same_text_gives_the_same_container_object() -> None:
    texts = [(RECORDED / v / "running.rest.json").read_text() for v in VERSIONS]
    first = [or_raise(decode_containers(text))[0] for text in texts]
    # Equal, not the same text object: as it comes from another answer.
    again = [or_raise(decode_containers(f"{text} "[:-1]))[0] for text in texts]
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len({container.id for container in first}) == len(VERSIONS)


def test_large_text_is_decoded_and_not_remembered() -> None:
    text = (RECORDED / "4.3.1" / "running.rest.json").read_text() + " " * (1 << 15)
    first, again = (or_raise(decode_containers(text))[0] for _ in range(2))
    assert first == again
    assert first is not again


def _comparable(seen: ObservedContainer) -> ObservedContainer:
    """Less what differs from container to container: ids, times, chosen ports; and podman's env."""
    env = {k: v for k, v in seen.env.items() if k not in ("TERM", "HOSTNAME")}
    ports = tuple(replace(p, host_port=p.host_port and 1) for p in seen.ports)
    return replace(seen, id="", started_at="", pid=0, error="", env=env, ports=ports, image_id="")


@pytest.mark.parametrize("state", CONTAINERS)
def test_cli_and_rest_inspect_decode_equally(state: str) -> None:
    for version in VERSIONS:
        assert _read(version, state, "cli") == _read(version, state, "rest")


@pytest.mark.parametrize("state", [s for s in CONTAINERS if not s.startswith("net")])
def test_inspect_decodes_equally_in_all_podman_versions(state: str) -> None:
    old, *others = (_comparable(_read(version, state, "cli")) for version in VERSIONS)
    for other in others:
        # 2048 is podman's default, which 5.x does not show.
        assert replace(old, pids_limit=other.pids_limit, updatable=True) == other
        assert (old.pids_limit, other.pids_limit) == (2048, None)
        assert not old.updatable


@pytest.mark.parametrize("version", VERSIONS)
def test_host_and_none_network_modes_are_read(version: str) -> None:
    assert _read(version, "nethost-running", "cli").network_mode == "host"
    assert _read(version, "netnone-running", "cli").network_mode == "none"


@pytest.mark.parametrize("version", VERSIONS)
def test_running_container_fields_are_read(version: str) -> None:
    seen = _read(version, "running", "cli")
    assert (seen.state, seen.user, seen.workdir) == ("running", "root", "/workspace")
    assert (seen.path, seen.args) == ("/usr/local/bin/lane-worker", ("one", "two words"))
    assert [(m.target, m.read_only) for m in seen.mounts] == [
        ("/usr/local/bin/x", True),
        ("/workspace", False),
    ]
    published, exposed = seen.ports
    assert (published.key, published.host_ip) == ("31417/tcp", "127.0.0.1")
    assert published.host_port
    assert exposed == Port(9999, "udp", "", None)
    assert seen.labels == {"imglabel": "il", "k": "v"}
    assert seen.restart_policy == "no"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("created", "created"),
        ("paused", "paused"),
        ("exited-error", "exited"),
        ("stopped", "exited"),
    ],
)
def test_recorded_states_are_read(state: str, expected: str) -> None:
    for version in VERSIONS:
        assert _read(version, state, "cli").state == expected


def test_exit_code_and_start_time_are_read() -> None:
    for version in VERSIONS:
        assert _read(version, "exited-error", "cli").exit_code == 7
        assert _read(version, "created", "cli").started_at == ""
        assert _read(version, "running", "cli").started_at != ""


MINIMAL: dict[str, Any] = {"Id": "a" * 64, "Name": "n", "State": {"Status": "running"}}


def test_missing_and_null_keys_become_defaults() -> None:
    nulls = {**MINIMAL, "Args": None, "Mounts": None, "Config": None, "HostConfig": None}
    for item in (MINIMAL, nulls):
        (seen,) = or_raise(decode_containers(json.dumps([item])))
        assert (seen.mounts, seen.args, dict(seen.env)) == ((), (), {})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"Id": None}, ".Id"),
        ({"Id": 1}, ".Id"),
        ({"Name": []}, ".Name"),
        ({"State": "Running"}, ".State"),
        ({"State": {}}, ".State.Status"),
        ({"Mounts": [1]}, ".Mounts[0]"),
        ({"Mounts": {}}, ".Mounts"),
        ({"Config": {"Env": [1]}}, ".Env[0]"),
        ({"HostConfig": {"Memory": "1"}}, ".Memory"),
        ({"HostConfig": {"Memory": True}}, ".Memory"),
        ({"HostConfig": {"Privileged": 1}}, ".Privileged"),
        ({"NetworkSettings": {"Ports": {"x": None}}}, "'x'"),
        ({"NetworkSettings": {"Ports": {"1/tcp": [{"HostPort": "x"}]}}}, "HostPort"),
    ],
)
def test_wrong_type_is_rejected_with_its_location(change: dict[str, Any], place: str) -> None:
    outcome = decode_containers(json.dumps([{**MINIMAL, **change}]))
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), InvalidResponse)
    assert place in outcome.failure().detail


@pytest.mark.parametrize("text", ["", "[", "1", '"x"', "[null]", "[" * 100_000, '{"Id": NaN}'])
def test_invalid_inspect_is_rejected(text: str) -> None:
    outcome = decode_containers(text)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), InvalidResponse)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
_FULL: dict[str, Any] = json.loads((RECORDED / "5.8.6" / "running.rest.json").read_text())


def _paths(value: Json, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Json]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(p for key, item in inner for p in _paths(item, (*path, key)))]


@many_examples()
@given(st.sampled_from(_paths(_FULL)[1:]), _JSON)
def test_any_json_value_anywhere_is_decoded_or_rejected(path: tuple[Any, ...], value: Any) -> None:
    whole = json.loads(json.dumps(_FULL))
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    outcome = decode_containers(json.dumps(whole))
    assert not isinstance(outcome, Failure) or isinstance(outcome.failure(), InvalidResponse)


def test_image_id_labels_and_volumes_are_read() -> None:
    image: dict[str, Any] = {
        "Id": "sha256:" + "1" * 64,
        "RepoTags": ["localhost/a:1"],
        "Labels": {"a": "b"},
        "Config": {"Volumes": {"/v": {}}},
    }
    ((names, info),) = or_raise(decode_images(json.dumps([image])))
    assert names == ("localhost/a:1", "1" * 64)
    assert (info.id, dict(info.labels), info.volumes) == ("1" * 64, {"a": "b"}, ("/v",))


def _changed(version: str, **host: Json) -> ObservedContainer:
    """A recorded container whose HostConfig says something else."""
    (value,) = json.loads((RECORDED / version / "created.cli.json").read_text())
    value["HostConfig"] |= host
    (snapshot,) = or_raise(decode_containers(json.dumps([value])))
    return snapshot


@pytest.mark.parametrize("version", VERSIONS)
def test_volumes_from_is_read_as_a_mount(version: str) -> None:
    plain = _read(version, "created", "cli")
    seen = _changed(version, VolumesFrom=["donor"])
    assert set(seen.mounts) - set(plain.mounts) == {Mount("donor", "volumes-from", kind="from")}
    assert _changed(version, VolumesFrom=None).mounts == plain.mounts


@pytest.mark.parametrize(
    ("quota", "period", "cpus"),
    [(50_000, 0, 0.5), (50_000, 50_000, 1.0), (0, 0, None), (-1, 9, None)],
)
def test_cpu_quota_without_period_uses_kernel_default(
    quota: int, period: int, cpus: float | None
) -> None:
    assert _changed("4.3.1", CpuQuota=quota, CpuPeriod=period).cpus == cpus


@pytest.mark.parametrize("shown", ["/usr/local/bin/lane-worker", ["/a", "b"], [], "", "a b", None])
def test_entrypoint_form_does_not_change_path_and_args(
    shown: Json,
) -> None:
    # /v4.0.0 gives Config.Entrypoint as a string, podman 5's own version as a list.
    (container,) = json.loads((RECORDED / "4.3.1" / "running.cli.json").read_text())
    before = or_raise(decode_containers(json.dumps(container)))
    container["Config"]["Entrypoint"] = shown
    assert or_raise(decode_containers(json.dumps(container))) == before


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("shown", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        (None, "127.0.0.1"),
        ("::", "[::1]"),
    ],
)
def test_published_port_is_read_with_its_loopback_endpoint(
    version: str, shown: Json, host: str
) -> None:
    # podman 4 says "" where podman 5 says 0.0.0.0; in a recorded inspect it is 127.0.0.1.
    for state in ("running", "created"):
        (container,) = json.loads((RECORDED / version / f"{state}.cli.json").read_text())
        (binding,) = container["NetworkSettings"]["Ports"]["31417/tcp"]
        binding["HostIp"] = shown
        (seen,) = or_raise(decode_containers(json.dumps(container)))
        number = int(binding["HostPort"])
        assert seen.ports[0] == Port(31417, "tcp", str(shown or ""), number)
        assert or_raise(endpoint_of(seen)) == Endpoint(host, number)
