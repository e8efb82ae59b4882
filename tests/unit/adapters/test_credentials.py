"""Credentials of a config folder on disk: taken as they are when they are copied."""

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from returns.result import Failure
from tests.support.config_files import TARGET, archive_of, broken

from lanekit.adapters.host.config_tree import read_config
from lanekit.adapters.host.files import DiskFiles
from lanekit.core.domain.errors import or_raise
from lanekit.core.ports.host_files import ConfigCopy

NAMES = ("auth.json", "tokens")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / ".codex"
    (config / "tokens").mkdir(parents=True)
    _ = (config / "config.toml").write_text("config")
    _ = (config / "auth.json").write_text("token one")
    _ = (config / "tokens" / "a").write_text("a")
    (config / "auth.json").chmod(0o600)
    return config


def _copy(config: Path, names: Sequence[str] = NAMES) -> ConfigCopy:
    return or_raise(DiskFiles().config(str(config), names))


def _files(copy: ConfigCopy) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive_of(copy))) as tar:
        files = {m.name.removeprefix(f"{TARGET[1:]}/"): tar.extractfile(m) for m in tar}
    return {name: file.read() for name, file in files.items() if file is not None}


def test_credentials_are_copied_but_not_hashed(config: Path) -> None:
    copy = _copy(config)
    assert _files(copy) == {"config.toml": b"config", "auth.json": b"token one", "tokens/a": b"a"}
    (config / "auth.json").unlink()
    (config / "tokens" / "a").unlink()
    (config / "tokens").rmdir()
    bare = or_raise(DiskFiles().config(str(config)))
    assert (copy.fingerprint, copy.digest) == (bare.fingerprint, bare.digest)
    # Nobody has logged in yet: that is fine, then and when it is copied.
    assert (_copy(config).fingerprint, _files(_copy(config))) == (
        bare.fingerprint,
        {"config.toml": b"config"},
    )
    assert _files(copy) == {"config.toml": b"config"}


def test_credentials_are_copied_as_they_are_at_copy_time(config: Path) -> None:
    copy = _copy(config)
    _ = (config / "new").write_text("another, longer token")
    _ = (config / "new").replace(config / "auth.json")
    _ = (config / "tokens" / "b").write_text("b")
    files = _files(copy)
    assert (files["auth.json"], files["tokens/b"]) == (b"another, longer token", b"b")


def test_credential_file_modes_are_kept(config: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive_of(_copy(config)))) as tar:
        assert tar.getmember(f"{TARGET[1:]}/auth.json").mode == 0o600


def test_changed_config_breaks_the_archive_with_credentials(config: Path) -> None:
    copy = _copy(config)
    _ = (config / "config.toml").write_text("CONFIG")
    assert "config.toml" in broken(copy).message
    copy = _copy(config)
    _ = (config / "more").write_text("x")
    assert "more" in broken(copy).message


def test_credential_written_during_copy_is_read_again(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = or_raise(read_config(str(config), NAMES, retry_seconds=0))
    really, left = os.read, [2]

    def writing(fd: int, count: int) -> bytes:
        read = really(fd, count)
        if read.startswith(b"token") and left[0]:
            left[0] -= 1
            _ = (config / "auth.json").write_text(f"token {left[0]}, refreshed")
        return read

    monkeypatch.setattr(os, "read", writing)
    assert _files(copy)["auth.json"] == b"token 0, refreshed"
    left[0] = 10**6
    assert "auth.json" in broken(copy).message


def test_large_or_linked_credential_is_rejected(config: Path) -> None:
    copy = _copy(config)
    with (config / "auth.json").open("wb") as file:
        _ = file.truncate((16 << 20) + 1)
    assert "16 MiB" in broken(copy).message
    (config / "auth.json").unlink()
    (config / "auth.json").symlink_to("/etc/passwd")
    assert "absolute" in broken(copy).message
    refused = DiskFiles().config(str(config), NAMES)
    assert isinstance(refused, Failure)
    assert "absolute" in refused.failure().message
