"""A pytest plugin for scripts/mutants: the quickest tests first, so that most mutants die at once.

mutmut has written down how long each test took, in the folder that the tests run in. With
LANEKIT_SLOWEST only those that took fewer seconds are run: what survives them is then tried again
with all.
"""

import json
import math
import os
from pathlib import Path

import pytest

_STATS = Path("mutmut-stats.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them, once their times are known, and leave out the slow ones where there are others."""
    if _STATS.exists():
        took: dict[str, float] = json.loads(_STATS.read_text())["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0.0))
        slowest = float(os.environ.get("LANEKIT_SLOWEST", math.inf))
        items[:] = [one for one in items if took.get(one.nodeid, 0.0) < slowest] or items
