"""The contract, kept by podman's REST service."""

from pathlib import Path

import pytest
from tests.integration.engines.harness_podman import PodmanHarness, make_rich_image
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.contract import EngineContract


@pytest.fixture(scope="module")
def socket_harness(
    podman: Sandbox, podman_service: Path, tmp_path_factory: pytest.TempPathFactory
) -> PodmanHarness:
    """One for all tests: making its image takes a while."""
    make_rich_image(podman)
    engine = PodmanSocket(str(podman_service))
    return PodmanHarness(engine, podman, tmp_path_factory.mktemp("contract"))


@pytest.mark.podman
@pytest.mark.every_podman
class TestPodmanSocket(EngineContract):
    @pytest.fixture
    def harness(self, socket_harness: PodmanHarness) -> PodmanHarness:
        return socket_harness
