"""Where the locks of lanes are kept, and which folders are not trusted with them."""

import os
import stat
from pathlib import Path

import pytest
from returns.result import Failure

from lanekit.adapters.host.lane_lock import FileLock, default_folder
from lanekit.core.domain.errors import InvalidLane


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def test_the_files_are_private_and_stay(folder: Path) -> None:
    old = os.umask(0)
    try:
        with FileLock(str(folder)).hold("ws-a", 0).unwrap():
            pass
    finally:
        _ = os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ws-a.lock").stat().st_mode) == 0o600
    assert (folder / "ws-a.lock").read_bytes().strip() == b"", "no owner"


def _refused(folder: Path) -> str:
    outcome = FileLock(str(folder)).hold("ws-a", 0)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, InvalidLane)
    assert str(folder) in error.detail
    return error.detail


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "locks").symlink_to(tmp_path / "real")
    assert "not a folder" in _refused(tmp_path / "locks")
    assert not any((tmp_path / "real").iterdir())


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locks").touch()
    assert "not a folder" in _refused(tmp_path / "locks")


def test_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    assert "others may write" in _refused(folder)


def test_a_folder_of_somebody_else_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert f"belongs to user {folder.stat().st_uid}" in _refused(folder)


def test_a_link_in_the_place_of_a_lock_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(mode=0o700)
    precious = tmp_path / "precious"
    _ = precious.write_text("keep me")
    (folder / "ws-a.lock").symlink_to(precious)
    _ = _refused(folder)
    assert precious.read_text() == "keep me"


def test_the_default_folder_asks_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = default_folder()
    for name in ("TMPDIR", "HOME", "XDG_RUNTIME_DIR", "USER", "LANEKIT_LOCK_DIR"):
        monkeypatch.setenv(name, "/elsewhere")
    assert default_folder() == before


@pytest.mark.parametrize(
    ("user", "usable", "expected"),
    [
        (0, "/run", "/run/lanekit"),
        (0, "", "/tmp/lanekit-0"),
        (1000, "/run/user/1000", "/run/user/1000/lanekit"),
        (1000, "/run", "/tmp/lanekit-1000"),
        (1000, "", "/tmp/lanekit-1000"),
    ],
)
def test_where_the_locks_are(
    monkeypatch: pytest.MonkeyPatch, user: int, usable: str, expected: str
) -> None:
    def is_usable(path: str, _mode: int = 0) -> bool:
        return path == usable

    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os.path, "isdir", is_usable)
    monkeypatch.setattr(os, "access", is_usable)
    assert default_folder() == expected
