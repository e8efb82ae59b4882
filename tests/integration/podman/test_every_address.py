"""A worker that is published on all addresses of the host, as nobody but a person would do it."""

import urllib.request

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import RealLane

from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.podman_create.args import create_args

pytestmark = pytest.mark.podman


def _make_by_hand(real: RealLane, published: str, verb: str) -> int:
    """The lane's container with its port published so; the host port that podman chose."""
    args = create_args(or_raise(real.lanes().spec(real.lane)))
    changed = [published if arg == "127.0.0.1::31417" else arg for arg in args[1:]]
    assert changed != list(args[1:])
    _ = real.sandbox.run(*verb.split(), *changed)
    asked = ("--format", '{{(index (index .NetworkSettings.Ports "31417/tcp") 0).HostPort}}')
    return int(real.sandbox.run("container", "inspect", *asked, real.lane.container_name))


def _says(real: RealLane, *arguments: str) -> str:
    ((code, out, err),) = results([lanekit(real, *arguments)])
    assert code == 0, (out, err)
    return out.strip()


@pytest.mark.parametrize("published", ["31417", "0.0.0.0::31417"])
def test_lane_on_all_addresses_is_reached_by_loopback(real_lane: RealLane, published: str) -> None:
    number = _make_by_hand(real_lane, published, "run -d")
    url = f"http://127.0.0.1:{number}"
    assert _says(real_lane, "endpoint", real_lane.lane.name) == url
    # The reference looks whether it is published, not where: it is adopted as it is.
    adopting = Lanes(real_lane.engine(), real_lane.profile, policy="reference")
    taken = or_raise(adopting.ensure(real_lane.lane))
    assert (taken.action, taken.endpoint.url) == ("none", url)
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read() == b"one\n"
    (strict,) = or_raise(real_lane.lanes().plan(real_lane.lane)).drift
    assert str(strict) == (f"port.31417/tcp: expected 127.0.0.1:any port, actual 0.0.0.0:{number}")


def test_lane_on_all_ipv6_addresses_has_ipv6_endpoint(real_lane: RealLane) -> None:
    number = _make_by_hand(real_lane, "[::]::31417", "create")
    # Not started: not every machine has IPv6 for containers.
    seen = or_raise(real_lane.lanes().status(real_lane.lane))
    assert seen.endpoint is not None
    assert (seen.state, seen.endpoint.url) == ("created", f"http://[::1]:{number}")
    (strict,) = or_raise(real_lane.lanes().plan(real_lane.lane)).drift
    assert str(strict).endswith(f"actual :::{number}")
