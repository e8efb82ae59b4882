"""Paths that no container can be given, or not safely: refused in plain words before podman is
asked anything, and nothing is changed."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.support.config_files import NOBODY

from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.memory.engine import InMemory
from lanekit.api import Lanes
from lanekit.core.domain.errors import ConfigUnreadable, InvalidLane, LaneError, or_raise
from lanekit.core.domain.lanes import DEFAULT_IMAGE, BindMount, Lane, Profile


class Host:
    """The files of a possible lane, and an engine that must not be asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tree", "conf", "extra"):
            (folder / name).mkdir()
        for name in ("worker", "inbox"):
            (folder / name).touch(mode=0o755)
        self.lane = Lane("ws", "a", f"{folder}/tree")
        self.profile = Profile(
            f"{folder}/worker",
            f"{folder}/inbox",
            config_dir=f"{folder}/conf",
            mounts=(BindMount(f"{folder}/extra", "/extra"),),
        )
        self.engine = InMemory((DEFAULT_IMAGE,), seed=1)

    def put(self, role: str, path: str) -> None:
        """Let this path stand in the lane where `role` says."""
        if role == "worktree":
            self.lane = replace(self.lane, worktree=path)
        elif role == "mount":
            self.profile = replace(self.profile, mounts=(BindMount(path, "/extra"),))
        elif role == "target":
            self.profile = replace(self.profile, mounts=(BindMount(f"{self.folder}/extra", path),))
        else:
            fields = {"worker": "worker", "inbox": "inbox", "config": "config_dir"}
            self.profile = replace(self.profile, **{fields[role]: path})  # type: ignore[arg-type]

    def _asked(self) -> list[str]:
        return [call.method for call in self.engine.calls]

    def refusal(self) -> LaneError:
        """What ensure, plan and status all say; podman was asked for the state alone."""
        lanes = Lanes(self.engine, self.profile)
        self.engine.forget_calls()
        outcomes = [lanes.ensure(self.lane), lanes.plan(self.lane)]
        assert self._asked() == []
        errors = [each.failure() for each in outcomes if isinstance(each, Failure)]
        seen = or_raise(lanes.status(self.lane))
        assert (seen.state, self._asked()) == ("missing", ["inspect"])
        assert errors == [seen.fault] * 2
        assert isinstance(errors[0], InvalidLane | ConfigUnreadable)
        assert errors[0].lane == "ws/a"
        assert errors[0].hints
        assert str(errors[0]).encode(), "it can be printed"
        return errors[0]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


ROLES = ("worktree", "worker", "inbox", "config", "mount")
NAMED = (*ROLES, "target")


def test_valid_lane_is_created(host: Host) -> None:
    lanes = Lanes(host.engine, host.profile)
    assert or_raise(lanes.ensure(host.lane)).action == "created"


@pytest.mark.parametrize("role", NAMED)
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\nb", "control character"),
        ("a\tb", "control character"),
        ("a\x7f", "control character"),
        ("\x1b[2J", "control character"),
        ("a\udcffb", "not UTF-8"),
        ("a\0b", "control character"),
    ],
)
def test_path_with_invalid_characters_is_rejected(
    host: Host, role: str, name: str, why: str
) -> None:
    if "\0" not in name:
        place = host.folder / name
        place.touch(mode=0o755) if role in ("worker", "inbox") else place.mkdir()
    host.put(role, f"{host.folder}/{name}")
    error = host.refusal()
    assert why in error.message
    assert repr(f"{host.folder}/{name}") in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize("role", NAMED)
@pytest.mark.parametrize("path", ["tree", "./tree", "../tree", "~/tree", "-v", "a b"])
def test_relative_path_is_rejected(host: Host, role: str, path: str) -> None:
    host.put(role, path)
    error = host.refusal()
    assert "is not an absolute path" in error.message
    assert repr(path) in error.message


@pytest.mark.parametrize("role", NAMED)
def test_too_long_path_is_rejected(host: Host, role: str) -> None:
    if role == "target":
        # podman makes it below a folder of its own, whose path counts too.
        host.put(role, "/" + "d/" * 1791 + "d")
        assert "is too long" in host.refusal().message
    host.put(role, "/" + "ü/" * 1365 + "x")
    assert "is too long" in host.refusal().message


def _missing(_path: Path) -> None:
    return


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def _file(path: Path) -> None:
    path.touch(mode=0o755)


def _socket(path: Path) -> None:
    os.chdir(path.parent)  # the name of a socket may not be longer than 107 bytes
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(path.name)


Make = Callable[[Path], object]
NOT_THERE: dict[str, tuple[Make, str]] = {
    "missing": (_missing, "does not exist"),
    "dangling link": (_dangling, "does not exist"),
    "circle of links": (_circle, "cannot be used"),
}
NO_FOLDER: dict[str, tuple[Make, str]] = {
    "file": (_file, "is a file, expected a folder"),
    "fifo": (os.mkfifo, "is a FIFO, expected a folder"),
    "socket": (_socket, "is a socket, expected a folder"),
}
NO_FILE: dict[str, tuple[Make, str]] = {
    "folder": (os.mkdir, "is a folder, expected a file"),
    "fifo": (os.mkfifo, "is a FIFO, expected a file"),
    "socket": (_socket, "is a socket, expected a file"),
}
WRONG = [
    *((role, make, why) for role in ROLES for make, why in NOT_THERE.values()),
    *((role, make, why) for role in ("worktree", "config") for make, why in NO_FOLDER.values()),
    *((role, make, why) for role in ("worker", "inbox") for make, why in NO_FILE.values()),
]


