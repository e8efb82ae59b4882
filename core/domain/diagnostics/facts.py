"""What `lanekit doctor` saw of a machine, as data; and what to try next when nothing starts."""

from typing import Literal, TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.differences import Drift

Cause: TypeAlias = Literal[
    "ulimits",
    "hybrid-cgroups",
    "no-runtime",
    "no-conmon",
    "no-network",
    "no-subids",
    "overlay",
    "no-controllers",
    "storage",
    "no-service",
    "no-program",
    "unknown",
]
"""Why no container starts. `no-program`: podman got as far as to start a program that is not there.
Of an `unknown` one podman's words are all there is to say.
"""
Connection: TypeAlias = Literal["command", "socket"]
"""A way to reach podman."""
Workaround: TypeAlias = Literal["ulimits", "low-ulimits", "hybrid-cgroups"]
"""What lines in containers.conf mend, and what can be tried for one container. The limits of this
process may be more than podman's own are; then the low ones are tried.
"""

OLDEST = (4, 3)
"""The first podman that lanekit works with."""
_ENOUGH = 1 << 20


@dataclass(frozen=True)
class UlimitSettings:
    """The hard limits of this process: what may be given to a container, -1 where unlimited."""

    files: int
    processes: int

    def ulimits(self, workarounds: tuple[Workaround, ...]) -> tuple[tuple[str, int], ...]:
        """Return names and values that need no privilege to set, if these workarounds set any."""
        if "low-ulimits" in workarounds:
            return (
                ("nofile", min(_known(self.files), 1024)),
                ("nproc", min(_known(self.processes), 4096)),
            )
        if "ulimits" in workarounds:
            return (("nofile", _known(self.files)), ("nproc", _known(self.processes)))
        return ()


def _known(limit: int) -> int:
    return limit if 0 <= limit < _ENOUGH else _ENOUGH


@dataclass(frozen=True)
class Diagnosis:
    """Something podman could not do: the cause, if its words are known, and the words."""

    cause: Cause
    words: str


@dataclass(frozen=True)
class ConnectionCheck:
    """A way to podman: where it was looked for; its version; why it cannot be used, if so.

    `there`: somebody is there to say that.
    """

    where: str
    version: str = ""
    fault: str = ""
    there: bool = False


@dataclass(frozen=True)
class PodmanHost:
    """What `podman info` says. `complaints`: what podman warned of meanwhile."""

    version: str
    rootless: bool
    runtime: str
    cgroups: str
    controllers: tuple[str, ...]
    selinux: bool
    driver: str
    storage: str
    machine: str
    warnings: tuple[Diagnosis, ...] = ()


@dataclass(frozen=True)
class StartAttempt:
    """A start with these workarounds. `diagnosis` is None if the container ran."""

    workarounds: tuple[Workaround, ...] = ()
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class StartTestResult:
    """The start test: its attempts in order, or why there was none; and what was seen of it then.

    `image` is the fleet's image that was used, "" for one made for the test. `port`: whether a
    program in it answered at a port published on 127.0.0.1; `host_name`: whether it knows
    host.containers.internal; None: not tried. `differs`: in what it is other than asked; None: not
    seen. `left`: what could not be removed again.
    """

    attempts: tuple[StartAttempt, ...] = ()
    skipped: str = ""
    image: str = ""
    port: bool | None = None
    host_name: bool | None = None
    differences: Drift | None = None
    leftover: str = ""


@dataclass(frozen=True)
class FleetFacts:
    """The fleet file: its path ("" when there is none), its faults, the images of its lanes."""

    path: str = ""
    faults: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that was seen. `over`: the way to podman that lanekit takes, None when there is none.

    `conf`: the containers.conf of whoever runs the containers. `images` are those of the fleet
    that are there. `locks`: why lanekit cannot keep its locks. `git`: its version.
    """

    fleet: FleetFacts
    command: ConnectionCheck
    socket: ConnectionCheck
    over: Connection | None
    host: PodmanHost | Diagnosis | None
    limits: UlimitSettings
    conf: str
    images: tuple[str, ...] | Diagnosis
    start: StartTestResult
    locks: str
    git: str


def next_workarounds(
    attempts: tuple[StartAttempt, ...], able: frozenset[Workaround]
) -> tuple[Workaround, ...] | None:
    """The workarounds to try after these attempts; None: nothing more can be learned.

    `able` are those that can be tried. Each is tried once: a cause that is still there with its
    workaround is another one.
    """
    if not attempts:
        return ()
    wanted = next_workaround(attempts[-1])
    return wanted if wanted is not None and able.issuperset(wanted) else None


def next_workaround(last: StartAttempt) -> tuple[Workaround, ...] | None:
    """Return its workarounds and one more, which may help; None if there is none."""
    if last.diagnosis is None:
        return None
    match last.diagnosis.cause:
        case "ulimits":
            return _with_limits(last.workarounds)
        case "hybrid-cgroups":
            return (
                None
                if "hybrid-cgroups" in last.workarounds
                else (*last.workarounds, "hybrid-cgroups")
            )
        case _:
            return None


def _with_limits(workarounds: tuple[Workaround, ...]) -> tuple[Workaround, ...] | None:
    if "low-ulimits" in workarounds:
        return None
    if "ulimits" in workarounds:
        return tuple(
            "low-ulimits" if workaround == "ulimits" else workaround for workaround in workarounds
        )
    return (*workarounds, "ulimits")


def containers_conf_lines(
    workarounds: tuple[Workaround, ...], limits: UlimitSettings
) -> tuple[str, ...]:
    """The lines of a containers.conf that mend these: tables, each with its one key."""
    lines: list[str] = []
    ulimits = limits.ulimits(workarounds)
    if ulimits:
        values = ", ".join(f'"{name}={value}:{value}"' for name, value in ulimits)
        lines += ["[containers]", f"default_ulimits = [{values}]"]
    if "hybrid-cgroups" in workarounds:
        lines += ["[engine]", 'runtime = "runc"']
    return tuple(lines)
