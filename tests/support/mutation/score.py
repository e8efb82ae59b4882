"""What came of the mutants: `python -m tests.support.mutation.score FOLDER`, mutmut's folder.

One line a module, all together, and the names of those that no test killed.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

# What mutmut writes down: nothing failed; or no test reaches the function at all.
_SURVIVED = (0, 33)


def main() -> None:
    """Print it. A mutant that hangs or crashes the tests is killed, as by a test that fails."""
    killed, tried = 0, 0
    survivors: list[str] = []
    for path in sorted(Path(sys.argv[1]).glob("src/lanekit/core/**/*.meta")):
        codes: Mapping[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        done = {name: code for name, code in codes.items() if code is not None}
        lived = [name for name, code in done.items() if code in _SURVIVED]
        if done:
            _tell(path.name.removesuffix(".py.meta"), len(done) - len(lived), len(done))
        killed, tried = killed + len(done) - len(lived), tried + len(done)
        survivors += lived
    _tell("all", killed, tried)
    for name in survivors:
        print(f"survived: {name}")  # noqa: T201


def _tell(what: str, killed: int, tried: int) -> None:
    share = f"{killed / tried:6.1%}" if tried else ""
    print(f"{what:16} {killed:5} of {tried:5} killed  {share}")  # noqa: T201


if __name__ == "__main__":
    main()
