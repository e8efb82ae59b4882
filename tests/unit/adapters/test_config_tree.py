"""Config trees on a real disk: what is read, archived and refused."""

import io
import os
import socket
import stat
import tarfile
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure
from tests.support.config_files import NOBODY, TARGET, archive_of, copy_of, opened_by, refusal
from tests.support.strategies.config_trees import SampleTree, config_trees

from lanekit.adapters.host.files import DiskFiles
from lanekit.core.domain.config_tree.digest import hash_tree
from lanekit.core.domain.errors import or_raise


@contextmanager
def _on_disk(sample: SampleTree) -> Generator[str]:
    with tempfile.TemporaryDirectory() as path:
        for entry in sample.tree.entries:
            place = f"{path}/{entry.name}"
            match entry.kind:
                case "folder":
                    os.makedirs(place, exist_ok=True)
                case "file":
                    _ = Path(place).write_bytes(sample.files[entry.name])
                case "link":
                    os.symlink(entry.target, place)
            if entry.kind != "link":
                os.chmod(place, entry.mode)
        yield path


# Modes that their owner can read, so that the tests need not be root's.
_ON_DISK = config_trees(modes=st.sampled_from([0o700, 0o750, 0o755, 0o777, 0o1755]))


@given(_ON_DISK)
def test_tree_on_disk_has_hashes_of_the_written_tree(sample: SampleTree) -> None:
    expected = or_raise(hash_tree("/", sample.tree, sample.read))
    with _on_disk(sample) as path:
        copy = copy_of(path)
    assert (copy.fingerprint, copy.digest) == (expected.fingerprint, expected.digest)


@given(_ON_DISK)
def test_archive_extracts_to_a_tree_with_equal_hashes(sample: SampleTree) -> None:
    with _on_disk(sample) as path, tempfile.TemporaryDirectory() as other:
        copy = copy_of(path)
        data = archive_of(copy)
        assert data == archive_of(copy)
        with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
            archive.extraction_filter = tarfile.fully_trusted_filter
            archive.extractall(other)
        again = copy_of(f"{other}{TARGET}")
    assert (again.fingerprint, again.digest) == (copy.fingerprint, copy.digest)


def test_hashes_ignore_owner_and_times(tmp_path: Path) -> None:
    _ = (tmp_path / "a").write_text("x")
    before = copy_of(tmp_path)
    os.utime(tmp_path / "a", (1, 1))
    os.utime(tmp_path, (1, 1))
    if os.geteuid() == 0:
        os.chown(tmp_path / "a", NOBODY, NOBODY)
    after = copy_of(tmp_path)
    assert (before.fingerprint, before.digest) == (after.fingerprint, after.digest)


