"""A pytest plugin for scripts/mutants: the quickest tests first, so that most mutants die at once.

mutmut has written down how long each test took, in the folder that the tests run in.
"""

import json
from pathlib import Path

import pytest

_STATS = Path("mutmut-stats.json")
_SLOW = 1.0
"""Seconds; a survivor would wait so long for each of the few tests that take longer."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them, once their times are known, and leave out the slow ones where others do."""
    if _STATS.exists():
        took: dict[str, float] = json.loads(_STATS.read_text())["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0.0))
        quick = [item for item in items if took.get(item.nodeid, 0.0) < _SLOW]
        items[:] = quick or items
