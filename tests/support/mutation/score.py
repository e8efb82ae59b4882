"""What came of the mutants: `python -m tests.support.mutation.score FOLDER`, mutmut's folder.

One line a module, one for core/domain and one for core/application, and the names of those that no
test killed.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

# What mutmut writes down: nothing failed; or no test reaches the function at all.
_SURVIVED = (0, 33)
_ROOMS = ("domain", "application")


def main() -> None:
    """Print it. A mutant that hangs or crashes the tests is killed, as by a test that fails."""
    survivors = [name for room in _ROOMS for name in _room(Path(sys.argv[1]), room)]
    for name in survivors:
        print(f"survived: {name}")  # noqa: T201


def _room(folder: Path, room: str) -> list[str]:
    """Print the modules of a room and their sum; return the names of its survivors."""
    core = folder / "src/lanekit/core"
    killed, tried = 0, 0
    survivors: list[str] = []
    for path in sorted((core / room).rglob("*.meta")):
        codes: Mapping[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        done = {name: code for name, code in codes.items() if code is not None}
        survived = [name for name, code in done.items() if code in _SURVIVED]
        if done:
            module = path.relative_to(core).as_posix().removesuffix(".py.meta")
            _print_score(module, len(done) - len(survived), len(done))
        killed, tried = killed + len(done) - len(survived), tried + len(done)
        survivors += survived
    _print_score(f"all of core/{room}", killed, tried)
    return survivors


def _print_score(of: str, killed: int, tried: int) -> None:
    share = f"{killed / tried:6.1%}" if tried else ""
    print(f"{of:32} {killed:5} of {tried:5} killed  {share}")  # noqa: T201


if __name__ == "__main__":
    main()
