"""The contract, kept by the podman command."""

import pytest
from tests.integration.engines.harness_podman import PodmanHarness, make_rich_image
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.contract import EngineContract


@pytest.fixture(scope="module")
def cli_harness(podman: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> PodmanHarness:
    """One for all tests: making its image takes a while."""
    make_rich_image(podman)
    engine = PodmanCli(podman.argv, env=podman.env)
    return PodmanHarness(engine, podman, tmp_path_factory.mktemp("contract"))


@pytest.mark.podman
@pytest.mark.every_podman
class TestPodmanCli(EngineContract):
    @pytest.fixture
    def harness(self, cli_harness: PodmanHarness) -> PodmanHarness:
        return cli_harness
