"""What an inspect does not show: a worktree made anew at its path, a config deleted inside."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import RealLane

from lanekit.adapters.host.procfs import mount_health
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import BindMount
from lanekit.core.domain.observed import MountHealth, ObservedContainer
from lanekit.core.domain.operations import CopyIn
from lanekit.core.domain.progress import Event, OperationStarted

pytestmark = pytest.mark.podman


def _exec(real: RealLane, *command: str) -> str:
    # Not in its workdir: podman starts nothing in a folder that is gone.
    return real.sandbox.run("exec", "-w", "/", real.lane.container_name, *command)


def _seen(real: RealLane) -> ObservedContainer:
    (seen,) = real.containers()
    return seen


def _look(real: RealLane, seen: ObservedContainer | None = None) -> MountHealth:
    spec = or_raise(real.lanes().spec(real.lane))
    return mount_health(seen or _seen(real), spec.mounts, spec.config_target)


@pytest.mark.parametrize("how", ["deleted", "moved away"])
def test_a_worktree_made_anew_at_its_path_restarts_the_lane(real_lane: RealLane, how: str) -> None:
    tree = Path(real_lane.lane.worktree)
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _seen(real_lane)
    _ = _exec(real_lane, "touch", "/unfinished-work")
    if how == "deleted":
        shutil.rmtree(tree)
    else:
        _ = tree.rename(tree.with_name("old"))
    tree.mkdir()
    _ = (tree / "new").write_text("yes")
    assert "new" not in _exec(real_lane, "ls", "/workspace")
    assert [d.field for d in or_raise(real_lane.lanes().status(real_lane.lane)).drift] == [
        "mount./workspace"
    ]
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "restarted"
    assert _exec(real_lane, "cat", "/workspace/new") == "yes"
    _ = _exec(real_lane, "ls", "/unfinished-work")
    assert _seen(real_lane).id == before.id
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_a_config_deleted_inside_is_copied_again(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    pid = _seen(real_lane).pid
    _ = _exec(real_lane, "rm", "-r", "/root/.codex")
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, [d.field for d in done.drift]) == ("adjusted", ["config"])
    assert _exec(real_lane, "cat", "/root/.codex/config.toml") == "first"
    assert _seen(real_lane).pid == pid, "it was not restarted"
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_a_config_that_went_before_the_container_stopped_is_copied_at_its_start(
    real_lane: RealLane,
) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    _ = _exec(real_lane, "rm", "-r", "/root/.codex")
    _ = or_raise(real_lane.lanes().stop(real_lane.lane))
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert (done.action, [d.field for d in done.drift]) == ("started", ["config"])
    assert _exec(real_lane, "cat", "/root/.codex/config.toml") == "first"
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_a_copy_that_breaks_in_a_running_container_is_made_again(real_lane: RealLane) -> None:
    config = Path(real_lane.profile.config_dir)
    for number in range(40):
        _ = (config / f"skill-{number:02}").write_text("s" * 20_000)
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = _seen(real_lane)
    _ = _exec(real_lane, "rm", "-r", "/root/.codex")

    def change(event: Event) -> None:
        if isinstance(event, OperationStarted) and isinstance(event.operation, CopyIn):
            _ = (config / "skill-39").write_text("t" * 20_000)

    broken = Lanes(real_lane.engine(), real_lane.profile, on_event=change).ensure(real_lane.lane)
    assert isinstance(broken, Failure)
    _ = (config / "skill-39").write_text("s" * 20_000)
    # These look without the lock, and know of it as ensure does.
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "adjusted"
    assert [d.field for d in or_raise(real_lane.lanes().status(real_lane.lane)).drift] == ["config"]
    done = or_raise(real_lane.lanes().ensure(real_lane.lane))
    assert done.action == "adjusted"
    assert or_raise(real_lane.lanes().status(real_lane.lane)).drift == ()
    assert len(_exec(real_lane, "cat", "/root/.codex/skill-39")) == 20_000
    assert _seen(real_lane).id == before.id
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_all_is_well_with_a_container_that_lost_nothing(cli_lane: RealLane) -> None:
    mounts = (BindMount(str(cli_lane.folder), "/more"), BindMount("/etc/hostname", "/h"))
    cli_lane.profile = replace(cli_lane.profile, mounts=mounts)
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    assert _look(cli_lane) == MountHealth()


def test_an_equal_worker_put_in_place_is_no_reason(cli_lane: RealLane) -> None:
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    cli_lane.worker(Path(cli_lane.profile.worker).read_text())
    assert or_raise(cli_lane.lanes().ensure(cli_lane.lane)).action == "none"


def test_nothing_is_said_of_a_process_that_is_not_the_containers(cli_lane: RealLane) -> None:
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    _ = _exec(cli_lane, "rm", "-r", "/root/.codex")
    seen = _seen(cli_lane)
    assert _look(cli_lane, seen) == MountHealth(config_missing=True)
    # As on another machine: another process, none, or none that runs.
    for other in (os.getpid(), 2**22 - 1, 0):
        assert _look(cli_lane, replace(seen, pid=other)) == MountHealth()
    assert _look(cli_lane, replace(seen, id="ab" * 32)) == MountHealth()


def test_nothing_is_said_behind_a_link(cli_lane: RealLane) -> None:
    # It would lead to the host's file of that path.
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    _ = _exec(cli_lane, "mv", "/root", "/elsewhere")
    Path(f"/proc/{_seen(cli_lane).pid}/root/root").symlink_to("/elsewhere")
    assert _look(cli_lane) == MountHealth()
    assert or_raise(cli_lane.lanes().ensure(cli_lane.lane)).action == "none"
