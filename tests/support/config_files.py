"""Config folders on a disk for tests, what lanekit makes of them, and what may befall them."""

import os
from pathlib import Path

import pytest
from returns.result import Failure

from lanekit.adapters.host.files import DiskFiles
from lanekit.core.domain.errors import ConfigUnreadable, or_raise
from lanekit.core.ports.host_files import ArchiveBroken, ConfigCopy

NOBODY = 65534
TARGET = "/root/.codex"


def copy_of(path: Path | str) -> ConfigCopy:
    return or_raise(DiskFiles().config(str(path)))


def refusal(path: Path | str) -> ConfigUnreadable:
    result = DiskFiles().config(str(path))
    assert isinstance(result, Failure)
    error = result.failure()
    assert isinstance(error, ConfigUnreadable)
    return error


def archive_of(copy: ConfigCopy) -> bytes:
    return b"".join(copy.archive(TARGET))


def broken(copy: ConfigCopy) -> ConfigUnreadable:
    with pytest.raises(ArchiveBroken) as caught:
        _ = archive_of(copy)
    return caught.value.error


def opened_by(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What os.open is called with from now on."""
    names: list[object] = []
    really = os.open

    def noting(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        names.append(path)
        return really(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", noting)
    return names


def config_in(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    (config / "d").mkdir(parents=True)
    (config / "empty").mkdir()
    for name in ("file", "other", "d/inner"):
        _ = (config / name).write_text("content")
    (config / "link").symlink_to("file")
    for path in (config, config / "d", config / "file"):
        path.chmod(0o755)
    return config


def replaced(path: Path) -> None:
    _ = path.rename(path.parent.parent / "elsewhere")
    path.symlink_to("../elsewhere")


def rewritten(path: Path) -> None:
    """Other bytes, the same size, and the time it had."""
    seen = path.stat()
    _ = path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def fifo_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
