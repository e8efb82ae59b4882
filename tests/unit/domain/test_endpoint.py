"""Endpoints: the reference's vectors, and those computed from an inspect."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from returns.result import Failure, Success
from tests.support.strategies.lanes import snapshot_of

from lanekit.core.domain.containers import Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import NoEndpoint, Outcome, or_raise
from lanekit.core.domain.go_paths import trim_space
from lanekit.core.domain.lanes import Lane, Profile

VECTORS = Path(__file__).parents[2] / "vectors" / "endpoint.jsonl"
SEEN = snapshot_of(container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests()))


def _vectors() -> list[Any]:
    return [json.loads(line) for line in VECTORS.read_text().splitlines()]


def _reference_endpoint(container: str, port_output: str) -> Outcome[str]:
    """Return what the reference makes of the output of `podman port CONTAINER 31417/tcp`.

    Always 127.0.0.1, and the words of its errors. Source: `endpoint` of the reference.
    """
    line = trim_space(trim_space(port_output).split("\n")[0])
    if not line:
        return Failure(NoEndpoint(f"container {container} does not expose 31417/tcp"))
    port = line[line.rfind(":") + 1 :]
    if not re.fullmatch(r"[+-]?[0-9]+", port):
        return Failure(NoEndpoint(f"parse runner port {json.dumps(line, ensure_ascii=False)}"))
    return Success(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("vector", _vectors())
def test_endpoint_matches_reference_vectors(vector: Mapping[str, Any]) -> None:
    match _reference_endpoint("c", vector["output"]):
        case Success(url):
            assert (url, None) == (vector["endpoint"], vector["error"])
        case Failure(error):
            assert error.message == vector["error"]


@pytest.mark.parametrize(
    ("host_ip", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:7"),
        ("127.0.0.5", "http://127.0.0.5:7"),
        ("", "http://127.0.0.1:7"),
        ("0.0.0.0", "http://127.0.0.1:7"),
        ("::", "http://[::1]:7"),
        ("::1", "http://[::1]:7"),
    ],
)
def test_endpoint_url_uses_a_loopback_address(host_ip: str, url: str) -> None:
    seen = replace(SEEN, ports=(Port(31417, "tcp", host_ip, 7),))
    assert or_raise(endpoint_of(seen)).url == url


@pytest.mark.parametrize(
    "ports",
    [(), (Port(31417, "tcp", "", None),), (Port(31417, "udp", "", 7),), (Port(80, "tcp", "", 7),)],
)
def test_unpublished_port_fails_and_names_the_container(ports: tuple[Port, ...]) -> None:
    outcome = endpoint_of(replace(SEEN, ports=ports))
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), NoEndpoint)
    assert str(outcome.failure()) == snapshot("""\
container w-a does not publish 31417/tcp
-> `plan` returns what differs; `ensure` replaces the container\
""")


def test_invalid_port_is_quoted_in_reference_error() -> None:
    (error,) = [_reference_endpoint("c", '127.0.0.1:é"\n').failure()]
    assert error.message == 'parse runner port "127.0.0.1:é\\""'
