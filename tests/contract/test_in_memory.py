"""The contract, kept by the in-memory engine."""

import pytest
from tests.contract.engine_contract import EngineContract
from tests.contract.harness_memory import MemoryHarness


class TestInMemory(EngineContract):
    @pytest.fixture
    def harness(self) -> MemoryHarness:
        return MemoryHarness()
