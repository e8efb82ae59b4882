"""`lanekit doctor` on this machine, by either engine: as its podman works, and as it does not."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import Sandbox

LANEKIT = str(Path(sys.executable).parent / "lanekit")
_WRAPPER = """\
#!{python} -IS
import os, sys
os.environ.pop("CONTAINER_HOST", None)
os.execv({argv!r}[0], {argv!r} + sys.argv[1:])
"""
_MENDS = re.compile(r"^(default_ulimits|runtime) *=.*\n", re.MULTILINE)
_PATIENCE = 180


@dataclass
class Clinic:
    """The sandbox's podman with a containers.conf of the test's own."""

    sandbox: Sandbox
    folder: Path
    way: Literal["command", "socket"]

    @property
    def conf(self) -> Path:
        """The containers.conf."""
        return self.folder / "containers.conf"

    def without_busybox(self) -> None:
        """Let the busybox that is found first be a program that needs libraries."""
        _ = shutil.copy("/bin/ls", self.folder / "busybox")

    def plain(self) -> None:
        """Take away what the sandbox has in it so that containers start here."""
        text = (self.sandbox.folder / "containers.conf").read_text()
        _ = self.conf.write_text(_MENDS.sub("", text))

    def doctor(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """`lanekit doctor`, in a folder without a fleet file."""
        with self.environ() as env:
            return subprocess.run(
                [LANEKIT, "doctor", *words],
                cwd=self.folder,
                env=env,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )

    def findings(self, *words: str) -> dict[str, dict[str, Any]]:
        """What doctor --json finds, by check."""
        said = self.doctor("--json", *words).stdout
        return {found["check"]: found for found in map(json.loads, said.splitlines())}

    @contextmanager
    def environ(self) -> Generator[Mapping[str, str]]:
        """The environment of a doctor; for the socket, with a service that runs meanwhile."""
        own = {"CONTAINERS_CONF": str(self.conf), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        env = {**self.sandbox.env, **own}
        if self.way == "command":
            yield {**env, "LANEKIT_ENGINE": "cli"}
            return
        with self._service(env) as socket:
            yield {**env, "LANEKIT_ENGINE": "socket", "CONTAINER_HOST": f"unix://{socket}"}

    @contextmanager
    def _service(self, env: Mapping[str, str]) -> Generator[Path]:
        socket = self.folder / "s"
        socket.unlink(missing_ok=True)
        command = [*self.sandbox.argv, "system", "service", "--time", "0", f"unix://{socket}"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet) as service:
            deadline = time.monotonic() + 20
            while not socket.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            try:
                yield socket
            finally:
                service.terminate()


@pytest.fixture(params=["command", "socket"])
def clinic(request: pytest.FixtureRequest, podman: Sandbox, tmp_path: Path) -> Clinic:
    wrapper = tmp_path / "podman"
    argv = list(podman.argv)
    _ = wrapper.write_text(_WRAPPER.format(python=podman.bin / "python-of-podman", argv=argv))
    wrapper.chmod(0o755)
    made = Clinic(podman, tmp_path, request.param)
    _ = made.conf.write_text((podman.folder / "containers.conf").read_text())
    return made


def _things(podman: Sandbox) -> tuple[str, str]:
    """All containers and images."""
    images = podman.run("images", "-a", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}")
    return podman.run("ps", "-a", "-q"), images


def _with(conf: str, lines: list[str]) -> str:
    """Each line written into its table, as doctor says."""
    table = ""
    for line in lines:
        if line.startswith("["):
            table = line
        elif re.search(rf"^{re.escape(table)}$", conf, re.MULTILINE):
            conf = conf.replace(f"{table}\n", f"{table}\n{line}\n", 1)
        else:
            conf += f"{table}\n{line}\n"
    return conf


def test_all_is_well_where_containers_start(clinic: Clinic) -> None:
    before = _things(clinic.sandbox)
    done = clinic.doctor()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    found = clinic.findings()
    made = ("start", "as asked", "port", "host name")
    for check in ("version", "podman", "storage", *made, "locks"):
        assert found[check]["status"] == "ok", found[check]
    assert found["fleet file"]["status"] == "not tried"
    assert _things(clinic.sandbox) == before


def test_a_machine_on_which_nothing_starts_is_mended_by_what_doctor_prints(
    clinic: Clinic,
) -> None:
    clinic.plain()
    before = _things(clinic.sandbox)
    done = clinic.doctor()
    if done.returncode == 0:
        pytest.skip("containers start here without a containers.conf of their own")
    found = clinic.findings()["start"]
    assert found["status"] == "FAIL", done.stdout
    assert found["words"], "podman's own words have to be there"
    assert found["lines"], done.stdout
    if clinic.way == "command":
        assert found["file"] == str(clinic.conf)
    if clinic.way == "command" or "[engine]" not in found["lines"]:
        assert "tried for one container: with these lines it starts" in found["remedy"]
    for line in (found["file"], *found["lines"]):
        assert line in done.stdout
    _ = clinic.conf.write_text(_with(clinic.conf.read_text(), found["lines"]))
    again = clinic.doctor()
    assert again.returncode == 0, again.stdout
    assert clinic.findings()["start"]["status"] == "ok"
    assert _things(clinic.sandbox) == before


def test_the_causes_of_this_kind_of_machine_are_named(clinic: Clinic) -> None:
    mended = clinic.conf.read_text()
    clinic.plain()
    if mended == clinic.conf.read_text():
        pytest.skip("containers start here without a containers.conf of their own")
    found = clinic.findings()["start"]
    assert "ulimits" in found["found"] or "crun" in found["found"], found
    assert "does not know" not in found["found"]


def test_what_is_set_for_all_containers_is_told(clinic: Clinic) -> None:
    text = clinic.conf.read_text()
    fewer = 'default_capabilities = ["DAC_OVERRIDE", "NET_BIND_SERVICE"]'
    _ = clinic.conf.write_text(_with(text, ["[containers]", fewer, 'volumes = ["/srv:/extra"]']))
    done = clinic.doctor()
    assert done.returncode == 1
    found = clinic.findings()["as asked"]
    assert found["status"] == "FAIL"
    assert "cap_drop: expected none, actual CHOWN" in found["words"]
    if clinic.way == "command":
        # podman 4.3.1's service gives nobody these.
        assert "mount./extra: expected absent, actual /srv" in found["words"]
    for words in (*found["words"].splitlines(), "$CONTAINERS_CONF"):
        assert words in done.stdout


def test_a_containers_conf_that_is_not_there_is_what_has_to_be_mended(clinic: Clinic) -> None:
    if clinic.way == "socket":
        pytest.skip("its service does not even start")
    clinic.conf.unlink()
    done = clinic.doctor()
    assert done.returncode == 1
    assert f"{clinic.conf}: no such file" in done.stdout
    assert "install" not in done.stdout.partition("socket")[0]


def test_the_fleets_image_is_used(clinic: Clinic, cli_lane: RealLane) -> None:
    found = clinic.findings("-f", str(cli_lane.fleet_file()), cli_lane.lane.name)
    assert found["image"]["status"] == found["start"]["status"] == "ok"
    assert cli_lane.profile.image in found["start"]["found"]
    assert found["port"]["status"] == found["host name"]["status"] == "ok"


def test_image_starts_by_its_own_shell_without_busybox(clinic: Clinic, cli_lane: RealLane) -> None:
    clinic.without_busybox()
    before = _things(clinic.sandbox)
    found = clinic.findings("-f", str(cli_lane.fleet_file()), cli_lane.lane.name)
    for check in ("start", "as asked", "port", "host name"):
        assert found[check]["status"] == "ok", found[check]
    assert _things(clinic.sandbox) == before


def test_without_busybox_and_image_nothing_is_claimed(clinic: Clinic) -> None:
    clinic.without_busybox()
    before = _things(clinic.sandbox)
    found = clinic.findings()
    assert found["start"]["status"] == "warn"
    assert "busybox-static" in found["start"]["remedy"][0]
    assert found["as asked"]["status"] == "ok"
    assert found["port"]["status"] == "not tried"
    assert clinic.doctor().returncode == 0
    assert _things(clinic.sandbox) == before


def test_an_image_that_is_missing_fails(clinic: Clinic, cli_lane: RealLane) -> None:
    file = cli_lane.fleet_file()
    _ = file.write_text(file.read_text().replace(cli_lane.profile.image, "localhost/none:1"))
    done = clinic.doctor("-f", str(file))
    assert done.returncode == 1
    found = clinic.findings("-f", str(file))
    assert "localhost/none:1" in found["image"]["found"]
    assert found["start"]["status"] == "ok"


def test_a_doctor_that_is_killed_leaves_what_the_next_one_removes(clinic: Clinic) -> None:
    before = _things(clinic.sandbox)
    with clinic.environ() as env:
        killed = 0
        for pause in (0.5, 0.7, 0.9, 1.1, 1.3):
            with subprocess.Popen(
                [LANEKIT, "doctor"],
                cwd=clinic.folder,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            ) as doctor:
                time.sleep(pause)
                if doctor.poll() is None:
                    killed += 1
                    os.killpg(doctor.pid, signal.SIGKILL)
    assert killed
    assert clinic.findings()["start"]["status"] == "ok"
    assert _things(clinic.sandbox) == before


def test_a_container_of_somebody_elses_is_left_alone(clinic: Clinic, prefix: str) -> None:
    name = f"{prefix}x"
    image = "localhost/lanekit-demo:local"
    _ = clinic.sandbox.run(
        "run", "-d", "--name", name, "--label", "lanekit.doctor=x", image, "sleep", "3600"
    )
    assert clinic.findings()["start"]["status"] == "ok"
    state = clinic.sandbox.run("container", "inspect", name, "--format", "{{.State.Status}}")
    assert state == "running"


def test_a_runtime_that_is_not_there_is_named(clinic: Clinic) -> None:
    if clinic.way == "socket":
        pytest.skip("its service does not even start")
    text = _MENDS.sub("", clinic.conf.read_text())
    _ = clinic.conf.write_text(_with(text, ["[engine]", 'runtime = "no-such-runtime"']))
    done = clinic.doctor()
    assert done.returncode == 1
    assert "there is no OCI runtime" in done.stdout
    assert 'default OCI runtime "no-such-runtime" not found' in done.stdout


def test_without_podman(clinic: Clinic) -> None:
    env = {**clinic.sandbox.env, "PATH": str(clinic.folder / "none"), "LANEKIT_ENGINE": "auto"}
    env |= {"CONTAINER_HOST": f"unix://{clinic.folder}/none.sock"}
    done = subprocess.run(
        [LANEKIT, "doctor"],
        cwd=clinic.folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "apt-get install podman" in done.stdout
    assert "systemctl --user start podman.socket" in done.stdout
    assert done.stderr == ""
