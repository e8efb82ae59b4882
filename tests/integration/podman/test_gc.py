"""gc in a mixed zoo on real podman: exactly the orphans go."""

import json
from dataclasses import replace

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE

from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import Lane

pytestmark = pytest.mark.podman


def _by_hand(real: RealLane, name: str, fleet: str, lane: Lane | None, *, run: bool) -> None:
    labels = {"lanekit.workspace": lane.workspace, "lanekit.lane": lane.id} if lane else {}
    labels |= {"lanekit.fleet": fleet} if fleet else {}
    options = [f"--label={key}={value}" for key, value in labels.items()]
    _ = real.sandbox.run("create", "--name", name, *options, DEMO_IMAGE, "sleep", "1000")
    if run:
        _ = real.sandbox.run("start", name)


@pytest.mark.smoke
def test_gc_removes_exactly_the_stopped_orphans(real_lane: RealLane) -> None:
    name = real_lane.lane.container_name
    mine = f"fleet of {name}"
    own = replace(real_lane.lane, fleet=mine)
    gone = replace(own, id=f"{own.id}-gone", container=f"{name}-gone")
    lanes = real_lane.lanes()
    _ = or_raise(lanes.ensure(own))
    zoo = [
        *((f"{name}.next", mine, own, False), (f"{name}.prev", mine, own, False)),
        *((f"{name}-gone", mine, gone, False), (f"{name}-gone.next", mine, gone, False)),
        *((f"{name}-runs", mine, gone, True), (f"{name}-old", mine, own, False)),
        *((f"{name}-other", "another", gone, False), (f"{name}-none", "", gone, False)),
        *((f"{name}-foreign", "", None, False), (f"{name}-odd", mine, None, False)),
    ]
    for what, fleet, lane, run in zoo:
        _by_hand(real_lane, what, fleet, lane, run=run)
    _ = real_lane.sandbox.run("volume", "create", f"{name}-gone-volume")
    found = or_raise(lanes.find_orphans(mine, [own]))
    ours = [one for one in found.orphans if one.container.startswith(name)]
    assert [one.container for one in ours if one.runs] == [f"{name}-runs"]
    results = {
        one.container.removeprefix(name): or_raise(outcome)
        for one, outcome in lanes.remove_orphans(mine, [own], ours)
    }
    removed = {".next", ".prev", "-gone", "-gone.next", "-old"}
    assert results == {**dict.fromkeys(removed, "removed"), "-runs": "runs"}
    left = real_lane.sandbox.run("ps", "-a", "--format", "{{.Names}}").split()
    assert {one.removeprefix(name) for one in left if one.startswith(name)} == {
        *("", "-runs", "-other", "-none", "-foreign", "-odd"),
    }
    assert real_lane.sandbox.run("volume", "rm", f"{name}-gone-volume")
    assert or_raise(lanes.ensure(own)).action == "none"


def test_gc_keeps_prev_when_it_is_the_only_container(real_lane: RealLane) -> None:
    name = real_lane.lane.container_name
    own = replace(real_lane.lane, fleet="mine")
    lanes = real_lane.lanes()
    _ = or_raise(lanes.ensure(own))
    _ = real_lane.sandbox.run("rename", name, f"{name}.prev")
    found = or_raise(lanes.find_orphans("mine", [own]))
    assert [g.container for g in found.orphans if g.container.startswith(name)] == []
    assert or_raise(lanes.ensure(own)).container == name


def test_gc_keeps_prev_while_replacement_is_unready(real_lane: RealLane) -> None:
    own = replace(real_lane.lane, fleet=str(real_lane.fleet_file().resolve()))
    _ = or_raise(real_lane.lanes().ensure(own))
    (old,) = real_lane.containers()
    real_lane.worker("#!/bin/sh\ntrap 'exit 0' TERM\nsleep 600 &\nwait\n")
    process = lanekit(real_lane, "ensure", "-v")
    assert process.stderr is not None
    while "await " not in (line := process.stderr.readline()):
        assert line, "it ended"
    process.kill()
    _ = process.communicate(timeout=20)
    name = own.container_name
    assert [(c.name, c.state) for c in real_lane.containers()] == [
        *((name, "running"), (f"{name}.prev", "exited")),
    ]
    ((code, out, err),) = results([lanekit(real_lane, "gc", "--yes", "--json")])
    assert (code, json.loads(out)["result"]) == (0, "unsure"), err
    real_lane.profile = replace(real_lane.profile, ready_timeout=2)
    assert real_lane.lanes().ensure(own).failure().kind == "NotReady"
    assert [c.id for c in real_lane.containers()] == [old.id], "ensure put it back"
