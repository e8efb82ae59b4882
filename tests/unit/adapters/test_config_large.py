"""Config trees of 1 GiB and of 100,000 files: what they cost in memory, each in its own process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.podman.conftest import WORKER
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

MIB = 1 << 20
# Read once, archive once, as ensure does; the last line is the process's peak memory.
_READ = """
import sys
from lanekit.adapters.host.files import DiskFiles
copy = DiskFiles().config(sys.argv[1]).unwrap()
print(copy.fingerprint, copy.digest, sum(map(len, copy.archive("/root/.codex"))))
"""
_ENSURE = """
import sys
from lanekit import Lane, Lanes, Profile, or_raise
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
podman, folder, config, name = sys.argv[1:]
engine = PodmanSocket(podman) if podman.endswith(".sock") else PodmanCli((podman,))
profile = Profile(
    folder + "/worker", folder + "/inbox", IMAGE, config_dir=config, stop_grace=1
)
print(or_raise(Lanes(engine, profile).ensure(Lane("big", "a", folder, name))).action)
"""
_PEAK = """
import re
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def _measured(code: str, *args: str) -> tuple[str, int]:
    """What the code prints before its last line, and its peak memory in bytes."""
    command = [sys.executable, "-c", code + _PEAK, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    said, _, peak = done.stdout.strip().rpartition("\n")
    return said, int(peak) * 1024


def _folder_of(path: Path, size: int) -> str:
    path.mkdir()
    with open(path / "big", "wb") as big:
        _ = big.truncate(size)
    return str(path)


def test_peak_memory_is_equal_for_a_mebibyte_and_a_gibibyte(tmp_path: Path) -> None:
    _, small = _measured(_READ, _folder_of(tmp_path / "small", MIB))
    said, large = _measured(_READ, _folder_of(tmp_path / "large", 1024 * MIB))
    assert int(said.split()[-1]) == 1024 * MIB + 2 * 512 + 1024
    assert abs(large - small) < 4 * MIB


@pytest.fixture(params=["command", "socket"])
def engine(
    request: pytest.FixtureRequest, podman: Sandbox, podman_service: Path, tmp_path: Path
) -> tuple[str, str, str]:
    """The program that ensures a lane with an engine, and its first arguments."""
    for name in ("worker", "inbox"):
        _ = (tmp_path / name).write_text(WORKER.format(word="one"))
        (tmp_path / name).chmod(0o755)
    where = str(podman_service) if request.param == "socket" else str(podman.bin / "podman")
    return _ENSURE.replace("IMAGE", repr(DEMO_IMAGE)), where, str(tmp_path)


@pytest.mark.nightly
def test_gibibyte_config_is_copied_with_flat_memory(
    podman: Sandbox, prefix: str, tmp_path: Path, engine: tuple[str, str, str]
) -> None:
    peaks: list[int] = []
    for size in (MIB, 1024 * MIB):
        config = _folder_of(tmp_path / f"config-{size}", size)
        name = f"{prefix}{size}"
        said, peak = _measured(*engine, config, name)
        peaks.append(peak)
        assert said == "created"
        seen = podman.run("exec", name, "stat", "-c", "%s", f"/root/config-{size}/big")
        assert int(seen) == size
    assert abs(peaks[1] - peaks[0]) < 4 * MIB


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Path]:
    """A folder of 100,000 files in 100 folders."""
    root = tmp_path / "many"
    for folder in range(100):
        inner = root / f"{folder:03}"
        inner.mkdir(parents=True)
        first = inner / "0000"
        _ = first.write_bytes(b"x")
        for file in range(1, 1000):
            # To make files of their own costs ten times as much, and they read the same.
            os.link(first, inner / f"{file:04}")
    yield root
    # pytest would keep them for some runs.
    shutil.rmtree(root)


def test_each_of_100000_files_needs_under_a_kilobyte_of_memory(many: Path, tmp_path: Path) -> None:
    _, little = _measured(_READ, _folder_of(tmp_path / "small", 1))
    said, much = _measured(_READ, str(many))
    # A header and a block of content each, the folders' headers, the end mark.
    assert int(said.split()[-1]) == 100_000 * 1024 + 101 * 512 + 1024
    assert much - little < 100_000 * 1000


@pytest.mark.nightly
def test_a_hundred_thousand_files_are_copied(
    podman: Sandbox, prefix: str, many: Path, engine: tuple[str, str, str]
) -> None:
    said, _ = _measured(*engine, str(many), f"{prefix}many")
    assert said == "created"
    count = podman.run("exec", f"{prefix}many", "sh", "-c", "find /root/many -type f | wc -l")
    assert int(count) == 100_000
