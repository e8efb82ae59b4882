"""kill -9 of `lanekit ensure`, cold and in the middle of a replace, at every operation.

What podman was told just before goes on without us: with its command the process, with its socket
the request. No container that has the lane's name may ever be without its whole config.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.counting_proxy import counting_proxy
from tests.support.config_files import copy_of
from tests.support.sandbox.podman_sandbox import LOG_VARIABLE, read_log

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.containers import NEXT
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.labels import LABEL_CONFIG
from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman

# By their first argument and how many of that kind came before, and so the requests. Of the
# inspects two look at what is there.
PROCESSES: Sequence[tuple[str, int]] = [
    ("create", 0),
    ("cp", 0),
    ("container", 2),
    ("stop", 0),
    ("rename", 0),
    ("rename", 1),
    ("start", 0),
    ("container", 3),
    ("rm", 0),
]
REQUESTS: Sequence[tuple[str, int]] = [
    ("POST containers create", 0),
    ("PUT containers archive", 0),
    ("GET containers json", 2),
    ("POST containers stop", 0),
    ("POST containers rename", 0),
    ("POST containers rename", 1),
    ("POST containers start", 0),
    ("GET containers json", 3),
    ("DELETE containers", 0),
]
COLD_PROCESSES: Sequence[tuple[str, int]] = [
    ("create", 0),
    ("cp", 0),
    ("container", 1),
    ("rename", 0),
    ("start", 0),
]
COLD_REQUESTS: Sequence[tuple[str, int]] = [
    ("POST containers create", 0),
    ("PUT containers archive", 0),
    ("GET containers json", 2),
    ("POST containers rename", 0),
    ("POST containers start", 0),
]
COPIES = ("cp", "PUT containers archive")
# More than pipes and sockets hold, so that a copy that is cut off lacks something.
SKILLS = {f"skill-{number}": 1 << 20 for number in range(4)}


def ensure(real: RealLane, log: Path | None = None) -> "subprocess.Popen[str]":
    more = {LOG_VARIABLE: str(log)} if log else {}
    return subprocess.Popen(
        [sys.executable, "-m", "lanekit", "ensure", "--json", "--file", str(real.fleet_file())],
        env=real.environ(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_when(process: "subprocess.Popen[str]", log: Path, point: tuple[str, int]) -> None:
    verb, before = point
    deadline = time.monotonic() + 60
    while [call[0] for call in read_log(log)].count(verb) <= before:
        assert time.monotonic() < deadline, "the operation never came"
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    _ = process.communicate()


def answers(seen: ObservedContainer) -> bool:
    return HttpProbe().answers(or_raise(endpoint_of(seen)), "/", 5)


def named(point: tuple[str, int]) -> str:
    return f"{point[0]}-{point[1]}"


def _config_is_whole(real: RealLane, container: ObservedContainer) -> bool:
    return real.config_in(container.id) == container.labels[LABEL_CONFIG]


def left_behind(real: RealLane) -> dict[str, ObservedContainer]:
    """What the kill left, by the end of its name, once nothing moves."""
    time.sleep(1)
    return {c.name.removeprefix(real.lane.container_name): c for c in real.containers()}


def converges(real: RealLane) -> ObservedContainer:
    """The one container that the next ensure leaves, with the config of the host."""
    made = or_raise(real.lanes().ensure(real.lane))
    (after,) = real.containers()
    assert (after.name, after.state) == (real.lane.container_name, "running")
    assert answers(after)
    assert after.labels[LABEL_CONFIG] == copy_of(real.profile.config_dir).digest
    assert _config_is_whole(real, after)
    again = or_raise(real.lanes().ensure(real.lane))
    assert (again.action, again.endpoint) == ("none", made.endpoint)
    return after


def _cold_and(real: RealLane, killed: Callable[[], None], *, copying: bool) -> None:
    for name, size in SKILLS.items():
        _ = (Path(real.profile.config_dir) / name).write_bytes(bytes(size))
    killed()
    left = left_behind(real)
    assert len(left) <= 1
    if "" in left:
        assert _config_is_whole(real, left[""])
    if copying:
        assert not _config_is_whole(real, left[NEXT]), "the copy was over before the kill"
    _ = converges(real)


def _replace_and(real: RealLane, killed: Callable[[], None], *, removed: bool) -> None:
    _ = or_raise(real.lanes().ensure(real.lane))
    (old,) = real.containers()
    real.worker(WORKER.format(word="two"))
    killed()
    left = left_behind(real)
    if not removed:
        assert old.id in [seen.id for seen in left.values()]
    elif "" in left:
        assert left[""].id != old.id
        assert answers(left[""])
    assert converges(real).id != old.id


@pytest.mark.parametrize("point", COLD_PROCESSES, ids=named)
def test_a_kill_at_every_process_of_a_cold_ensure_leaves_no_lane_without_config(
    cli_lane: RealLane, point: tuple[str, int], tmp_path: Path
) -> None:
    log = tmp_path / "killed"
    _cold_and(
        cli_lane,
        lambda: kill_when(ensure(cli_lane, log), log, point),
        copying=point[0] in COPIES,
    )


@pytest.mark.parametrize("point", COLD_REQUESTS, ids=named)
def test_a_kill_at_every_request_of_a_cold_ensure_leaves_no_lane_without_config(
    cli_lane: RealLane, podman_service: Path, point: tuple[str, int], tmp_path: Path
) -> None:
    with killed_at(cli_lane, podman_service, point, tmp_path) as killed:
        _cold_and(cli_lane, killed, copying=point[0] in COPIES)


@pytest.mark.parametrize("point", PROCESSES, ids=named)
def test_a_kill_at_every_process_loses_nothing(
    cli_lane: RealLane, point: tuple[str, int], tmp_path: Path
) -> None:
    log = tmp_path / "killed"
    _replace_and(
        cli_lane,
        lambda: kill_when(ensure(cli_lane, log), log, point),
        removed=point[0] == "rm",
    )


@pytest.mark.parametrize("point", REQUESTS, ids=named)
def test_a_kill_at_every_request_loses_nothing(
    cli_lane: RealLane, podman_service: Path, point: tuple[str, int], tmp_path: Path
) -> None:
    with killed_at(cli_lane, podman_service, point, tmp_path) as killed:
        _replace_and(cli_lane, killed, removed=point[0].startswith("DELETE"))


@contextmanager
def killed_at(
    real: RealLane, service: Path, point: tuple[str, int], folder: Path
) -> Generator[Callable[[], None]]:
    """What runs an ensure that is killed when it makes this request."""
    verb, count = point
    processes: list[subprocess.Popen[str]] = []

    def before(request: str) -> None:
        if request == verb and proxy.requests.count(verb) == count + 1:
            os.kill(processes[0].pid, signal.SIGKILL)

    def killed() -> None:
        real.socket = proxy.path
        processes.append(ensure(real))
        assert processes[0].wait(60) == -signal.SIGKILL
        _ = processes[0].communicate()
        real.socket = service

    with counting_proxy(folder, service, before) as proxy:
        yield killed
