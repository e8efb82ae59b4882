"""What doctor asks of podman beyond the engine's port, over the command and over the socket."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol, TypeVar

from returns.result import Failure, Success

from lanekit.adapters.host.processes import CommandTimeout, CompletedCommand, OutputTooLarge, run
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.cli.output import refusal
from lanekit.adapters.podman.error_mapping import error_of
from lanekit.adapters.podman.failure_causes import warnings
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.adapters.podman.rest.client import Rest
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.adapters.podman.rest.http_client import Response, queried, quoted
from lanekit.adapters.podman.rest.responses import GOOD, identifier_in, text_of, words_of
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import PodmanHost, UlimitSettings, Workaround
from lanekit.core.domain.errors import EngineTimeout, EngineUnavailable, Outcome
from lanekit.core.domain.podman_create.args import create_args
from lanekit.core.domain.podman_create.body import create_body
from lanekit.core.ports.engine import ContainerEngine

T = TypeVar("T")

TIMEOUT = 60.0
_RUNC = "runc"


class DiagnosticEngine(Protocol):
    """A podman that is examined; `engine` is lanekit's usual way to it."""

    @property
    def engine(self) -> ContainerEngine: ...

    @property
    def supported_workarounds(self) -> frozenset[Workaround]:
        """The cures that can be given to one container alone."""
        ...

    def info(self) -> Outcome[PodmanHost]:
        """What `podman info` says."""
        ...

    def create(
        self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        """Make the container under the spec's name with these cures; its full id."""
        ...

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        """Make an image of these files, with a label (NAME=VALUE)."""
        ...

    def remove_image(self, reference: str) -> Outcome[None]:
        """Take the reference away, and the image if it was its last."""
        ...


class PodmanCliDiagnostics:
    """podman by its command."""

    supported_workarounds: frozenset[Workaround] = frozenset(
        ("ulimits", "low-ulimits", "hybrid-cgroups")
    )

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.engine: PodmanCli = PodmanCli(env=env, timeout=TIMEOUT)

    def info(self) -> Outcome[PodmanHost]:
        said = self._run("look at podman", "info", "--format", "json")
        if isinstance(said, Failure):
            return said
        return _host(said.unwrap().stdout, said.unwrap().stderr)

    def create(
        self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        runtime = (f"--runtime={_RUNC}",) if "hybrid-cgroups" in cures else ()
        verb, *options = create_args(spec)
        given = (f"--ulimit={name}={value}:{value}" for name, value in limits.ulimits(cures))
        made = self._run(f"create {spec.name}", *runtime, verb, *given, *options)
        return made if isinstance(made, Failure) else Success(made.unwrap().stdout.split()[-1])

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        args = ("import", "-q", f"--change=LABEL {label}", "-", reference)
        return _nothing(self._run("import an image", *args, stdin=(tar,)))

    def remove_image(self, reference: str) -> Outcome[None]:
        return _nothing(self._run("remove an image", "rmi", "--", reference))

    def _run(
        self, doing: str, *args: str, stdin: tuple[bytes, ...] = ()
    ) -> Outcome[CompletedCommand]:
        try:
            said = run(("podman", *args), self._env, TIMEOUT, stdin)
        except OSError as error:
            return Failure(EngineUnavailable("the podman command cannot be run", str(error)))
        except (CommandTimeout, OutputTooLarge):
            return Failure(EngineTimeout(f"`podman {args[0]}` did not end within {TIMEOUT:g} s"))
        return Failure(refusal(doing, said)) if said.status else Success(said)


class PodmanRestDiagnostics:
    """podman by its service, which takes the runtime of its containers.conf and no other."""

    supported_workarounds: frozenset[Workaround] = frozenset(("ulimits", "low-ulimits"))

    def __init__(self, env: Mapping[str, str]) -> None:
        self._rest = Rest(None, env, TIMEOUT)
        self.engine: PodmanSocket = PodmanSocket(env=env, timeout=TIMEOUT)

    def info(self) -> Outcome[PodmanHost]:
        said = self._rest.checked("look at podman", "GET", "/info")
        return said if isinstance(said, Failure) else _host(text_of(said.unwrap()), "")

    def create(
        self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        body = create_body(spec)
        if ulimits := limits.ulimits(cures):
            body["r_limits"] = [
                {"type": name, "soft": value, "hard": value} for name, value in ulimits
            ]
        doing = f"create {spec.name}"
        made = self._rest.ask(doing, "POST", "/containers/create", json.dumps(body).encode())
        if isinstance(made, Failure):
            return made
        if made.unwrap().status not in GOOD:
            return Failure(error_of(doing, words_of(made.unwrap()), image=spec.image))
        return identifier_in(made.unwrap())

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        query = {"reference": reference, "changes": f"LABEL {label}"}
        path = queried("/images/import", query)
        return _done(self._rest.checked("import an image", "POST", path, stream=(tar,)))

    def remove_image(self, reference: str) -> Outcome[None]:
        path = f"/images/{quoted(reference)}"
        return _done(self._rest.checked("remove an image", "DELETE", path))


def _nothing(said: Outcome[CompletedCommand]) -> Outcome[None]:
    return said if isinstance(said, Failure) else Success(None)


def _done(said: Outcome[Response]) -> Outcome[None]:
    return said if isinstance(said, Failure) else Success(None)


def _host(text: str, log: str) -> Outcome[PodmanHost]:
    parsed = parse(text, "info")
    if isinstance(parsed, Failure):
        return parsed
    try:
        shown = as_node(parsed.unwrap(), "")
        return Success(_of(shown, log))
    except Malformed as error:
        return Failure(undecodable("info", str(error)))


def _of(shown: Node, log: str) -> PodmanHost:
    host, store = shown.node("host"), shown.node("store")
    security, runtime = host.node("security"), host.node("ociRuntime")
    return PodmanHost(
        version=shown.node("version").text("Version"),
        rootless=security.flag("rootless"),
        runtime=runtime.text("name"),
        cgroups=f"cgroups {host.text('cgroupVersion')}, {host.text('cgroupManager')}",
        controllers=host.texts("cgroupControllers"),
        selinux=security.flag("selinuxEnabled"),
        driver=store.text("graphDriverName"),
        storage=store.text("graphRoot"),
        machine=host.text("arch"),
        warnings=warnings(log),
    )


def hard_limits() -> UlimitSettings:
    """Those of this process; podman lets itself have no more processes than there are numbers."""
    import resource  # noqa: PLC0415 - costs start-up

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    with suppress(OSError, ValueError), open("/proc/sys/kernel/pid_max") as file:
        most = int(file.read())
        processes = most if processes < 0 else min(processes, most)
    return UlimitSettings(files, processes)


def conf_of(env: Mapping[str, str], host: PodmanHost | None, *, by_service: bool) -> str:
    """The containers.conf that whoever runs the containers reads.

    The service has an environment of its own, of which nothing is known.
    """
    if env.get("CONTAINERS_CONF") and not by_service:
        return env["CONTAINERS_CONF"]
    rootless = host.rootless if host is not None else os.geteuid() != 0
    if not rootless:
        return "/etc/containers/containers.conf"
    home = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME', '~')}/.config"
    return f"{home}/containers/containers.conf"