@pytest.mark.parametrize(("role", "make", "why"), WRONG)
def test_missing_path_or_wrong_file_type_is_rejected(
    host: Host, monkeypatch: pytest.MonkeyPatch, role: str, make: Make, why: str
) -> None:
    monkeypatch.chdir(host.folder)
    _ = make(host.folder / "it")
    host.put(role, f"{host.folder}/it")
    error = host.refusal()
    assert f"{host.folder}/it {why}" in error.message


def _link(target: str) -> Make:
    return lambda path: path.symlink_to(target)


NOT_COPIED: dict[str, tuple[Make, str]] = {
    "fifo": (os.mkfifo, "is a FIFO, which cannot be copied"),
    "socket": (_socket, "is a socket, which cannot be copied"),
    "dangling link": (_dangling, "which does not exist"),
    "circle of links": (_circle, "which leads in a circle"),
    "absolute link": (_link("/etc/hostname"), "which is an absolute path"),
    "link that leaves": (_link("../worker"), "which leads out of the config folder"),
    "link to a folder": (_link("."), "which is a folder"),
    "name that is not utf-8": (lambda path: path.with_name("it\udcff").touch(), "is not UTF-8"),
}


@pytest.mark.parametrize("what", NOT_COPIED)
def test_config_that_cannot_be_copied_is_rejected(
    host: Host, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.chdir(host.folder)
    make, why = NOT_COPIED[what]
    _ = make(host.folder / "conf" / "it")
    error = host.refusal()
    assert isinstance(error, ConfigUnreadable)
    assert f"{host.folder}/conf/it" in error.message
    assert error.message.endswith(why)


def test_worker_that_is_not_executable_is_rejected(host: Host) -> None:
    (host.folder / "worker").chmod(0o644)
    assert host.refusal().message == f"worker: {host.folder}/worker is not executable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_unreadable_worker_is_rejected(host: Host) -> None:
    os.chmod(host.folder / "worker", 0o711)
    for folder in (host.folder, *host.folder.parents[:-2]):
        os.chmod(folder, 0o755)
    os.seteuid(NOBODY)
    try:
        error = host.refusal()
    finally:
        os.seteuid(0)
    assert error.message == f"worker: {host.folder}/worker cannot be read (Permission denied)"


@pytest.mark.parametrize("role", ["worktree", "worker", "inbox", "mount"])
@pytest.mark.parametrize("also_there", [True, False])
def test_path_with_dot_dot_after_a_link_is_rejected(
    host: Host, role: str, also_there: bool
) -> None:
    # link/../it is real/it to the system, and it to podman, which removes ".." by its letters.
    (host.folder / "real" / "deep").mkdir(parents=True)
    (host.folder / "link").symlink_to("real/deep")
    make = _file if role in ("worker", "inbox") else os.mkdir
    for place in [host.folder / "real" / "it", *([host.folder / "it"] if also_there else [])]:
        make(place)
    host.put(role, f"{host.folder}/link/../it")
    error = host.refusal()
    assert f"podman would take {host.folder}/it" in error.message
    host.put(role, f"{host.folder}/real/deep/../it")
    assert or_raise(Lanes(host.engine, host.profile).plan(host.lane)).action == "created"


def test_all_missing_files_are_reported_together(host: Host) -> None:
    for role in ("worktree", "worker", "inbox", "mount"):
        host.put(role, f"{host.folder}/none/{role}")
    error = host.refusal()
    assert error.message.endswith("(and 3 more)")
    told = f"{error.message}\n{error.detail}"
    assert all(f"none/{role} does not exist" in told for role in ("worker", "inbox", "mount"))


def _lanekit(file: bytes, *, cwd: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable.encode(), b"-m", b"lanekit", b"show", b"ws/a", b"--file", file]
    return subprocess.run(command, capture_output=True, cwd=cwd, timeout=60, check=False)


def test_fleet_file_in_non_utf_8_folder_is_rejected(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/a\xffb"
    os.mkdir(folder)
    text = b'[profile]\nworker = "w"\ninbox = "w"\n[[lane]]\nworkspace="ws"\nid="a"\nworktree="t"\n'
    with open(folder + b"/lanes.toml", "wb") as file:
        _ = file.write(text)
    for done in (_lanekit(folder + b"/lanes.toml"), _lanekit(b"lanes.toml", cwd=folder)):
        assert done.returncode == 2
        assert b"is not UTF-8" in done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stderr.decode()


def test_missing_mount_does_not_prevent_stop_and_remove(host: Host) -> None:
    lanes = Lanes(host.engine, host.profile)
    _ = or_raise(lanes.ensure(host.lane))
    (host.folder / "extra").rmdir()
    assert or_raise(lanes.stop(host.lane)) == "stopped"
    assert or_raise(lanes.remove(host.lane)) == "removed"


def test_mountable_accepts_files_and_folders(host: Host) -> None:
    for name in ("worker", "tree", "tree/", "tree/.", "tree/../tree"):
        assert not isinstance(DiskFiles().mountable(f"{host.folder}/{name}"), Failure)