def test_config_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    _ = (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "link").symlink_to("real")
    real = copy_of(tmp_path / "real")
    for path in (tmp_path / "link", f"{tmp_path}/link/", f"{tmp_path}/real/"):
        copy = copy_of(path)
        assert (copy.digest, copy.fingerprint) == (real.digest, real.fingerprint)
        assert archive_of(copy) == archive_of(real)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "does not exist"),
        ("file/below", "does not exist"),
        ("file", "is a file, expected a folder"),
        ("fifo", "is a FIFO, expected a folder"),
        ("dangling", "does not exist"),
        ("circle", "cannot be used"),
        ("n" * 300, "cannot be used"),
    ],
)
def test_unusable_config_folder_is_rejected(tmp_path: Path, name: str, why: str) -> None:
    _ = (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    error = refusal(tmp_path / name)
    assert error.message == f"{tmp_path}/{name} {why}"
    assert error.detail
    assert error.hints


@pytest.mark.parametrize("path", ["/a\0b", "/a\ud800"])
def test_config_path_with_invalid_characters_is_rejected(path: str) -> None:
    assert refusal(path).message == f"{ascii(path)[1:-1]} cannot be used"


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(path.parent)  # the name of a socket may not be longer than 107 bytes
        listener.bind(path.name)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("may not make devices here")


@pytest.mark.parametrize(
    ("make", "what"),
    [(os.mkfifo, "a FIFO"), (_socket, "a socket"), (_device, "a character device")],
)
def test_special_file_is_rejected_without_opening_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    what: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()
    make(tmp_path / "d" / "it")
    opened = opened_by(monkeypatch)
    error = refusal(tmp_path)
    assert error.message == f"{tmp_path}/d/it is {what}, which cannot be copied"
    assert error.hints
    assert "it" not in opened


_LINKS = [
    ("sub", "which is a folder"),
    ("missing", "which does not exist"),
    ("link", "which leads in a circle"),
    ("/etc/hostname", "which is an absolute path"),
    ("../outside", "which leads out of the config folder"),
    ("../config/a", "which leads out of the config folder"),
    ("sub/../../outside", "which leads out of the config folder"),
    ("out", "which leads out of the config folder"),
]


@pytest.mark.parametrize(("target", "why"), _LINKS)
def test_link_to_anything_but_a_tree_file_is_rejected(
    tmp_path: Path, target: str, why: str
) -> None:
    config = tmp_path / "config"
    (config / "sub").mkdir(parents=True)
    _ = (config / "a").write_text("x")
    _ = (tmp_path / "outside").write_text("secret")
    (config / "link").symlink_to(target)
    if target == "out":
        (config / "out").symlink_to("../outside")
    error = refusal(config)
    assert error.message == f"{config}/link is a link to {target!r}, {why}"


_STEPS = st.sampled_from(["a", "b", "d", "l1", "l2", "l3", "..", ".", "", "x"])
_TARGETS = st.lists(_STEPS, min_size=1, max_size=4).map("/".join).filter(bool)


@given(st.lists(st.tuples(st.sampled_from(["", "d/"]), _TARGETS), min_size=1, max_size=3))
def test_link_is_kept_exactly_if_kernel_resolves_it_in_tree(
    links: list[tuple[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as above:
        root = f"{above}/config"
        os.makedirs(f"{root}/d")
        _ = Path(f"{root}/a").write_text("in a")
        _ = Path(f"{root}/d/b").write_text("in b")
        made = [f"{folder}l{n}" for n, (folder, _) in enumerate(links, start=1)]
        for name, (_, target) in zip(made, links, strict=True):
            os.symlink(target, f"{root}/{name}")
        # No folder above has a name that a target can spell: who leaves does not come back in.
        kernel = all(os.path.isfile(f"{root}/{name}") for name in made)
        inside = not any(target.startswith("/") for _, target in links)
        result = DiskFiles().config(root)
        assert isinstance(result, Failure) == (not (kernel and inside))
        if not isinstance(result, Failure):
            again = f"{above}/flat"
            os.makedirs(f"{again}/d")
            for name in ("a", "d/b", *made):
                _ = Path(f"{again}/{name}").write_bytes(Path(f"{root}/{name}").read_bytes())
            assert copy_of(again).fingerprint == result.unwrap().fingerprint


@contextmanager
def _as_nobody() -> Generator[None]:
    """As somebody whom file permissions bind; root is not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["file", "folder", ""])
def test_unreadable_entry_reports_permission_denied(name: str) -> None:
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        os.mkdir(f"{path}/folder")
        _ = Path(f"{path}/file").write_text("x")
        os.chmod(f"{path}/{name}", 0)
        with _as_nobody():
            error = refusal(path)
        os.chmod(f"{path}/{name}", 0o755)
    assert error.message == (f"{path}/{name}" if name else path) + " cannot be read"
    assert error.detail == "Permission denied"
    assert error.hints


def test_folder_without_execute_permission_is_rejected() -> None:
    with tempfile.TemporaryDirectory() as path:
        _ = Path(f"{path}/file").write_text("x")
        os.chmod(path, 0o744)
        with _as_nobody():
            error = refusal(path)
        os.chmod(path, 0o755)
    if os.geteuid() == 0:
        assert error.detail == "Permission denied"


def test_disk_error_is_reported_with_the_system_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = (tmp_path / "a").write_text("x")

    def broken(fd: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    error = refusal(tmp_path)
    assert (error.message, error.detail) == (f"{tmp_path}/a cannot be read", "Input/output error")


def test_file_name_that_is_not_utf_8_is_rejected(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/a\xff", "wb"):
        pass
    error = refusal(tmp_path)
    assert error.message == f"{tmp_path}/a\\udcff has a name that is not UTF-8"
    assert str(error).encode()


def test_file_name_with_control_characters_is_escaped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a\x1b[2J")
    assert refusal(tmp_path).message.startswith(f"{tmp_path}/a\\x1b[2J is a FIFO")


def test_too_long_path_is_rejected_without_descending(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("n" * 250, dir_fd=fd)
        inner = os.open("n" * 250, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.mkfifo("fifo", dir_fd=fd)  # would be refused first, if it were found
    os.close(fd)
    assert "too long for a container (4015 bytes)" in refusal(tmp_path).message
