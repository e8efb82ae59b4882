"""Folders and single files of the host."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from returns.result import Failure, Success

from lanekit.adapters.host.files import DiskFiles
from lanekit.core.domain.errors import InvalidLane, Outcome, or_raise
from lanekit.core.domain.hints import Hint
from lanekit.core.ports.host_files import HostFiles


def _hex(content: bytes) -> str:
    return sha256(content).hexdigest()


def _refusal(result: Outcome[str] | Outcome[None]) -> InvalidLane:
    assert isinstance(result, Failure)
    error = result.failure()
    assert isinstance(error, InvalidLane)
    return error


def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are old: what was written in a test counts as written long ago."""
    monkeypatch.setattr("time.time_ns", lambda: 1 << 62)


def _reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each os.open."""
    calls: list[int] = []
    really = os.open

    def noting(path: str, flags: int) -> int:
        calls.append(1)
        return really(path, flags)

    monkeypatch.setattr(os, "open", noting)
    return calls


def test_disk_files_implement_host_files() -> None:
    files: HostFiles = DiskFiles()
    assert files.folder("/") == Success(None)


def _sample(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    _ = (tmp_path / "file").write_text("x")
    (tmp_path / "to folder").symlink_to("folder")
    (tmp_path / "to file").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "fifo")


@pytest.mark.parametrize("name", ["folder", "folder/", "to folder", "."])
def test_folder_check_accepts_folders_and_links_to_them(tmp_path: Path, name: str) -> None:
    _sample(tmp_path)
    assert DiskFiles().folder(f"{tmp_path}/{name}") == Success(None)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "is a file, expected a folder"),
        ("to file", "is a file, expected a folder"),
        ("fifo", "is a FIFO, expected a folder"),
        ("missing", "does not exist"),
        ("file/below", "does not exist"),
        ("dangling", "does not exist"),
        ("circle", "cannot be used"),
    ],
)
def test_path_that_is_not_a_folder_is_rejected(tmp_path: Path, name: str, why: str) -> None:
    _sample(tmp_path)
    error = _refusal(DiskFiles().folder(f"{tmp_path}/{name}"))
    assert error.message == f"{tmp_path}/{name} {why}"
    assert error.hints


@pytest.mark.parametrize("name", ["file", "to file"])
def test_digest_of_a_file_is_the_sha256_of_its_bytes(tmp_path: Path, name: str) -> None:
    _sample(tmp_path)
    assert DiskFiles().digest(f"{tmp_path}/{name}", executable=False) == Success(_hex(b"x"))


def test_digest_of_a_large_file_covers_all_its_bytes(tmp_path: Path) -> None:
    content = os.urandom(1_000_001)
    _ = (tmp_path / "big").write_bytes(content)
    assert DiskFiles().digest(f"{tmp_path}/big", executable=False) == Success(_hex(content))


@pytest.mark.parametrize(
    ("name", "why", "words"),
    [
        ("folder", "is a folder, expected a file", ""),
        ("to folder", "is a folder, expected a file", ""),
        ("fifo", "is a FIFO, expected a file", ""),
        ("missing", "does not exist", "No such file or directory"),
        ("dangling", "does not exist", "No such file or directory"),
        ("file/", "does not exist", "Not a directory"),
        ("circle", "cannot be used", "Too many levels of symbolic links"),
        ("n" * 300, "cannot be used", "File name too long"),
    ],
)
def test_digest_of_anything_but_a_file_is_rejected(
    tmp_path: Path, name: str, why: str, words: str
) -> None:
    _sample(tmp_path)
    error = _refusal(DiskFiles().digest(f"{tmp_path}/{name}", executable=False))
    assert (error.message, error.detail) == (f"{tmp_path}/{name} {why}", words)
    assert error.hints


@pytest.mark.parametrize("path", ["/a\0b", "/a\ud800"])
def test_path_with_invalid_characters_is_rejected(path: str) -> None:
    for result in (DiskFiles().folder(path), DiskFiles().digest(path, executable=True)):
        assert _refusal(result).message == f"{ascii(path)[1:-1]} cannot be used"


@pytest.mark.parametrize(("mode", "runs"), [(0o644, False), (0o744, True), (0o601, True)])
def test_digest_of_executable_requires_an_x_bit(tmp_path: Path, mode: int, runs: bool) -> None:
    path = tmp_path / "worker"
    _ = path.write_text("x")
    path.chmod(mode)
    files = DiskFiles()
    assert files.digest(str(path), executable=False) == Success(_hex(b"x"))
    result = files.digest(str(path), executable=True)
    if runs:
        assert result == Success(_hex(b"x"))
    else:
        error = _refusal(result)
        assert error.message == f"{path} is not executable"
        assert error.hints == (Hint("make-executable"),)


def test_unreadable_file_reports_permission_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = (tmp_path / "file").write_text("x")

    def denied(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    error = _refusal(DiskFiles().digest(f"{tmp_path}/file", executable=False))
    assert error.message == f"{tmp_path}/file cannot be read"
    assert error.detail == "Permission denied"


def test_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _ = (tmp_path / "file").write_text("x")
    (tmp_path / "other name").hardlink_to(tmp_path / "file")
    _settled(monkeypatch)
    calls, files = _reads(monkeypatch), DiskFiles()
    for name in ("file", "file", "other name"):
        assert files.digest(f"{tmp_path}/{name}", executable=False) == Success(_hex(b"x"))
    assert len(calls) == 1


def test_recently_written_file_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = (tmp_path / "file").write_text("x")
    written = (tmp_path / "file").stat().st_ctime_ns
    monkeypatch.setattr("time.time_ns", lambda: written + 10_000_000)
    calls, files = _reads(monkeypatch), DiskFiles()
    for _ in range(2):
        assert files.digest(f"{tmp_path}/file", executable=False) == Success(_hex(b"x"))
    assert len(calls) == 2


def _rewritten(path: Path) -> None:
    seen = path.stat()
    _ = path.write_text("y")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _replaced(path: Path) -> None:
    _ = (path.parent / "new").write_text("y")
    _ = (path.parent / "new").rename(path)


@pytest.mark.parametrize("change", [_rewritten, _replaced])
def test_changed_file_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    _ = path.write_text("x")
    _settled(monkeypatch)
    files = DiskFiles()
    assert files.digest(str(path), executable=False) == Success(_hex(b"x"))
    seen = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == seen:
        change(path)
    assert files.digest(str(path), executable=False) == Success(_hex(b"y"))


@pytest.mark.parametrize("content", ["z", "", "longer"])
def test_file_written_during_read_is_rejected_and_not_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    path = tmp_path / "file"
    _ = path.write_text("x")
    os.utime(path, (1, 1))
    _settled(monkeypatch)
    files, really, writes = DiskFiles(), os.read, [content]

    def read(fd: int, length: int) -> bytes:
        if writes:
            _ = path.write_text(writes.pop())
        return really(fd, length)

    monkeypatch.setattr(os, "read", read)
    error = _refusal(files.digest(str(path), executable=False))
    assert error.message == f"{path} changed while it was read"
    assert or_raise(files.digest(str(path), executable=False)) == _hex(content.encode())


def test_file_swapped_before_open_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    _ = path.write_text("x")
    really = os.open

    def swapped(name: str, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return really(name, flags)

    def never(fd: int, length: int) -> bytes:
        raise AssertionError("somebody else's FIFO was read")

    monkeypatch.setattr(os, "open", swapped)
    monkeypatch.setattr(os, "read", never)
    error = _refusal(DiskFiles().digest(str(path), executable=False))
    assert error.message == f"{path} changed while it was read"


def test_file_shorter_than_its_size_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = (tmp_path / "file").write_text("x")

    def nothing(fd: int, length: int) -> bytes:
        return b""

    monkeypatch.setattr(os, "read", nothing)
    error = _refusal(DiskFiles().digest(f"{tmp_path}/file", executable=False))
    assert error.message == f"{tmp_path}/file changed while it was read"


def test_every_file_descriptor_is_closed(tmp_path: Path) -> None:
    _ = (tmp_path / "file").write_text("x")
    before = os.listdir("/proc/self/fd")
    assert or_raise(DiskFiles().digest(f"{tmp_path}/file", executable=False))
    _ = _refusal(DiskFiles().digest(str(tmp_path), executable=False))
    assert os.listdir("/proc/self/fd") == before


def test_many_threads_read_a_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    _ = path.write_bytes(bytes(3_000_000))
    _settled(monkeypatch)
    calls, files = _reads(monkeypatch), DiskFiles()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(files.digest, str(path), executable=False) for _ in range(32)]
        results = {or_raise(each.result()) for each in asked}
    assert results == {_hex(bytes(3_000_000))}
    assert len(calls) == 1
