"""podman's words -> LaneError. The only place that knows them.

Each pattern is a wording recorded from 4.3.1, 5.4.2 or 5.8.6, of the command or of REST. A wording
that none fits is `EngineFailed` with podman's words: never a guess. They are compiled when they
are first needed, which most runs spare.
"""

import re

from lanekit.core.errors import (
    EngineFailed,
    EngineUnavailable,
    InvalidLane,
    LaneError,
    NameTaken,
    NotFound,
    PortTaken,
    SourceMissing,
    StartFailed,
    WrongState,
)
from lanekit.core.observe import image_missing

NO_CONTAINER = (
    r"no such container"
    r"|no container with (?:name or ID|ID or name) .* found"
    r"|container \"[^\"]*\" does not exist"
)
NO_IMAGE = r"image not known|no such image|failed to find image"
_NAME_TAKEN = (
    r"that name is already in use"
    r"|container already exists"
    r"|UNIQUE constraint failed: ContainerConfig\.Name"
)
_PORT_TAKEN = r"bind: address already in use|port is already allocated"
_WRONG_STATE = r"container state improper"
_NO_SOURCE = r"statfs .*: no such file or directory"
_INVALID = r": invalid argument|unknown flag|invalid (?:reference|option|argument)"
_NO_START = (
    r"unable to start container|OCI runtime attempted to invoke a command that was not found"
    r"|OCI permission denied|OCI runtime error|unable to find user|workdir .* does not exist"
)
_NO_SERVICE = (
    r"unable to connect to Podman|Cannot connect to Podman|failed to connect: dial"
    r"|connection refused"
)
# Where podman writes what it thinks meanwhile: logrus lines, beside the error itself.
_LOG_LINE = r"^time=\"[^\"]*\" level=(?:warning|info|debug|error)"


def without_warnings(stderr: str) -> str:
    """stderr less the lines that are log entries; all of it when nothing else is left."""
    lines = [line for line in stderr.splitlines() if not re.match(_LOG_LINE, line)]
    return "\n".join(lines).strip() or stderr.strip()


def error_of(doing: str, words: str, *, image: str = "") -> LaneError:
    """The error that these words of podman's mean, when it was `doing` something.

    The order matters: a failed start of a container whose port is taken says both.
    """
    said = words.strip()
    if re.search(NO_IMAGE, said):
        return image_missing(image, said)
    if re.search(NO_CONTAINER, said):
        return NotFound(f"could not {doing}: there is no such container", said)
    if re.search(_NAME_TAKEN, said):
        return NameTaken(f"could not {doing}: the name is taken", said)
    if re.search(_PORT_TAKEN, said):
        return PortTaken(f"could not {doing}: its host port belongs to another process", said)
    return _other_error(doing, said)


def _other_error(doing: str, said: str) -> LaneError:
    if re.search(_WRONG_STATE, said):
        return WrongState(f"could not {doing}: the container is in the wrong state", said)
    if re.search(_NO_SOURCE, said):
        return SourceMissing(
            f"could not {doing}: the host side of a mount does not exist",
            said,
            "make the file or folder, or correct the path, and run again",
        )
    if re.search(_NO_START, said):
        return StartFailed(
            f"could not {doing}", said, "`lanekit show LANE` prints the command that made it"
        )
    if re.search(_NO_SERVICE, said):
        return unavailable(said)
    if re.search(_INVALID, said):
        return InvalidLane(f"could not {doing}: podman refuses an option", said)
    return EngineFailed(f"could not {doing}", said, "these are podman's own words")


def unavailable(said: str) -> LaneError:
    """podman cannot be reached."""
    return EngineUnavailable(
        "podman cannot be reached",
        said,
        "is it installed (`podman version`), and does its service run "
        "(`systemctl --user start podman.socket`)?",
    )
