"""The contract of `lanekit.core.ports.engine.ContainerEngine`, as tests. It needs pytest.

To run it over an engine of your own, write a `Harness` for it (see its docstrings) and

    from lanekit.contract import EngineContract

    class TestMine(EngineContract):
        @pytest.fixture
        def harness(self) -> MyHarness: ...

in a file that pytest collects. lanekit's own engines are run over it in the same way.
"""

import pytest

_PARTS = ("base", "concurrency", "create", "events", "exec", "inspect", "layer", "lifecycle")
# pytest does not collect these files; its asserts shall be explained all the same.
pytest.register_assert_rewrite(*(f"lanekit.contract.{part}" for part in _PARTS))

from lanekit.contract.concurrency import Racing  # noqa: E402
from lanekit.contract.create import Copying, Creating  # noqa: E402
from lanekit.contract.events import Hearing  # noqa: E402
from lanekit.contract.exec import Executing  # noqa: E402 - after the line above
from lanekit.contract.harness import Entry, Harness  # noqa: E402
from lanekit.contract.inspect import Looking  # noqa: E402
from lanekit.contract.layer import Layering, Updating  # noqa: E402
from lanekit.contract.lifecycle import Living, Naming  # noqa: E402

__all__ = ["EngineContract", "Entry", "Harness"]


class EngineContract(
    Creating, Copying, Living, Naming, Looking, Racing, Layering, Updating, Hearing, Executing
):
    """Every method of an engine, in every state; the same answers from every engine."""


def __dir__() -> list[str]:
    return sorted(__all__)
