"""The examples of README and of the documentation run as they stand there."""

import re
from pathlib import Path

import pytest

_REPO = Path(__file__).resolve().parents[2]
_MARKED = re.compile(r"<!-- example: run by [^>]*-->\n```python\n(.*?)```", re.DOTALL)
_README = _MARKED.findall((_REPO / "README.md").read_text())
_EMBEDDING = _MARKED.findall((_REPO / "docs/embedding.md").read_text())


def _in(folder: Path, code: str) -> str:
    for name in ("bin", "wt-a"):
        (folder / name).mkdir()
    for name in ("lane-worker", "inbox"):
        _ = (folder / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "bin" / name).chmod(0o755)
    return code.replace("/srv", str(folder))


@pytest.mark.parametrize("code", [_README[0], _EMBEDDING[0]], ids=["README", "embedding"])
def test_embedding_example_creates_a_lane(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _in(tmp_path, code)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(code, {})
    assert capsys.readouterr().out.splitlines()[-1].startswith("created http://127.0.0.1:")


def test_testing_example_runs_as_documented(tmp_path: Path) -> None:
    exec(_in(tmp_path, _EMBEDDING[1]), {})


def test_every_marked_example_is_run_and_readme_is_short() -> None:
    assert (len(_README), len(_EMBEDDING)) == (1, 2)
    assert len((_REPO / "README.md").read_text().splitlines()) <= 120
