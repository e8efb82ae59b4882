"""podman's socket is never mounted into a lane: not it, not a folder that holds it, by any path."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from returns.result import Failure, Success

from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.host.socket_exposure import socket_in
from lanekit.adapters.memory.engine import InMemory
from lanekit.api import Lanes
from lanekit.core.domain.errors import InvalidLane
from lanekit.core.domain.lanes import BindMount, Lane, Profile

FILES = DiskFiles()


def _refused(path: Path | str) -> bool:
    match FILES.mountable(str(path)):
        case Success(_):
            return False
        case Failure(error):
            assert isinstance(error, InvalidLane)
            assert error.message == f"{path} would give podman's socket to the lane"
            assert error.detail
            assert error.hints
            return True


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A socket as podman's service makes it for a user, in $XDG_RUNTIME_DIR."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    folder = tmp_path / "runtime" / "podman"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("podman.sock")
        yield folder / "podman.sock"


@pytest.mark.parametrize("path", ["/", "//", "/run", "/run/", "/run/.", "/etc/../run"])
def test_mountable_rejects_system_folders_above_the_socket(path: str) -> None:
    assert _refused(path)


def test_mountable_rejects_var_run_if_it_is_run() -> None:
    if os.path.realpath("/var/run") != "/run":
        pytest.skip("/var/run is no link to /run here")
    assert _refused("/var/run")


def test_mountable_rejects_podman_socket_and_its_parents(service: Path) -> None:
    for path in (service, *service.parents):
        assert _refused(path)


def test_mountable_rejects_folder_of_a_missing_socket(service: Path) -> None:
    service.unlink()
    assert _refused(service.parent)
    assert not isinstance(FILES.mountable(f"{service.parent}/../.."), Success)


def test_mountable_rejects_links_to_podman_socket(service: Path, tmp_path: Path) -> None:
    (tmp_path / "it").symlink_to(service)
    (tmp_path / "folder").symlink_to("runtime/podman")
    (tmp_path / "over").symlink_to("folder")
    os.link(service, tmp_path / "hard")
    for name in ("it", "folder", "over", "over/", "runtime/../over", "hard"):
        assert _refused(f"{tmp_path}/{name}")


def test_mountable_rejects_links_to_podman_sock_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("podman.sock", "docker.sock"):
        (tmp_path / name).touch()
        (tmp_path / f"to-{name}").symlink_to(name)
        assert _refused(tmp_path / f"to-{name}")


def test_mountable_rejects_socket_of_container_host(
    service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    other = tmp_path / "own" / "service"
    assert not _refused(tmp_path / "own")
    for address in (f"unix://{other}", str(other)):
        monkeypatch.setenv("CONTAINER_HOST", address)
        assert _refused(tmp_path / "own")
    for address in ("ssh://host/own", "tcp://127.0.0.1:1", "own"):
        monkeypatch.setenv("CONTAINER_HOST", address)
        assert not _refused(tmp_path / "own")


def test_socket_in_finds_socket_paths_of_any_user(tmp_path: Path) -> None:
    place = f"{tmp_path}/run/user/*/podman/podman.sock"

    def refused(path: Path) -> bool:
        return socket_in(str(path), path.stat(), {}, (place,)) == place

    for name in ("run/user/1000/podman", "run/user/1000/other", "run/user/elsewhere/x"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("run", "run/user", "run/user/1000", "run/user/1000/podman", "run/user/elsewhere"):
        assert refused(tmp_path / name)
    for name in ("run/user/1000/other", "run/user/elsewhere/x"):
        assert not refused(tmp_path / name)


def test_mountable_accepts_folders_next_to_the_socket(service: Path, tmp_path: Path) -> None:
    (service.parent / "other").mkdir()
    (tmp_path / "podman").mkdir()
    for path in (service.parent / "other", tmp_path / "podman", "/dev/null", "/tmp", "/etc"):
        assert not _refused(path) or str(service).startswith(f"{path}/")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_mountable_rejects_bind_mount_of_socket_folder(service: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    mount = ["mount", "--bind", str(service.parent), str(tmp_path / "elsewhere")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")
    try:
        assert _refused(tmp_path / "elsewhere")
    finally:
        _ = subprocess.run(["umount", str(tmp_path / "elsewhere")], check=True)


@pytest.mark.parametrize("role", ["mount", "read-only mount", "worktree"])
def test_lane_that_mounts_podman_socket_is_not_created(
    service: Path, tmp_path: Path, role: str
) -> None:
    for name in ("worker", "inbox"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "link").symlink_to(service.parent)
    engine = InMemory(seed=1)
    mounts = (BindMount(f"{tmp_path}/link", "/x", role != "mount"),) if role != "worktree" else ()
    worktree = f"{tmp_path}/link" if role == "worktree" else str(tmp_path / "tree")
    (tmp_path / "tree").mkdir()
    profile = Profile(str(tmp_path / "worker"), str(tmp_path / "inbox"), mounts=mounts)
    outcome = Lanes(engine, profile).ensure(Lane("ws", "a", worktree))
    assert isinstance(outcome, Failure)
    assert "podman's socket" in outcome.failure().message
    assert engine.calls == ()
