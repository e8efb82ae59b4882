"""How many modules a command loads: the part of its start-up time that can be counted exactly.

`make bench` measures the time itself. A test that fails here found an import at start-up that the
command does not need (rich alone is 45 modules), or asks for a larger budget and the reason for it.
"""

import subprocess
import sys
from pathlib import Path

import pytest

_COUNTED = """
import atexit, sys
{first}
before = set(sys.modules)
atexit.register(lambda: print("modules:", *set(sys.modules) - before, file=sys.stderr))
{then}
from lanekit.cli.app import app
app(prog_name="lanekit")
"""
_HELP = _COUNTED.format(first="import typer", then="")
_WITH_ENGINE = _COUNTED.format(
    first="import typer, returns.result\nfrom lanekit.testing import InMemory",
    then="""
from lanekit.cli import wiring
from lanekit.cli.options import EngineName
engine = InMemory()
wiring.ENGINES = dict.fromkeys(EngineName, lambda _lanes: engine)
""",
)


# The budgets are what is loaded today, and a few more.
@pytest.mark.parametrize(
    ("code", "command", "budget"),
    [
        pytest.param(_HELP, "--help", 14, id="help"),
        pytest.param(_WITH_ENGINE, "ensure", 86, id="ensure"),
        pytest.param(_WITH_ENGINE, "status", 86, id="status"),
    ],
)
def test_command_stays_within_its_budget_of_modules(
    fleet: Path, code: str, command: str, budget: int
) -> None:
    _ = fleet
    done = subprocess.run(
        [sys.executable, "-c", code, command],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = done.stderr.rpartition("modules:")[2].split()
    assert 0 < len(loaded) <= budget
    commands = {name for name in loaded if name.startswith("lanekit.cli.commands.")}
    assert commands == {f"lanekit.cli.commands.{command}"} - {"lanekit.cli.commands.--help"}
