"""What a distribution's containers.conf sets for all containers is no drift of a lane."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

# As Debian 12 ships it in /usr/share/containers/containers.conf.
DEBIAN = """[containers]
default_capabilities = [
  "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
  "SETPCAP", "SETUID", "SYS_CHROOT"
]
default_sysctls = ["net.ipv4.ping_group_range=0 0"]
"""


@pytest.fixture(params=["command", "socket"])
def lanes(request: pytest.FixtureRequest, cli_lane: RealLane, tmp_path: Path) -> Generator[Lanes]:
    """Over a podman that is configured as Debian configures it."""
    sandbox = cli_lane.sandbox
    own = Path(sandbox.env["CONTAINERS_CONF"]).read_text()
    assert own.count("[containers]") == 1
    conf = tmp_path / "debian.conf"
    _ = conf.write_text(own.replace("[containers]\n", DEBIAN))
    debian = Sandbox(tmp_path, sandbox.argv, {**sandbox.env, "CONTAINERS_CONF": str(conf)})
    if request.param == "command":
        yield Lanes(PodmanCli(debian.argv, env=debian.env), cli_lane.profile)
        return
    with debian.service() as service:
        yield Lanes(PodmanSocket(str(service)), cli_lane.profile)


def test_capabilities_dropped_by_debian_are_no_drift(lanes: Lanes, cli_lane: RealLane) -> None:
    assert or_raise(lanes.ensure(cli_lane.lane)).action == "created"
    assert or_raise(lanes.ensure(cli_lane.lane)).action == "none"
    (seen,) = cli_lane.containers()
    if seen.cap_drop:
        # As 4.3.1 tells it; 5.4.2 and 5.8.6 do not give them in the first place.
        assert seen.cap_drop == ("AUDIT_WRITE", "MKNOD", "NET_RAW")
    assert or_raise(lanes.status(cli_lane.lane)).drift == ()
