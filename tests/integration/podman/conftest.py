"""A lane on real podman: its files on disk, its containers in the sandbox."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.support.config_files import copy_of
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, LOG_VARIABLE, Sandbox, read_log

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine

# The shell is process 1, whose default is to ignore SIGTERM: hence the trap.
WORKER = """#!/bin/sh
mkdir -p /tmp/www && echo {word} > /tmp/www/index.html && echo serving {word}
trap 'kill $server; exit 0' TERM
httpd -f -p 31417 -h /tmp/www &
server=$!
wait $server
"""
CRASHING = "#!/bin/sh\necho begins\necho no key: cannot go on >&2\nexit 7\n"


@dataclass
class RealLane:
    """A lane whose files can be changed, and its containers on real podman."""

    folder: Path
    sandbox: Sandbox
    lane: Lane
    profile: Profile
    socket: Path | None = None

    def worker(self, text: str) -> None:
        """Replace the worker's file by rename, as an installer does."""
        _executable(self.folder / "new", text)
        os.replace(self.folder / "new", self.profile.worker)

    def other_worker(self, text: str) -> None:
        """Let the profile name another worker; the old file stays."""
        path = self.folder / "other-worker"
        _executable(path, text)
        self.profile = replace(self.profile, worker=str(path))

    def config(self, text: str) -> None:
        """Change the config."""
        _ = (Path(self.profile.config_dir) / "config.toml").write_text(text)

    def engine(self, **env: str) -> ContainerEngine:
        """The engine under test; the command's processes are logged if LOG_VARIABLE is given."""
        if self.socket is not None:
            return PodmanSocket(str(self.socket))
        return PodmanCli((str(self.sandbox.bin / "podman"),), env={**os.environ, **env})

    def environ(self, **more: str) -> dict[str, str]:
        """The environment in which `lanekit` uses the same engine."""
        if self.socket is None:
            return self.sandbox.environ(**more)
        here = {"CONTAINER_HOST": f"unix://{self.socket}", "LANEKIT_ENGINE": "socket"}
        return self.sandbox.environ(**here, **more)

    def lanes(self, **env: str) -> Lanes:
        """The facade over it."""
        return Lanes(self.engine(**env), self.profile)

    def counted(self, act: Callable[[Lanes], Any]) -> list[list[str]]:
        """The podman processes that `act` starts, each with its arguments."""
        log = self.folder / "processes"
        log.unlink(missing_ok=True)
        act(self.lanes(**{LOG_VARIABLE: str(log)}))
        return read_log(log)

    def containers(self) -> list[ObservedContainer]:
        """All of the lane's containers, leftovers too."""
        found = or_raise(self.engine().list_by_labels({"lanekit.workspace": self.lane.workspace}))
        return list(found)

    def config_in(self, container: str) -> str:
        """The digest of the config that a container has, by its files; "" when it has none."""
        command = [*self.sandbox.argv, "cp", f"{container}:/root/.codex", "-"]
        done = subprocess.run(command, env=self.sandbox.env, check=False, capture_output=True)
        if done.returncode:
            return ""
        with TemporaryDirectory() as into, tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            tar.extraction_filter = tarfile.fully_trusted_filter
            tar.extractall(into)
            return copy_of(f"{into}/.codex").digest

    def fleet_file(self) -> Path:
        """The lane as a lanes.toml."""
        path = self.folder / "lanes.toml"
        # By rename: another process may be reading it.
        new = path.with_suffix(".new")
        memory = f"memory = {self.profile.memory}" if self.profile.memory else ""
        _ = new.write_text(f"""
[profile]
image = "{self.profile.image}"
worker = "{self.profile.worker}"
inbox = "{self.profile.inbox}"
config_dir = "{self.profile.config_dir}"
stop_grace = 2
ready_timeout = 20
{memory}
[[lane]]
workspace = "{self.lane.workspace}"
id = "{self.lane.id}"
worktree = "{self.lane.worktree}"
container = "{self.lane.container_name}"
""")
        os.replace(new, path)
        return path


def _executable(path: Path, text: str) -> None:
    _ = path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(params=["command", "socket"])
def real_lane(request: pytest.FixtureRequest, cli_lane: RealLane) -> RealLane:
    """`cli_lane`, once for each engine that talks to podman."""
    if request.param == "socket":
        cli_lane.socket = request.getfixturevalue("podman_service")
    return cli_lane


@pytest.fixture
def cli_lane(podman: Sandbox, prefix: str, tmp_path: Path) -> RealLane:
    """A lane that is possible and has no container yet, on the engine of the podman command."""
    return _lane_in(tmp_path, podman, prefix.rstrip("-"), f"{prefix}a")


@pytest.fixture
def both_lanes(cli_lane: RealLane, podman_service: Path) -> list[RealLane]:
    """A lane on each engine that talks to podman, to be worked on at once where that takes long."""
    name = f"{cli_lane.lane.workspace}-b"
    folder = cli_lane.folder / "other"
    folder.mkdir()
    other = _lane_in(folder, cli_lane.sandbox, name, name)
    other.socket = podman_service
    return [cli_lane, other]


def _lane_in(folder: Path, sandbox: Sandbox, workspace: str, container: str) -> RealLane:
    for name in ("tree", "home/.codex/sub"):
        (folder / name).mkdir(parents=True)
    _ = (folder / "home/.codex/config.toml").write_text("first")
    _executable(folder / "worker", WORKER.format(word="one"))
    _executable(folder / "inbox", "#!/bin/sh\n")
    profile = Profile(
        worker=str(folder / "worker"),
        inbox=str(folder / "inbox"),
        image=DEMO_IMAGE,
        config_dir=str(folder / "home/.codex"),
        stop_grace=2,
        ready_timeout=20,
    )
    return RealLane(folder, sandbox, Lane(workspace, "a", str(folder / "tree"), container), profile)


@pytest.fixture
def another(cli_lane: RealLane) -> Callable[[str], Lane]:
    """More lanes of the same kind."""

    def make(name: str) -> Lane:
        tree = cli_lane.folder / f"tree-{name}"
        tree.mkdir()
        container = f"{cli_lane.lane.workspace}-{name}"
        return replace(cli_lane.lane, id=name, worktree=str(tree), container=container)

    return make
