"""Type checkers report a match over an Outcome or a LaneError that forgets a case."""

import subprocess
import sys
from pathlib import Path

import pytest

_REPO = Path(__file__).resolve().parents[2]
_COMPLETE = _REPO / "tests/typing/exhaustive_match.py"
_CHECKERS = {
    "mypy": ("mypy", "--no-incremental", "--follow-imports=silent", "--config-file=pyproject.toml"),
    "basedpyright": ("basedpyright", f"--pythonpath={sys.executable}"),
}
# The last lines of a case in that file, and what the checkers call a match without it.
_CASES = {
    "Outcome": """\
        case Failure(error):
            _ = assert_type(error, LaneError)
            return 0
""",
    "LaneError": """\
        case WorkerBusy():
            return "WorkerBusy"
""",
}
_REPORTS = ("exhaust", "assert_never", "Missing return", "is not assignable to")


@pytest.mark.parametrize("checker", _CHECKERS)
@pytest.mark.parametrize("forgotten", ["", *_CASES])
def test_incomplete_match_is_reported_by_type_checker(
    checker: str, forgotten: str, tmp_path: Path
) -> None:
    case = _CASES.get(forgotten, "")
    text = _COMPLETE.read_text()
    assert case in text
    module = tmp_path / "match.py"
    _ = module.write_text(text.replace(case, "") if case else text)
    program, *options = _CHECKERS[checker]
    done = subprocess.run(
        [Path(sys.executable).parent / program, *options, str(module)],
        cwd=_REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if "match.py:" in line and "error" in line]
    if forgotten:
        assert any(report in line for line in errors for report in _REPORTS), done.stdout
    else:
        assert done.returncode == 0, done.stdout
