"""Programs that play a podman which is broken, and a lane that asks them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lanekit.adapters.host.processes import ProcessLimits
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.api import Lanes
from lanekit.core.domain.errors import LaneError, Outcome
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.ports.engine import ContainerEngine

LOOKS = {"container inspect", "image inspect"}
# As podman says that it has none of the names or references: they begin with the fourth argument.
NOTHING_THERE = """
case "$1" in
  container) what="Error: no such container %s" ;;
  *) what="Error: %s: image not known" ;;
esac
shift 3; for name in "$@"; do printf "$what\\n" "$name" >&2; done
echo '[]'; exit 125"""


@dataclass(frozen=True)
class FakePodman:
    """A shell script in podman's place, which writes down what it is asked."""

    folder: Path

    @property
    def path(self) -> Path:
        """The program; its folder may stand in PATH."""
        return self.folder / "bin" / "podman"

    def becomes(self, script: str) -> "FakePodman":
        """From now on it runs this, with podman's arguments."""
        self.path.parent.mkdir(exist_ok=True)
        log = f"echo \"$1 $2\" >> '{self.folder}/calls'\n"
        _ = self.path.write_text(f"#!/bin/sh\n{log}{script}\n")
        self.path.chmod(0o755)
        return self

    @property
    def calls(self) -> list[str]:
        """The first two arguments of each call."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def engine(self, timeout: float) -> PodmanCli:
        """The engine that runs it; one call may take `timeout` seconds."""
        return PodmanCli((str(self.path),), timeout=timeout, limits=ProcessLimits(0.1))


def make_lane(folder: Path) -> tuple[Lane, Profile]:
    """A lane that is possible, with all its files."""
    (folder / "tree").mkdir()
    for name in ("worker", "inbox"):
        _ = (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    image = "localhost/a:1"
    profile = Profile(str(folder / "worker"), str(folder / "inbox"), image=image)
    return Lane("ws", "a", str(folder / "tree")), profile


def fleet_of(folder: Path) -> Path:
    """The same lane as a fleet file."""
    path = folder / "lanes.toml"
    _ = path.write_text(
        '[profile]\nimage = "localhost/a:1"\nworker = "worker"\ninbox = "inbox"\n'
        '[[lane]]\nworkspace = "ws"\nid = "a"\nworktree = "tree"\n'
    )
    return path


def lanes_over(engine: ContainerEngine, folder: Path) -> tuple[Lanes, Lane]:
    """The facade over an engine, and the lane."""
    lane, profile = make_lane(folder)
    return Lanes(engine, profile, ready_timeout=1), lane


def environ(fake: FakePodman) -> dict[str, str]:
    """An environment in which `podman` is the fake one."""
    path = f"{fake.path.parent}:{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "LANEKIT_ENGINE": "cli"}


def failure(outcome: Outcome[Any]) -> LaneError:
    """The error, which a person can read."""
    error: LaneError = outcome.failure()
    assert len(str(error)) < 10_000
    return error
