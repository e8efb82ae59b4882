"""Config trees that change while they are read or archived; and what reading them costs."""

import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.config_files import (
    TARGET,
    archive_of,
    broken,
    config_in,
    copy_of,
    fifo_instead,
    opened_by,
    refusal,
    replaced,
    rewritten,
)

from lanekit.core.ports.host_files import ArchiveBroken


def _relinked(path: Path) -> None:
    path.unlink()
    path.symlink_to("other")


def _grown(path: Path) -> None:
    _ = path.write_text("longer than it was")


_CHANGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "content": ("file", rewritten, "changed since it was read"),
    "grown": ("file", _grown, "changed while it was read"),
    "cut": ("file", lambda p: p.write_text(""), "changed while it was read"),
    "mode of a file": ("file", lambda p: p.chmod(0o600), "changed while it was read"),
    "mode of a folder": ("d", lambda p: p.chmod(0o700), "changed since it was read"),
    "mode of the root": ("", lambda p: p.chmod(0o700), "changed since it was read"),
    "new file": ("d/new", lambda p: p.touch(), "was added since the folder was read"),
    "new folder": ("new", lambda p: p.mkdir(), "was added since the folder was read"),
    "no file": ("file", lambda p: p.unlink(), "changed while it was read"),
    "no folder": ("empty", lambda p: p.rmdir(), "was removed since it was read"),
    "no link": ("link", lambda p: p.unlink(), "was removed since it was read"),
    "another link": ("link", _relinked, "changed since it was read"),
    "a FIFO": ("file", fifo_instead, "changed while it was read"),
    "a link for a file": ("file", replaced, "changed while it was read"),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_change_since_reading_breaks_the_archive(tmp_path: Path, change: str) -> None:
    name, make, what = _CHANGES[change]
    config = config_in(tmp_path)
    copy = copy_of(config)
    _ = make(config / name)
    error = broken(copy)
    assert error.message == f"{config}/{name} {what}".replace("/ ", " ")
    assert error.hints


def test_folder_replaced_by_link_breaks_the_archive(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    copy = copy_of(config)
    replaced(config / "d")
    assert broken(copy).message == f"{config}/d/inner changed while it was read"


def test_removed_config_folder_breaks_the_archive(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    copy = copy_of(config)
    _ = config.rename(tmp_path / "moved")
    assert broken(copy).message == f"{config} does not exist"


@pytest.mark.parametrize("size", [0, 5, 1_500_000, 2_500_000])
def test_file_written_during_archiving_breaks_the_archive(tmp_path: Path, size: int) -> None:
    _ = (tmp_path / "big").write_bytes(b"x" * 2_000_000)
    pieces = copy_of(tmp_path).archive(TARGET)
    seen = [next(pieces)]
    _ = (tmp_path / "big").write_bytes(b"x" * size)
    with pytest.raises(ArchiveBroken) as caught:
        seen.extend(pieces)
    assert caught.value.error.message == f"{tmp_path}/big changed while it was read"
    assert sum(map(len, seen)) <= 2_000_000 + 3 * 512
    assert bytes(1024) not in seen


def test_folder_added_during_archiving_breaks_the_archive(tmp_path: Path) -> None:
    _ = (tmp_path / "big").write_bytes(b"x" * 2_000_000)
    pieces = copy_of(tmp_path).archive(TARGET)
    seen = [next(pieces)]
    (tmp_path / "a").mkdir()
    with pytest.raises(ArchiveBroken) as caught:
        seen.extend(pieces)
    assert caught.value.error.message == f"{tmp_path}/a was added since the folder was read"
    assert bytes(1024) not in seen


def _after_listing(monkeypatch: pytest.MonkeyPatch, nth: int, change: Callable[[], object]) -> None:
    """Make `change` right after the nth folder was listed."""
    really, calls = os.scandir, [0]

    def listing(path: int) -> Iterator["os.DirEntry[str]"]:
        found = really(path)
        calls[0] += 1
        if calls[0] == nth:
            _ = change()
        return found

    monkeypatch.setattr(os, "scandir", listing)


@pytest.mark.parametrize("change", [replaced, fifo_instead, _grown])
def test_file_changed_between_listing_and_reading_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    config = config_in(tmp_path)
    _after_listing(monkeypatch, 3, lambda: change(config / "file"))
    assert refusal(config).message == f"{config}/file changed while it was read"


def test_folder_replaced_by_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_in(tmp_path)
    opened = opened_by(monkeypatch)
    # Listed in this order: the root, empty, d.
    _after_listing(monkeypatch, 2, lambda: replaced(config / "d"))
    assert refusal(config).message == f"{config}/d changed while it was read"
    assert "inner" not in opened


def test_parent_folder_replaced_by_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    (config / "a").mkdir(parents=True)
    (config / "d" / "e").mkdir(parents=True)
    _ = (config / "d" / "e" / "inner").write_text("x")
    # Listed in this order: the root, d, d/e, a.
    _after_listing(monkeypatch, 4, lambda: replaced(config / "d"))
    assert refusal(config).message == f"{config}/d/e/inner changed while it was read"


def test_archiving_a_large_file_needs_under_4_mib_of_memory(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as big:
        _ = big.truncate(256 << 20)
    tracemalloc.start()
    try:
        length = sum(len(piece) for piece in copy_of(tmp_path).archive(TARGET))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == (256 << 20) + 2 * 512 + 1024
    assert peak < 4 << 20


def test_reading_opens_each_file_at_most_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b/c/d"):
        (tmp_path / folder).mkdir(parents=True)
        for n in range(100):
            (tmp_path / folder / f"f{n}").touch()
    opened = opened_by(monkeypatch)
    assert archive_of(copy_of(tmp_path))
    assert len(opened) <= 2 * 200 + 50


def test_every_file_descriptor_is_closed(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / "d" / "e" / "f").mkdir(parents=True)
    before = os.listdir("/proc/self/fd")
    copy = copy_of(config)
    assert archive_of(copy)
    pieces = copy.archive(TARGET)
    assert next(pieces)
    del pieces
    rewritten(config / "d" / "inner")
    _ = broken(copy)
    os.mkfifo(config / "d" / "fifo")
    _ = refusal(config)
    replaced(config / "d")
    _ = refusal(config)
    _ = refusal(config / "file")
    assert os.listdir("/proc/self/fd") == before
