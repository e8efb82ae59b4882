"""lanekit gc on the in-memory engine: what it shows, takes and leaves."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.unit.cli.conftest import FLEET, SECRET, Lanekit, stable

from lanekit.adapters.memory.engine import InMemory
from lanekit.core.domain.errors import EngineFailed

ALONE = FLEET.rsplit("[[lane]]", 1)[0]


@pytest.fixture
def orphaned(lanekit: Lanekit, fleet: Path) -> Lanekit:
    """Both lanes were made, and one of them left the file since."""
    assert lanekit("ensure").code == 0
    _ = (fleet / "lanes.toml").write_text(ALONE)
    return lanekit


def _names(engine: InMemory) -> list[str]:
    return [container.name for container in engine.containers]


def test_gc_shows_and_touches_nothing_without_yes(orphaned: Lanekit, engine: InMemory) -> None:
    engine.exit("ws1-long", 0)
    said = orphaned("gc")
    assert said.code == 0
    assert said.out == snapshot("""\
LANE      CONTAINER  STATE   REASON
ws1/long  ws1-long   exited  no lane of the fleet file
""")
    assert said.err == snapshot("nothing was removed; --yes removes the containers above\n")
    assert _names(engine) == ["ws1-a", "ws1-long"]


def test_gc_leaves_what_runs_unless_told(orphaned: Lanekit, engine: InMemory) -> None:
    said = orphaned("gc", "--yes")
    assert said.out == snapshot("""\
LANE      CONTAINER  STATE    REASON
ws1/long  ws1-long   running  no lane of the fleet file  kept: it is running (--running includes it)
""")
    assert _names(engine) == ["ws1-a", "ws1-long"]
    assert orphaned("gc", "--yes", "--running").out.splitlines()[-1] == "ws1-long  removed"
    assert _names(engine) == ["ws1-a"]
    assert orphaned("gc").out == "nothing to remove\n"


def test_gc_leaves_another_fleets_and_says_so(
    orphaned: Lanekit, engine: InMemory, fleet: Path
) -> None:
    engine.exit("ws1-long", 0)
    _ = (fleet / "lanes.toml").write_text('fleet = "mine"\n' + ALONE)
    said = orphaned("gc", "--yes")
    assert said.out == "nothing to remove\n"
    assert f"{fleet.resolve()}/lanes.toml" in said.err
    assert stable(said.err) == snapshot("note: kept 1 container of other fleets: TMP/lanes.toml\n")
    assert _names(engine) == ["ws1-a", "ws1-long"]


def test_gc_of_a_file_without_a_lane_takes_all_that_is_stopped(
    orphaned: Lanekit, engine: InMemory, fleet: Path
) -> None:
    engine.exit("ws1-long", 0)
    _ = (fleet / "lanes.toml").write_text(FLEET.split("[[lane]]", 1)[0])
    records = orphaned("gc", "--yes", "--json").records
    assert [(r["container"], r["result"]) for r in records] == [
        ("ws1-a", "runs"),
        ("ws1-long", "removed"),
    ]
    assert _names(engine) == ["ws1-a"]


@pytest.mark.parametrize("option", ["-v", "--json"])
def test_what_podman_says_at_a_removal_is_shown_without_secrets(
    orphaned: Lanekit, engine: InMemory, option: str
) -> None:
    engine.fail("remove", EngineFailed("could not remove", detail=f"and {SECRET}"))
    said = orphaned("gc", "--yes", "--running", option)
    assert said.code == 1
    assert "and (hidden)" in said.err
    assert SECRET not in said.out + said.err
