"""What the tests of a broken podman share; the lane on real podman is that of tests/podman."""

from pathlib import Path

import pytest
from tests.integration.hostile.fake_podman import FakePodman
from tests.integration.podman.conftest import cli_lane, real_lane

__all__ = ["cli_lane", "real_lane"]


@pytest.fixture
def fake(tmp_path: Path) -> FakePodman:
    """A program in podman's place; one that does not end when told to is killed soon."""
    return FakePodman(tmp_path)
