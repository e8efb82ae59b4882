"""The README's example runs as it stands there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_example_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    code = found[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    for name in ("bin", "wt-a"):
        (tmp_path / name).mkdir()
    for name in ("lane-worker", "inbox"):
        _ = (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    exec(code.replace("/srv", str(tmp_path)), {})
    assert capsys.readouterr().out.splitlines()[-1].startswith("created http://127.0.0.1:")
