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
    "unknown",
]
"""Why no container starts; for `unknown` only podman's own error text explains it."""
Workaround: TypeAlias = Literal["ulimits", "low-ulimits", "hybrid-cgroups"]
"""A setting in containers.conf, which can also be tested with one container. The limits of this
process may exceed podman's own; then the low ones are tested.
"""

OLDEST = (4, 3)
"""The first podman that lanekit works with."""
_ENOUGH = 1 << 20


@dataclass(frozen=True)
class UlimitSettings:
    """The hard limits of this process: the most a container may get; -1 where unlimited."""

    files: int
    processes: int

    def ulimits(self, workarounds: tuple[Workaround, ...]) -> tuple[tuple[str, int], ...]:
        """Return names and values that need no privilege, if these workarounds set any."""
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
    """Something podman could not do: the cause, if its error text is known, and the text."""

    cause: Cause
    words: str


@dataclass(frozen=True)
class ConnectionCheck:
    """A way to podman: its place, its version, and why it cannot be used, if so.

    `there`: a program is there, and reports the fault itself.
    """

    where: str
    version: str = ""
    fault: str = ""
    there: bool = False


@dataclass(frozen=True)
class PodmanHost:
    """What `podman info` shows. `warnings` are those that podman printed with it."""

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
    """A test start with these workarounds; with a `trouble` of None the container ran."""

    workarounds: tuple[Workaround, ...] = ()
    trouble: Diagnosis | None = None


@dataclass(frozen=True)
class StartTestResult:
    """The start test: its attempts in order, or why it was skipped, and what it showed.

    `image` is the fleet's image that was used, "" for one made for the test. `port`: whether a
    port published on 127.0.0.1 leads into the container; `host_name`: whether it knows
    host.containers.internal; None: not tried. `differences` from the specification; None: not
    inspected. `leftover`: the container that could not be removed.
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
    """Everything that doctor found. `over`: lanekit's connection to podman, None without one.

    `conf`: the containers.conf of the user who runs the containers. `images`: those of the fleet
    that exist. `locks`: why lanekit cannot keep its locks. `git`: its version.
    """

    fleet: FleetFacts
    command: ConnectionCheck
    socket: ConnectionCheck
    over: Literal["command", "socket"] | None
    host: PodmanHost | Diagnosis | None
    limits: UlimitSettings
    conf: str
    images: tuple[str, ...] | Diagnosis
    start: StartTestResult
    locks: str
    git: str


def next_workarounds(
    attempts: tuple[StartAttempt, ...], supported: frozenset[Workaround]
) -> tuple[Workaround, ...] | None:
    """Return the workarounds to test next; None when nothing more can be learned.

    Each of the `supported` ones is tested once: a cause that remains with its workaround is
    another cause.
    """
    if not attempts:
        return ()
    wanted = next_workaround(attempts[-1])
    return wanted if wanted is not None and supported.issuperset(wanted) else None


def next_workaround(last: StartAttempt) -> tuple[Workaround, ...] | None:
    """Return the attempt's workarounds and one for its failure; None when there is none."""
    if last.trouble is None:
        return None
    match last.trouble.cause:
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
    """Return the lines of a containers.conf for these workarounds: tables of one key each."""
    lines: list[str] = []
    ulimits = limits.ulimits(workarounds)
    if ulimits:
        values = ", ".join(f'"{name}={value}:{value}"' for name, value in ulimits)
        lines += ["[containers]", f"default_ulimits = [{values}]"]
    if "hybrid-cgroups" in workarounds:
        lines += ["[engine]", 'runtime = "runc"']
    return tuple(lines)
