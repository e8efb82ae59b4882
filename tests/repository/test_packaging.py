"""What is built for users holds the whole package, whichever way it is built."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

_REPO = Path(__file__).resolve().parents[2]


def _build(source: Path, target: str, out: Path) -> Path:
    _ = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = out.iterdir()
    return built


def _modules() -> set[str]:
    """All files of the package, by the names that they have once installed."""
    own = {f"lanekit/{file.name}" for file in (_REPO / "src/lanekit").glob("*.*")}
    rooms = [path for room in ("core", "adapters", "cli") for path in (_REPO / room).rglob("*.py")]
    contract = [path.name for path in (_REPO / "tests/contract").glob("*.py")]
    return (
        own
        | {f"lanekit/{path.relative_to(_REPO)}" for path in rooms}
        | {f"lanekit/contract/{name}" for name in contract}
    )


@pytest.fixture(scope="module")
def unpacked_sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_build(_REPO, "sdist", folder / "built")) as sdist:
        sdist.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.name != "built")
    return unpacked


@pytest.mark.parametrize("way", ["from the tree", "from the sdist"])
def test_wheel_contains_every_module_and_runs(
    way: str, unpacked_sdist: Path, tmp_path: Path
) -> None:
    source = _REPO if way == "from the tree" else unpacked_sdist
    wheel = _build(source, "wheel", tmp_path / "built")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if name.startswith("lanekit/")}
        archive.extractall(tmp_path / "site")
    assert files == _modules()
    # -P and PYTHONPATH: this wheel, and not the editable install or the current folder.
    said = subprocess.run(
        [sys.executable, "-P", "-m", "lanekit", "--version"],
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/nonexistent"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "0.1.0" in said.stdout


def test_contract_explains_fault_of_third_party_engine(tmp_path: Path) -> None:
    wheel = _build(_REPO, "wheel", tmp_path / "built")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    mine = tmp_path / "mine"
    mine.mkdir()
    harness = (_REPO / "tests/integration/engines/harness_memory.py").read_text()
    _ = (mine / "my_harness.py").write_text(harness)
    # An engine with a fault: what the suite says of it has to be of use.
    _ = (mine / "test_mine.py").write_text("""
import pytest
from lanekit.contract import EngineContract
from my_harness import MemoryHarness

class TestMine(EngineContract):
    @pytest.fixture
    def harness(self):
        harness = MemoryHarness()
        harness.engine.rename = lambda container, name: harness.engine.inspect([container])
        return harness
""")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-k", "rename or inspect", str(mine)],
        env={"PYTHONPATH": f"{tmp_path / 'site'}:{mine}", "PATH": "/nonexistent"},
        cwd=mine,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "test_a_rename" in done.stdout or "rename" in done.stdout
    assert " passed" in done.stdout
    assert "assert 'ok' == 'NameInUse'" in done.stdout, "its asserts are explained"
