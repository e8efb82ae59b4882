"""podman's error texts -> LaneError, for everything that lanekit asks of podman.

Why no container starts at all is in `failure_causes`; a race of netavark's in `netavark_retry`.

Each pattern is a wording recorded from 4.3.1, 5.4.2 or 5.8.6, of the command or of REST. A wording
that none fits is `EngineFailed` with podman's words: never a guess. podman ends its errors with
their cause; where it does, a pattern asks for the end of a line, so that a path with the same
words in it means nothing. They are compiled when they are first needed, which most runs spare.
"""

import re

from lanekit.core.application.observe import image_missing
from lanekit.core.domain.errors import (
    EngineFailed,
    EngineUnavailable,
    InvalidLane,
    InvalidState,
    LaneError,
    MountSourceMissing,
    NameInUse,
    NotFound,
    NotOwned,
    PortInUse,
    StartFailed,
)
from lanekit.core.domain.hints import Hint

NO_CONTAINER = (
    r"no such container(?: [^ ]+)?$"
    r"|no container with (?:name or ID|ID or name) [^ ]+ found"
    r"|container \"[^\"]*\" does not exist$"
    r"|[0-9a-f]{64} not found: (?:container|layer) not known$"
)
# A name that is a hex prefix of several ids, and of no container's name.
AMBIGUOUS = r"more than one (?:result|container)"
# What podman takes for a container's name, and for a full id.
ID = r"[0-9a-f]{64}"
NO_IMAGE = r"image not known$|^(?:Error: )?(?:no such image|failed to find image)"
_NAME_TAKEN = (
    r"that name is already in use(?: by an external entity)?(?:, or use --replace .*)?$"
    r"|container already exists$"
    r"|UNIQUE constraint failed: ContainerConfig\.Name$"
)
# Recorded from 4.3.1; renaming a container to a pod's name gives the words of _NAME_TAKEN.
_A_PODS_NAME = r"name \"[^\"]*\" is in use: pod already exists$"
_PORT_TAKEN = r"bind: address already in use$|port is already allocated$"
_WRONG_STATE = r"container state improper$|cannot create exec session as container \S+ is paused$"
_NO_SOURCE = r"\A(?:Error: )?statfs .*: no such file or directory$"
_NOT_RUN = r"OCI runtime attempted to invoke a command that was not found$|OCI permission denied$"
_NO_START = r"unable to start container|OCI runtime error|unable to find user"
_INVALID = r": invalid argument$|invalid (?:reference|option|argument)"
_NO_SERVICE = (
    r"unable to connect to Podman|Cannot connect to Podman|failed to connect: dial"
    r"|connection refused$"
)
# Said to options and verbs that every podman since 4.1 knows.
_UNKNOWN = r"\A(?:Error: )?(?:unknown (?:shorthand )?flag|unrecognized command|unknown command)"
# 4.0 and older say it of the first thing they did not find; newer ones say "inspecting object".
_OLD = "Error: error inspecting object: "
# Where podman writes what it thinks meanwhile: logrus lines, beside the error itself.
_LOG_LINE = r"time=\"[^\"]*\" level=[a-z]+ |(?:TRAC|DEBU|INFO|WARN|ERRO|FATA)\[\d+\] "
_MAX_LINES = 40
_MAX_LINE_CHARACTERS = 4000


def without_warnings(stderr: str) -> str:
    """Return the error in what podman wrote to stderr; empty when there are only log entries.

    The command puts `Error: ` before it; what stands above that line are others' words.
    """
    lines = errors_in(stderr)
    begins = [at for at, line in enumerate(lines) if line.startswith("Error: ")]
    return "\n".join(lines[begins[0] if begins else 0 :]).strip()


def errors_in(stderr: str) -> list[str]:
    """Return the lines of stderr that are no log entries."""
    return [line for line in stderr.splitlines() if not re.match(_LOG_LINE, line)]


def error_of(action: str, text: str, *, image: str = "") -> LaneError:
    """Return the error that these words of podman's mean, at this action.

    The order matters: words that hold a path come first, and a failed start of a container whose
    port is taken says both.
    """
    detail = bounded(text)
    if _matches(_NO_SOURCE, detail):
        return MountSourceMissing(
            f"could not {action}: the host side of a mount does not exist",
            detail,
            (Hint("create-mount-source"),),
        )
    if _matches(_PORT_TAKEN, detail):
        return PortInUse(f"could not {action}: its host port belongs to another process", detail)
    if _matches(_NOT_RUN, detail):
        return _not_started(action, detail)
    return _by_name(action, detail, image) or _other_error(action, detail)


def _by_name(action: str, detail: str, image: str) -> LaneError | None:
    if _matches(NO_IMAGE, detail):
        return image_missing(image, detail)
    if _matches(NO_CONTAINER, detail):
        return NotFound(f"could not {action}: there is no such container", detail)
    if _matches(_A_PODS_NAME, detail):
        return NotOwned(
            f"could not {action}: a pod has that name",
            detail,
            (Hint("rename-pod"),),
        )
    if _matches(_NAME_TAKEN, detail):
        return NameInUse(f"could not {action}: the name is taken", detail)
    if _matches(_WRONG_STATE, detail):
        return InvalidState(f"could not {action}: the container is in the wrong state", detail)
    return None


def _other_error(action: str, detail: str) -> LaneError:
    if _matches(_NO_START, detail):
        return _not_started(action, detail)
    if _matches(_UNKNOWN, detail):
        return too_old(detail)
    if _matches(_NO_SERVICE, detail):
        return unavailable(detail)
    if _matches(_INVALID, detail):
        return InvalidLane(f"could not {action}: podman refuses an option", detail)
    return EngineFailed(f"could not {action}", detail, (Hint("run-doctor"),))


def _matches(pattern: str, detail: str) -> bool:
    return re.search(pattern, detail, re.MULTILINE) is not None


def _not_started(action: str, detail: str) -> LaneError:
    return StartFailed(f"could not {action}", detail, (Hint("run-doctor"), Hint("show-command")))


def bounded(text: str) -> str:
    """Words that a person can read: whole lines, for a part of one may be a part of a secret."""
    lines = text.strip().splitlines()
    if len(lines) > _MAX_LINES:
        half = _MAX_LINES // 2
        lines = [*lines[:half], f"({len(lines) - 2 * half} more lines)", *lines[-half:]]
    limit = _MAX_LINE_CHARACTERS
    return "\n".join(
        line if len(line) <= limit else f"(a line of {len(line)} characters)" for line in lines
    )


def is_too_old(text: str) -> bool:
    """Return whether these are the words of a podman before 4.1."""
    return any(line.startswith(_OLD) for line in text.splitlines())


def too_old(detail: str) -> LaneError:
    """podman does not know what lanekit asks of it."""
    return EngineUnavailable(
        "this podman is too old for lanekit",
        bounded(detail),
        (Hint("upgrade-podman"),),
    )


def nameless(action: str) -> LaneError:
    """For an empty name podman would choose one itself, and nobody would know it again."""
    return InvalidLane(f"could not {action}: a container has to have a name")


def unavailable(detail: str) -> LaneError:
    """podman cannot be reached."""
    return EngineUnavailable(
        "podman cannot be reached",
        detail,
        (Hint("install-podman"), Hint("start-podman-service")),
    )
