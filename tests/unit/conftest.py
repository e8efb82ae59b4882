"""No unit test keeps anything in this user's state folder, or finds something there."""

from pathlib import Path

import pytest

from lanekit.adapters.host import lane_lock


@pytest.fixture(autouse=True)
def _state_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_lock, "default_state_folder", lambda: str(tmp_path / "journals"))
