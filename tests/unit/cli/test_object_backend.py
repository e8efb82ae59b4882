"""The commands over a backend that knows no container: nothing in them may notice."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.object_backend import ObjectBackend
from tests.unit.cli.conftest import FLEET, Lanekit

from lanekit.adapters.host.clock import SystemClock
from lanekit.cli import wiring
from lanekit.core.application.lanes import Lanes
from lanekit.core.domain.lanes import Lane


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ObjectBackend:
    """What all commands of the test speak to."""
    backend = ObjectBackend(log="its last words\n")

    def lanes_for(_settings: object, _lanes: Sequence[Lane], *_: object, **__: object) -> Lanes:
        return Lanes(backend, clock=SystemClock())

    monkeypatch.setattr(wiring, "lanes_for", lanes_for)
    return backend


def test_lane_commands_work_over_objects(lanekit: Lanekit, backend: ObjectBackend) -> None:
    assert lanekit("plan", "--exit-code").code == 3
    actions = [lanekit("ensure", "--json").records[0]["action"] for _ in range(2)]
    assert actions == ["created", "none"]
    assert lanekit("plan", "--exit-code").code == 0
    assert [record["state"] for record in lanekit("status", "--json").records] == 2 * ["running"]
    assert "engine: objects" in lanekit("status").out
    assert lanekit("endpoint", "ws1/a").out == "http://ws1-a.svc:8080\n"
    assert "its last words" in lanekit("logs", "ws1/a").out
    assert lanekit("exec", "ws1/a", "--", "two", "words").code == 2
    assert lanekit("stop", "ws1/a").code == 0
    assert lanekit("status", "--json").records[0]["state"] == "stopped"
    assert lanekit("rm", "ws1/a").code == 0
    assert list(backend.objects) == ["ws1-long"]


def test_gc_takes_an_object_that_no_lane_needs(
    lanekit: Lanekit, backend: ObjectBackend, fleet: Path
) -> None:
    assert lanekit("ensure").code == 0
    _ = (fleet / "lanes.toml").write_text(FLEET.rsplit("[[lane]]", 1)[0])
    assert lanekit("gc", "--json").records[0]["result"] == "runs"
    assert lanekit("gc", "--yes").code == 0
    assert sorted(backend.objects) == ["ws1-a", "ws1-long"]
    assert lanekit("gc", "--yes", "--running").code == 0
    assert list(backend.objects) == ["ws1-a"]
