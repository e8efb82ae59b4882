"""The contract, kept by the in-memory engine."""

import pytest
from tests.integration.engines.harness_memory import MemoryHarness

from lanekit.contract import EngineContract


class TestInMemory(EngineContract):
    @pytest.fixture
    def harness(self) -> MemoryHarness:
        return MemoryHarness()
