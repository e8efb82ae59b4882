"""The two engines that talk to podman make the same containers; each does without the other."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import BindMount
from lanekit.core.ports.engine import ContainerEngine

pytestmark = [pytest.mark.podman, pytest.mark.every_podman]

# What differs between two containers of one spec, whoever makes them.
_OWN = {
    *("Id", "Name", "Created", "CreateCommand", "StartedAt", "FinishedAt", "Pid", "ConmonPid"),
    *("PidFile", "ConmonPidFile", "CgroupPath", "OCIConfigPath", "ResolvConfPath", "HostnamePath"),
    *("HostsPath", "StaticDir", "RunDir", "LowerDir", "UpperDir", "WorkDir", "MergedDir", "Path#"),
    *("SandboxID", "SandboxKey", "IPAddress", "MacAddress", "HostPort", "Hostname", "NetworkID"),
    *(
        "EndpointID",
        "LockNumber",
        "lockNumber",
        "Aliases",
        "ExitCommand",
        "ContainerIDFile",
        "LogPath",
    ),
}
# 4.3.1 adds the first to what comes through REST, where it says what is so anyway; a time.
_COSMETIC = {"io.kubernetes.cri-o.TTY", "io.kubernetes.cri-o.Created"}


def _facts(shown: object, where: str = "") -> Iterator[str]:
    """All that an inspect says, a line for each value; the order of a list does not count."""
    if isinstance(shown, dict):
        for key, value in cast("dict[str, object]", shown).items():
            if key not in _OWN | _COSMETIC:
                yield from _facts(value, f"{where}.{key}")
    elif isinstance(shown, list):
        for value in cast("list[object]", shown):
            yield from _facts(value, f"{where}[]")
    else:
        yield re.sub(r"[0-9a-f]{64}|HOSTNAME=\w+", "ID", f"{where}: {shown}")


def _differences(one: object, other: object) -> list[str]:
    first, second = (Counter(_facts(shown)) for shown in (one, other))
    return [*(first - second), *(second - first)]


def _spec(real: RealLane) -> ContainerSpec:
    mounts = (BindMount(str(real.folder), "/more", read_only=True),)
    env = {"TOKEN": "one\ntwo", "EMPTY": "", "PATH": "/bin"}
    profile = replace(
        real.profile, mounts=mounts, env=env, memory=64 << 20, cpus=0.5, pids_limit=50
    )
    return or_raise(Lanes(real.engine(), profile).spec(real.lane))


def _shown(podman: Sandbox, name: str) -> Any:
    (shown,) = json.loads(podman.run("container", "inspect", name))
    return shown


@pytest.mark.pids_limit
def test_both_engines_create_equal_containers(
    cli_lane: RealLane, podman: Sandbox, podman_service: Path
) -> None:
    proxies = {"http_proxy": "http://127.0.0.1:1", "NO_PROXY": "localhost"}
    command = PodmanCli(podman.argv, env={**podman.env, **proxies})
    service = PodmanSocket(str(podman_service), env=proxies)
    engines: tuple[ContainerEngine, ...] = (command, service)
    spec, name = _spec(cli_lane), cli_lane.lane.container_name
    made = [or_raise(engine.create(spec, f"{name}-{n}")) for n, engine in enumerate(engines)]
    for start in (False, True):
        if start:
            for engine, identifier in zip(engines, made, strict=True):
                _ = or_raise(engine.start(identifier))
        one, other = (_shown(podman, identifier) for identifier in made)
        assert _differences(one, other) == []
        assert "http_proxy=http://127.0.0.1:1" in other["Config"]["Env"]
        # The comparison would notice.
        other["HostConfig"]["Memory"] += 1
        other["Config"]["Env"].append("A=b")
        assert len(_differences(one, other)) == 3
        seen = [or_raise(service.inspect([identifier]))[identifier] for identifier in made]
        assert [seen[0], seen[1]] == [
            or_raise(command.inspect([identifier]))[identifier] for identifier in made
        ]


def test_container_of_one_engine_has_no_drift_for_the_other(
    cli_lane: RealLane, podman_service: Path
) -> None:
    for make, look in ((None, podman_service), (podman_service, None)):
        cli_lane.socket = make
        made = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
        cli_lane.socket = look
        again = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
        assert (made.action, again.action) == ("created", "none")
        assert again.endpoint == made.endpoint
        assert or_raise(cli_lane.lanes().remove(cli_lane.lane)) == "removed"


def test_command_engine_passes_container_host_to_podman(
    cli_lane: RealLane, podman_service: Path
) -> None:
    # The podman command then talks to that service; over ssh it does the same.
    env = {**os.environ, "CONTAINER_HOST": f"unix://{podman_service}"}
    podman = shutil.which("podman")
    assert podman
    lanes = Lanes(PodmanCli((podman,), env=env), cli_lane.profile)
    assert or_raise(lanes.ensure(cli_lane.lane)).action == "created"
    assert or_raise(lanes.ensure(cli_lane.lane)).action == "none"
    assert [seen.name for seen in cli_lane.containers()] == [cli_lane.lane.container_name]
    assert or_raise(lanes.remove(cli_lane.lane)) == "removed"


def test_socket_engine_works_without_podman_command(
    cli_lane: RealLane, podman_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    lanes = Lanes(PodmanSocket(str(podman_service)), cli_lane.profile)
    assert or_raise(lanes.ensure(cli_lane.lane)).action == "created"
    assert or_raise(lanes.stop(cli_lane.lane)) == "stopped"
    assert "serving one" in or_raise(lanes.logs(cli_lane.lane))
    assert or_raise(lanes.remove(cli_lane.lane)) == "removed"


def test_command_engine_works_without_socket(
    cli_lane: RealLane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert or_raise(cli_lane.lanes().ensure(cli_lane.lane)).action == "created"
