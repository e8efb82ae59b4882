"""podman breaks at one operation of a replacement: the lane runs on, as it was, on real podman."""

from pathlib import Path

import pytest
from tests.podman.conftest import WORKER, RealLane

from lanekit.adapters import processes
from lanekit.adapters.http_probe import HttpProbe
from lanekit.adapters.lanes import Lanes
from lanekit.adapters.podman_cli import PodmanCli
from lanekit.core.endpoint import endpoint_of
from lanekit.core.errors import or_raise

# The verb, what becomes of it ($@ does it), and the kind of the error.
FAULTS = (
    ("create", '"$@" > /dev/null; kill -9 $$', "EngineFailed"),
    ("cp", "exec sleep 60", "EngineTimeout"),
    ("stop", "exec sleep 60", "EngineTimeout"),
    ("rename", '"$@"; echo "<html>" >&2; exit 1', "EngineFailed"),
    ("start", '"$@"; kill -9 $$', "EngineFailed"),
)


def _faulty(real: RealLane, path: Path, verb: str, script: str) -> PodmanCli:
    """podman, but for the first call of one verb."""
    mark = path.with_suffix(".done")
    _ = path.write_text(
        "#!/bin/sh\n"
        f'verb="$1"\nset -- {" ".join(real.sandbox.argv)} "$@"\n'
        f'if [ "$verb" = {verb} ] && mkdir {mark} 2> /dev/null; then {script}; fi\n'
        'exec "$@"\n'
    )
    path.chmod(0o755)
    return PodmanCli((str(path),), env=real.sandbox.env, timeout=1.5)


@pytest.mark.podman
def test_a_podman_that_breaks_in_the_middle_of_a_replacement_costs_nothing(
    cli_lane: RealLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE", 0.3)
    lane = cli_lane.lane
    sound = PodmanCli(cli_lane.sandbox.argv, env=cli_lane.sandbox.env)
    made = or_raise(Lanes(sound, cli_lane.profile).ensure(lane))
    old = or_raise(sound.inspect([made.container]))[made.container]
    cli_lane.other_worker(WORKER.format(word="two"))
    for number, (verb, script, kind) in enumerate(FAULTS):
        engine = _faulty(cli_lane, cli_lane.folder / f"podman-{number}", verb, script)
        error = Lanes(engine, cli_lane.profile).ensure(lane).failure()
        assert error.kind == kind, f"{verb}: {error}"
        assert "could not be undone" not in error.detail, f"{verb}: {error}"
        now = or_raise(sound.inspect([made.container]))[made.container]
        assert (now.id, now.state) == (old.id, "running"), f"{verb}: {error}"
        assert HttpProbe().answers(or_raise(endpoint_of(now)), "/", 5)
    after = or_raise(Lanes(sound, cli_lane.profile).ensure(lane))
    assert after.action == "replaced"
    (left,) = or_raise(sound.find({"lanekit.workspace": lane.workspace}))
    assert left.id != old.id
