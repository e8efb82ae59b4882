"""Odd paths on real podman: what is mounted is exactly what was asked, seen from inside."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import WORKER, RealLane

from lanekit.core.domain.errors import InvalidLane, or_raise
from lanekit.core.domain.lanes import BindMount

pytestmark = pytest.mark.podman

ODD = {
    "separators and quotes": "a:b,c=d;:z,ro \"e,f\" 'g'",
    "blanks at both ends": "  a  b ",
    "for a shell or a template": "$HOME ${x} $(id) `id` *?[a]~#;&|<>! 100%s {{.Id}} {",
    "backslashes": "a\\:b\\n\\",
    "an option, unicode": "--help=日本語 e\u0301 \u202e \u00a0",
}
INSIDE = (
    "echo from-inside > /workspace/written && echo written-too > /odd/{name}/written && "
    "cat /workspace/here /odd/{name}/here /root/{name}/here"
)


def _lay_out(real: RealLane, name: str) -> Path:
    """A folder of this name whose worktree, worker, inbox, mount and config all have it too."""
    folder = real.folder / name
    for part in ("tree", "extra", "conf"):
        (folder / part / name).mkdir(parents=True)
        _ = (folder / part / name / "here").write_text(part)
    for part in ("worker", "inbox"):
        (folder / part).mkdir()
        _ = (folder / part / name).write_text(WORKER.format(word="one"))
        (folder / part / name).chmod(0o755)
    real.lane = replace(real.lane, worktree=str(folder / "tree" / name))
    real.profile = replace(
        real.profile,
        worker=str(folder / "worker" / name),
        inbox=str(folder / "inbox" / name),
        config_dir=str(folder / "conf" / name),
        mounts=(BindMount(str(folder / "extra" / name), f"/odd/{name}"),),
    )
    return folder


def _look_inside(real: RealLane, name: str, folder: Path) -> None:
    container = real.lane.container_name
    script = INSIDE.replace("{name}", '"$1"')
    seen = real.sandbox.run("exec", container, "sh", "-c", script, "sh", name)
    assert seen == "treeextraconf"
    assert (folder / "tree" / name / "written").read_text() == "from-inside\n"
    assert (folder / "extra" / name / "written").read_text() == "written-too\n"


@pytest.mark.parametrize("what", ODD)
def test_odd_path_is_mounted_exactly(real_lane: RealLane, what: str) -> None:
    name = ODD[what]
    folder = _lay_out(real_lane, name)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    _look_inside(real_lane, name, folder)
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


def _lanekit(real: RealLane, file: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lanekit", *args, "--json", "--file", str(file)],
        env=real.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_odd_path_in_fleet_file_is_mounted_exactly(real_lane: RealLane) -> None:
    # Relative paths in a fleet file in a folder of that name, reached through a link.
    name = "a:b,c=d \"e\" 'f' $HOME %s {g} \\ü "
    folder = _lay_out(real_lane, name)
    fleet = folder / "lanes.toml"
    _ = fleet.write_text(f"""
[profile]
image = {_toml(real_lane.profile.image)}
worker = {_toml(f"worker/{name}")}
inbox = {_toml(f"./inbox/{name}")}
config_dir = {_toml(f"tree/../conf/{name}")}
mounts = [{{ source = {_toml(f"extra/{name}")}, target = {_toml(f"/odd/{name}")} }}]
stop_grace = 2
ready_timeout = 20
[[lane]]
workspace = {_toml(real_lane.lane.workspace)}
id = {_toml(real_lane.lane.id)}
worktree = {_toml(f"../{name}/tree/{name}")}
container = {_toml(real_lane.lane.container_name)}
""")
    link = real_lane.folder / "link"
    link.symlink_to(folder)
    done = _lanekit(real_lane, link / "lanes.toml", "ensure")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["action"] == "created"
    _look_inside(real_lane, name, folder)
    assert json.loads(_lanekit(real_lane, fleet, "ensure").stdout)["action"] == "none"
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _deep(above: Path, length: int) -> str:
    """A folder whose path has this many bytes."""
    path, fd = str(above), os.open(above, os.O_RDONLY)
    while len(path) < length:
        step = "d" * min(200, length - len(path) - 1)
        os.mkdir(step, dir_fd=fd)
        inner = os.open(step, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        path, fd = f"{path}/{step}", inner
    os.close(fd)
    assert len(path) == length
    return path


def _deep_file(folder: Path, name: str, length: int) -> str:
    """A worker whose path has this many bytes."""
    (folder / name).mkdir()
    above = _deep(folder / name, length - 4)
    inside = os.open(above, os.O_RDONLY)
    made = os.open("run", os.O_WRONLY | os.O_CREAT, 0o755, dir_fd=inside)
    _ = os.write(made, WORKER.format(word="one").encode())
    os.close(made)
    os.close(inside)
    return f"{above}/run"


def test_paths_of_4000_bytes_are_mounted_exactly(real_lane: RealLane) -> None:
    folder = real_lane.folder
    for part in ("a", "b", "c"):
        (folder / part).mkdir()
    tree, extra, config = (_deep(folder / part, 4000) for part in ("a", "b", "c"))
    _ = Path(config, "here").write_text("conf")
    target = ("/t" + f"/{'d' * 199}" * 18)[:3583]  # the longest that is not refused
    real_lane.lane = replace(real_lane.lane, worktree=tree)
    real_lane.profile = replace(
        real_lane.profile,
        worker=_deep_file(folder, "d", 4000),
        inbox=_deep_file(folder, "e", 4000),
        config_dir=config,
        mounts=(BindMount(extra, target),),
    )
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    script = 'echo yes > /workspace/f && echo too > "$1/f" && cat /root/d*/here'
    container = real_lane.lane.container_name
    seen = real_lane.sandbox.run("exec", container, "sh", "-c", script, "sh", target)
    assert seen == "conf"
    assert (Path(tree, "f").read_text(), Path(extra, "f").read_text()) == ("yes\n", "too\n")
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


def test_symlinked_paths_are_followed_and_keep_their_names(real_lane: RealLane) -> None:
    folder = real_lane.folder
    (folder / "elsewhere").mkdir()
    (folder / "link").symlink_to("elsewhere")
    (folder / "worker-link").symlink_to(Path(real_lane.profile.worker).name)
    (folder / "config-link").symlink_to("home/.codex")
    real_lane.lane = replace(real_lane.lane, worktree=f"{folder}//link/.")
    real_lane.profile = replace(
        real_lane.profile,
        worker=f"{folder}/./worker-link",
        config_dir=f"{folder}/config-link/",
        mounts=(BindMount(f"{folder}/link/", "/extra/"),),
    )
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    script = "echo yes > /workspace/f && cat /extra/f /root/config-link/config.toml"
    seen = real_lane.sandbox.run("exec", real_lane.lane.container_name, "sh", "-c", script)
    assert seen == "yes\nfirst"
    assert (folder / "elsewhere" / "f").read_text() == "yes\n"
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


def test_podman_socket_is_never_mounted(
    real_lane: RealLane, podman_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{podman_service}")
    folder = real_lane.folder
    (folder / "it").symlink_to(podman_service)
    (folder / "its-folder").symlink_to(podman_service.parent)
    for source in (podman_service, podman_service.parent, folder / "it", folder / "its-folder"):
        mounts = (BindMount(str(source), "/extra", read_only=True),)
        real_lane.profile = replace(real_lane.profile, mounts=mounts)
        outcome = real_lane.lanes().ensure(real_lane.lane)
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), InvalidLane)
        assert "podman's socket" in outcome.failure().message
    assert real_lane.containers() == []
