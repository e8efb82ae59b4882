"""`lanekit watch` on real podman: what is done to a lane is put right within seconds."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane
from tests.integration.podman.watching import (
    OwnService,
    Watching,
    kill_worker,
    seen_all,
    soon,
    watching,
)

from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman
SOON = 20.0
"""Far less than a resync, where that is not what is tested."""
NO_RESYNC = ("--resync", "3600")


def _up(real: RealLane) -> ObservedContainer | None:
    name = real.lane.container_name
    return seen_all(real.engine(), [name]).get(name)


def _began(real: RealLane) -> ObservedContainer:
    _ = soon(lambda: _up(real) is not None, 60)
    seen = _up(real)
    assert seen is not None
    return seen


def _again(real: RealLane, before: ObservedContainer, watch: Watching) -> ObservedContainer:
    """The lane, once it runs otherwise than before."""

    def other() -> bool:
        now = _up(real)
        return now is not None and (now.id, now.started_at) != (before.id, before.started_at)

    _ = soon(other, SOON, str(watch.said()))
    return _began(real)


def _stop(real: RealLane, container: str) -> None:
    """podman's stop; the watch may start the container before the stop has cleaned up after it."""
    try:
        _ = real.sandbox.run("stop", "-t", "1", container)
    except RuntimeError as error:
        if "running or paused, refusing to clean up" not in str(error):
            raise


@pytest.mark.parametrize(
    "harm", [pytest.param("kill -9", marks=pytest.mark.smoke), "rm -f", "stop", "pause", "rename"]
)
def test_what_is_done_to_a_lane_is_put_right(real_lane: RealLane, harm: str) -> None:
    real, name = real_lane, real_lane.lane.container_name
    fleet, log = real.fleet_file(), real.folder / "log"
    with watching(fleet, real.environ(), log, *NO_RESYNC) as watch:
        _ = soon(lambda: "reconciled" in watch.events(), 60)
        before = _began(real)
        match harm:
            case "kill -9":
                kill_worker(real.sandbox, before.id)
            case "rm -f":
                _ = real.sandbox.run("rm", "-f", "-t", "0", before.id)
            case "stop":
                _stop(real, before.id)
            case "rename":
                _ = real.sandbox.run("rename", before.id, f"{name}-elsewhere")
            case _:
                _ = real.sandbox.run("pause", before.id)
        if harm == "pause":
            _ = soon(lambda: watch.events().count("reconciled") == 2, SOON)
            assert _began(real).id == before.id
        elif harm == "rename":
            _ = soon(lambda: len(watch.said()) == 3, SOON, str(watch.said()))
        else:
            after = _again(real, before, watch)
            assert (after.id == before.id) == (harm != "rm -f")
        code = watch.end()
    assert code == 0, log.read_text()
    assert real.sandbox.run("ps", "-q", "--filter", f"name=^{name}")


def test_the_file_is_read_again(real_lane: RealLane) -> None:
    real = real_lane
    fleet, log = real.fleet_file(), real.folder / "log"
    sound = fleet.read_text()
    with watching(fleet, real.environ(), log, *NO_RESYNC) as watch:
        _ = soon(lambda: "reconciled" in watch.events(), 60)
        before = _began(real)
        _write(fleet, sound.replace("[profile]", '[profile]\nenv = {NEW = "yes"}'))
        after = _again(real, before, watch)
        assert after.env["NEW"] == "yes"
        _write(fleet, "[profile")
        _ = soon(lambda: "file invalid" in watch.events(), SOON)
        kill_worker(real.sandbox, after.id)
        assert _again(real, after, watch).env["NEW"] == "yes"
        # Broken in the same way: that has been said.
        _write(fleet, fleet.read_text() + " ")
        time.sleep(1.5)
        other = sound.replace(f'id = "{real.lane.id}"', 'id = "z"').replace(
            f'container = "{real.lane.container_name}"', f'container = "{real.lane.workspace}-z"'
        )
        _write(fleet, other)
        _ = soon(lambda: "gone" in watch.events(), SOON)
        _ = soon(lambda: watch.events().count("reconciled") == 4, SOON, str(watch.said()))
        assert _up(real) is not None
        assert watch.events().count("file invalid") == 1
        assert watch.events().count("file valid") == 1
        assert watch.end(signal.SIGINT) == 130
    assert _up(real) is not None


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    _ = new.write_text(text)
    os.replace(new, path)


def test_a_service_that_goes_and_comes_back(cli_lane: RealLane) -> None:
    real = cli_lane
    service = OwnService(real.sandbox, real.folder / "own.sock")
    service.start()
    try:
        env = real.environ(LANEKIT_ENGINE="socket", CONTAINER_HOST=f"unix://{service.socket}")
        log = real.folder / "log"
        with watching(real.fleet_file(), env, log, *NO_RESYNC) as watch:
            _ = soon(lambda: "reconciled" in watch.events(), 60)
            before = _began(real)
            service.stop()
            _ = soon(lambda: "engine lost" in watch.events(), SOON)
            kill_worker(real.sandbox, before.id)
            service.start()
            assert _again(real, before, watch).id == before.id
            assert watch.events() == [
                "watching",
                "reconciled",
                "engine lost",
                "engine back",
                "reconciled",
            ]
            assert watch.end() == 0
    finally:
        service.stop()
