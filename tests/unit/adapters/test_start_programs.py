"""Which programs of this host and of an image doctor's container can run."""

import subprocess
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

from lanekit.adapters.podman.start_programs import archive, start_programs
from lanekit.contract.harness import Entry, make_tar
from lanekit.core.domain.containers import WORKER_PORT


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with a busybox alone, on an arm64 host."""
    _ = (tmp_path / "busybox").write_bytes(b"elf")
    (tmp_path / "busybox").chmod(0o755)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    return tmp_path


def test_busybox_of_the_host_comes_first_and_listens(path: Path) -> None:
    busybox, shell = start_programs("arm64", "image", {"PATH": str(path)})
    name, *arguments = busybox.entrypoint
    assert name.rsplit("/", 1)[1].startswith("busybox"), "busybox goes by its own name"
    assert arguments[:4] == ["httpd", "-f", "-p", str(WORKER_PORT)]
    assert busybox.files == archive(name, b"elf")
    assert busybox.listening == ""
    assert (shell.entrypoint[0], shell.files) == ("/bin/sh", b"")
    assert shell.listening in shell.entrypoint[2]


def test_busybox_of_another_machine_is_not_used(path: Path) -> None:
    assert start_programs("amd64", "", {"PATH": str(path)}) == ()
    assert len(start_programs("amd64", "image", {"PATH": str(path)})) == 1


def test_empty_image_has_no_shell_and_needs_busybox(path: Path) -> None:
    assert len(start_programs("arm64", "", {"PATH": str(path)})) == 1
    (path / "busybox").unlink()
    assert start_programs("arm64", "", {"PATH": str(path)}) == ()


def test_archive_holds_one_executable_file() -> None:
    assert archive("/x", b"elf")[:100].rstrip(b"\0") == b"x"
    assert len(archive("/x", b"elf")) == len(make_tar({"/x": Entry("file", 0o755, b"elf")}))


def test_shell_script_says_when_it_listens_and_answers(tmp_path: Path) -> None:
    (shell,) = start_programs("none", "image", {"PATH": ""})
    with subprocess.Popen(shell.entrypoint, stdout=subprocess.PIPE, text=True) as process:
        killer = threading.Timer(20, process.kill)
        killer.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == shell.listening
            with urlopen(f"http://127.0.0.1:{WORKER_PORT}/", timeout=5) as response:
                assert response.status == 200
        finally:
            killer.cancel()
            process.kill()
