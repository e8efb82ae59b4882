"""The contract of `lanekit.core.ports.ContainerEngine`, as tests.

To run it over an engine of your own, write a `Harness` for it and

    class TestMine(EngineContract):
        @pytest.fixture
        def harness(self) -> MyHarness: ...

in a file that pytest collects.
"""

from tests.contract.living import Living, Naming
from tests.contract.looking import Looking
from tests.contract.making import Copying, Creating
from tests.contract.racing import Racing


class EngineContract(Creating, Copying, Living, Naming, Looking, Racing):
    """Every method of an engine, in every state; the same answers from every engine."""
