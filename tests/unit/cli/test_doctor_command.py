"""doctor's lines and exit codes, over facts that are given."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Lanekit
from tests.unit.domain.test_doctor import WELL

from lanekit.cli import wiring
from lanekit.core.domain.diagnostics.facts import (
    Diagnosis,
    Facts,
    FleetFacts,
    StartAttempt,
    StartTestResult,
)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[FleetFacts]:
    """The fleets that were examined; each is well."""
    return _examined(monkeypatch, WELL)


def _examined(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> list[FleetFacts]:
    fleets: list[FleetFacts] = []

    def examine(_settings: object) -> Callable[[FleetFacts], Facts]:
        def at(fleet: FleetFacts) -> Facts:
            fleets.append(fleet)
            return facts

        return at

    monkeypatch.setattr(wiring, "examination_for", examine)
    return fleets


def test_a_line_a_check(lanekit: Lanekit, seen: list[FleetFacts]) -> None:
    said = lanekit("doctor")
    assert (said.code, said.err) == (0, "")
    assert {line.split()[0] for line in said.out.splitlines()} == {"ok"}
    assert [fleet.images for fleet in seen] == [("localhost/ai-workflow-agent-runner:local",)]


def test_json_is_an_object_a_check(lanekit: Lanekit, seen: list[FleetFacts]) -> None:
    records = lanekit("doctor", "--json").records
    assert len(records) == len({record["check"] for record in records}) > 10
    keys = ["check", "status", "found", "words", "remedy", "file", "lines"]
    assert all(list(record) == keys for record in records)
    assert seen


def test_a_check_that_fails(lanekit: Lanekit, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "it says \x1b[2J so"
    start = StartTestResult(
        (StartAttempt((), Diagnosis("ulimits", words)), StartAttempt(("ulimits",)))
    )
    _ = _examined(monkeypatch, replace(WELL, start=start))
    said = lanekit("doctor")
    assert said.code == 1
    lines = [line.strip() for line in said.out.splitlines()]
    at = lines.index("-> add to /etc/containers/containers.conf, each line below its [table]:")
    assert lines[at + 1 : at + 3] == [
        "[containers]",
        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
    ]
    assert "\x1b" not in said.out


def test_a_fleet_file_with_faults_is_a_check_that_fails(
    lanekit: Lanekit, fleet: Path, seen: list[FleetFacts]
) -> None:
    _ = (fleet / "lanes.toml").write_text("[profile]\nworker = 1\n")
    _ = lanekit("doctor")
    assert seen[0].faults


def test_without_a_fleet_file(
    lanekit: Lanekit, fleet: Path, seen: list[FleetFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    (fleet / "lanes.toml").unlink()
    (fleet / "alone").mkdir()
    monkeypatch.chdir(fleet / "alone")
    assert lanekit("doctor").code == 0
    assert seen == [FleetFacts()]
    assert lanekit("doctor", "ws1/a").code == 2


@pytest.mark.parametrize("words", [("--engine", "memory"), ("ws1/none",)])
def test_a_wrong_call(lanekit: Lanekit, seen: list[FleetFacts], words: tuple[str, ...]) -> None:
    assert lanekit("doctor", *words).code == 2
    assert seen == []
