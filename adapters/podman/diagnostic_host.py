"""This host and its podman, as `lanekit doctor` examines them."""

import os
import resource
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from returns.result import Failure

from lanekit.adapters.host.processes import CommandTimeout, OutputTooLarge, run
from lanekit.adapters.host.procfs import is_process_of
from lanekit.adapters.podman.address import find_address
from lanekit.adapters.podman.auto import find_podman
from lanekit.adapters.podman.cli.diagnostics import PodmanCliDiagnostics
from lanekit.adapters.podman.failure_causes import diagnosis_of
from lanekit.adapters.podman.rest.diagnostics import PodmanRestDiagnostics
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.adapters.podman.start_programs import archive, start_programs
from lanekit.core.domain.diagnostics.facts import (
    Connection,
    ConnectionCheck,
    Diagnosis,
    PodmanHost,
    UlimitSettings,
)
from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.diagnostics import DiagnosticEngine, StartProgram

_COMMAND_SECONDS = 10.0
_PING_SECONDS = 3.0
_MAX_HOSTS_BYTES = 1 << 20


class PodmanDiagnosticHost:
    """A `DiagnosticHost` for podman; `env` is the environment to look at, this process's own."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = dict(os.environ if env is None else env)

    def command(self) -> ConnectionCheck:
        """See `DiagnosticHost.command`."""
        check = self._version_of("podman", "--version")
        return replace(check, version=check.version.removeprefix("podman version "))

    def _version_of(self, *command: str) -> ConnectionCheck:
        try:
            done = run(command, self._env, _COMMAND_SECONDS)
        except OSError as error:
            return ConnectionCheck(command[0], fault=error.strerror or str(error))
        except (CommandTimeout, OutputTooLarge):
            fault = f"it did not end within {_COMMAND_SECONDS:g} s"
            return ConnectionCheck(command[0], fault=fault, there=True)
        if done.status:
            fault = done.stderr.strip() or f"exit status {done.status}"
            return ConnectionCheck(command[0], fault=fault, there=True)
        return ConnectionCheck(command[0], done.stdout.strip())

    def socket(self) -> ConnectionCheck:
        """See `DiagnosticHost.socket`."""
        found = find_address(self._env)
        if isinstance(found, Failure):
            return ConnectionCheck("", fault=found.failure().message)
        address = str(found.unwrap())
        pinged = PodmanSocket(env=self._env, timeout=_COMMAND_SECONDS).ping(_PING_SECONDS)
        if isinstance(pinged, Failure):
            return ConnectionCheck(address, fault=_text(pinged.failure()))
        info = PodmanRestDiagnostics(self._env).info()
        # One that answers a ping and no more: the check of its storage will say why.
        return ConnectionCheck(address, "" if isinstance(info, Failure) else info.unwrap().version)

    def preferred(self) -> Connection:
        """See `DiagnosticHost.preferred`."""
        return "socket" if isinstance(find_podman(self._env), PodmanSocket) else "command"

    def engine(self, connection: Connection) -> DiagnosticEngine:
        """See `DiagnosticHost.engine`."""
        if connection == "socket":
            return PodmanRestDiagnostics(self._env)
        return PodmanCliDiagnostics(self._env)

    def diagnosis(self, error: LaneError) -> Diagnosis:
        """See `DiagnosticHost.diagnosis`."""
        return diagnosis_of(_text(error))

    def limits(self) -> UlimitSettings:
        """Return them; podman lets itself have no more processes than there are numbers."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        with suppress(OSError, ValueError), open("/proc/sys/kernel/pid_max") as file:
            most = int(file.read())
            processes = most if processes < 0 else min(processes, most)
        return UlimitSettings(files, processes)

    def containers_conf(self, podman: PodmanHost | None, connection: Connection | None) -> str:
        """Return its path; a service has an environment of its own, which is not known."""
        if self._env.get("CONTAINERS_CONF") and connection != "socket":
            return self._env["CONTAINERS_CONF"]
        rootless = podman.rootless if podman is not None else os.geteuid() != 0
        if not rootless:
            return "/etc/containers/containers.conf"
        home = self._env.get("XDG_CONFIG_HOME") or f"{self._env.get('HOME', '~')}/.config"
        return f"{home}/containers/containers.conf"

    def git_version(self) -> str:
        """See `DiagnosticHost.git_version`."""
        return self._version_of("git", "--version").version

    def start_programs(self, podman: PodmanHost, image: str) -> tuple[StartProgram, ...]:
        """See `DiagnosticHost.start_programs`: this host's busybox, and the image's shell."""
        return start_programs(podman.machine, image, self._env)

    def empty_image(self) -> bytes:
        """See `DiagnosticHost.empty_image`."""
        return archive("/.lanekit-doctor", b"")

    def knows_its_host(self, container: ObservedContainer) -> bool | None:
        """Return what its /etc/hosts says, if its process is one of this host."""
        try:
            is_here = is_process_of(container)
            with open(f"/proc/{container.pid}/root/etc/hosts", "rb") as hosts:
                known = b"host.containers.internal" in hosts.read(_MAX_HOSTS_BYTES)
        except OSError:
            return None
        return known if is_here else None


def _text(error: LaneError) -> str:
    return error.detail or error.message
