"""The README's examples run as they stand there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"


def _example(number: int, folder: Path) -> str:
    for name in ("bin", "wt-a"):
        (folder / name).mkdir()
    for name in ("lane-worker", "inbox"):
        _ = (folder / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "bin" / name).chmod(0o755)
    found: list[str] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return found[number].replace("/srv", str(folder))


def test_the_example_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = _example(0, tmp_path)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(code, {})
    assert capsys.readouterr().out.splitlines()[-1].startswith("created http://127.0.0.1:")


def test_the_example_for_tests_of_a_service_runs(tmp_path: Path) -> None:
    exec(_example(1, tmp_path), {})
