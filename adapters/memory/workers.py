"""How the workers of the in-memory engine behave, and what its tests can see and raise."""

from lanekit.core.domain._dataclass import dataclass


@dataclass(frozen=True)
class Worker:
    """The process in a container. Seconds and probes count anew from each start.

    It answers with `status` once it ran for `answers_after` seconds and was probed
    `answers_after_probes` times in vain; None: it takes the connection and never answers. It
    exits by itself after `exits_after` seconds, or at the probe of the number
    `exits_after_probes`, with `exit_code` and after writing `last_lines`; None: it does not. It
    writes `output` at each start. It takes `stop_seconds` to obey a SIGTERM, and then exits with
    `stop_code`. `start_error`: podman cannot start it, for this reason. `busy`: asked whether it
    is, it says so.
    """

    answers_after: float | None = 0.0
    answers_after_probes: int = 0
    status: int = 200
    exits_after: float | None = None
    exits_after_probes: int | None = None
    exit_code: int = 1
    output: tuple[str, ...] = ()
    last_lines: tuple[str, ...] = ()
    stop_seconds: float = 0.0
    stop_code: int = 0
    start_error: str = ""
    busy: bool = False


@dataclass(frozen=True)
class Program:
    """What `execute` plays: it writes both outputs, copies its stdin to stdout if it `echoes`,
    and ends with `status`.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    status: int = 0
    echoes: bool = False


ANSWERS = Worker()
"""Answers at once and runs until it is stopped."""


@dataclass(frozen=True)
class CopiedFile:
    """What was copied into a container: `kind` is file, folder or link; `mode` its permissions.

    `data` are the bytes of a file, `target` is where a link points to.
    """

    kind: str
    mode: int
    data: bytes = b""
    target: str = ""


@dataclass(frozen=True)
class Call:
    """One call of a port: its method, and the container's name where it is about one.

    `about` holds the names, references, labels or new name of the call, never an environment.
    """

    method: str
    container: str = ""
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.method, self.container, *self.about)))


class SimulatedKill(BaseException):
    """Raised by `InMemory.crash`: stands for kill -9 of this process at that point.

    Not an Exception, so that nothing handles it: what was done stays done, nothing is undone.
    """


class InvalidScenario(Exception):
    """What a test wanted to do by hand cannot be done; podman's command would refuse it too."""
