"""Check a lane and its profile: what cannot be honoured is refused in words."""

import math
import re
from collections.abc import Iterator
from typing import get_args

from lanekit.core.domain.containers import (
    FINGERPRINT_ENV,
    INBOX_PATH,
    NEXT,
    PREV,
    WORKER_PATH,
    WORKSPACE_PATH,
)
from lanekit.core.domain.desired import config_target
from lanekit.core.domain.field_types import lane_type_faults, profile_type_faults
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.lanes import Lane, OnDrift, Profile
from lanekit.core.domain.podman_create.args import affects_podman_itself

# podman's own rule (libpod/define: RegexError), and room for ".next" in a file name of 255 bytes.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_NAME_LIMIT = 200
_PATH_LIMIT = 4096
# At a start the target is a path below the folder where podman keeps the container.
_TARGET_LIMIT = _PATH_LIMIT - 512
# Seconds, eleven days: the system's own calls wait for no more than 2 ** 31 milliseconds.
_LONGEST = 1_000_000
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PODMAN_SOCKETS = ("podman.sock", "docker.sock")
RESERVED_ENV = frozenset(
    {
        "INBOX_WORKSPACE",
        "INBOX_WORKSPACE_ID",
        "INBOX_LANE_ID",
        "INBOX_API_URL",
        "INBOX_RUNTIME_AGENT_ID",
        "HOME",
        FINGERPRINT_ENV,
    }
)


def validation_errors(lane: Lane, profile: Profile) -> tuple[str, ...]:
    """Everything that makes this lane impossible, each as a sentence; empty when it is fine."""
    wrong = _type_faults(lane, profile)
    if wrong:
        # Of such a lane nothing else can be asked.
        return wrong
    return tuple(
        [
            *_name_faults(lane),
            *_path_faults(lane, profile),
            *_env_faults(profile),
            *_mount_faults(profile),
            *_number_faults(profile),
            *_seconds_faults(profile),
            *_credentials_faults(profile),
            *_drift_faults(profile),
        ]
    )


def identity_errors(lane: Lane, profile: Profile | None) -> tuple[str, ...]:
    """Why nothing can be asked about this lane: a name that is none, a field of another type."""
    return _type_faults(lane, profile) or tuple(_name_faults(lane))


def _type_faults(lane: Lane, profile: Profile | None) -> tuple[str, ...]:
    return (*lane_type_faults(lane), *(profile_type_faults(profile) if profile else ()))


def _name_faults(lane: Lane) -> Iterator[str]:
    for what, value in (("workspace", lane.workspace), ("id", lane.id)):
        if not value.strip():
            yield f"{what} is empty"
        elif fault := _text_fault(value):
            yield f"{what} {value!r} {fault}"
    if lane.fleet and (fault := _text_fault(lane.fleet)):
        yield f"fleet {lane.fleet!r} {fault}"
    name = lane.container_name
    if not _NAME.fullmatch(name):
        yield f"container name {name!r} must match [a-zA-Z0-9][a-zA-Z0-9_.-]*"
    elif len(name) > _NAME_LIMIT:
        yield f"container name has {len(name)} characters, {_NAME_LIMIT} are allowed"
    elif name.endswith((NEXT, PREV)):
        yield f"container name {name!r} ends like those that a replacement uses ({NEXT}, {PREV})"


def _text_fault(value: str) -> str:
    if _CONTROL.search(value):
        return "has a control character"
    return "is not UTF-8" if _not_utf8(value) else ""


def path_fault(path: str, limit: int = _PATH_LIMIT) -> str:
    """Why podman could not be given this path exactly; empty when it can."""
    if not path.startswith("/"):
        return "is not an absolute path"
    if fault := _text_fault(path):
        return fault
    return "is too long" if len(path.encode()) >= limit else ""


def _path_faults(lane: Lane, profile: Profile) -> Iterator[str]:
    paths = {"worktree": lane.worktree, "worker": profile.worker, "inbox": profile.inbox}
    if profile.config_dir.strip():
        paths["config_dir"] = profile.config_dir
        if clean(profile.config_dir) == "/":
            yield "config_dir must not be /"
    for what, path in paths.items():
        if fault := path_fault(path):
            yield f"{what} {path!r} {fault}"


def _env_faults(profile: Profile) -> Iterator[str]:
    for name, value in profile.env.items():
        if not _ENV_NAME.fullmatch(name):
            yield f"env name {name!r} must match [A-Za-z_][A-Za-z0-9_.-]*"
        elif name in RESERVED_ENV:
            yield f"env {name} is made by lanekit and cannot be set"
        elif "\0" in value or _not_utf8(value):
            yield f"env {name} has a value that cannot be passed (NUL or not UTF-8)"
        elif affects_podman_itself(name) and ("\n" in value or "\r" in value):
            yield f"env {name} has a value of several lines, which podman cannot be given"


def _not_utf8(value: str) -> bool:
    # InvalidResponse bytes of a path arrive as lone surrogates (PEP 383).
    return _SURROGATE.search(value) is not None


def _mount_faults(profile: Profile) -> Iterator[str]:
    taken = {WORKSPACE_PATH, WORKER_PATH, INBOX_PATH}
    config = config_target(profile)
    for mount in profile.mounts:
        target = clean(mount.target)
        if fault := path_fault(mount.source):
            yield f"mount source {mount.source!r} {fault}"
        if fault := path_fault(mount.target, _TARGET_LIMIT):
            yield f"mount target {mount.target!r} {fault}"
        if target in taken:
            yield f"mount target {target!r} is used twice"
        if target == "/":
            yield "mount target '/' would hide all of the image"
        elif config and f"{config}/".startswith(f"{target}/"):
            yield f"mount target {target!r} would hide the config at {config}"
        elif config and target.startswith(f"{config}/"):
            yield f"mount target {target!r} lies inside the config at {config}"
        if mount.source.rsplit("/", 1)[-1] in _PODMAN_SOCKETS:
            yield f"mount source {mount.source!r}: podman's socket is never given to a lane"
        taken.add(target)


def _credentials_faults(profile: Profile) -> Iterator[str]:
    for name in profile.credentials:
        fault = "has a control character" if _CONTROL.search(name) else ""
        if not {"", ".", ".."}.isdisjoint(name.split("/")):
            fault = "must be a path below config_dir, without '..'"
        elif _not_utf8(name):
            fault = "is not UTF-8"
        if fault:
            yield f"credentials {name!r} {fault}"


def _drift_faults(profile: Profile) -> Iterator[str]:
    known = get_args(OnDrift)
    if profile.on_drift not in known:
        yield f"on_drift {profile.on_drift!r} must be one of {', '.join(known)}"
    elif profile.on_drift == "when-idle" and not profile.idle_path:
        yield 'on_drift = "when-idle" needs idle_path, at which the worker says whether it is busy'
    if profile.idle_path and (
        not profile.idle_path.startswith("/") or _CONTROL.search(profile.idle_path)
    ):
        yield f"idle_path {profile.idle_path!r} must begin with /"


def _number_faults(profile: Profile) -> Iterator[str]:
    if not 0 < profile.server_port < 65536:  # noqa: PLR2004 - a TCP port
        yield f"server_port {profile.server_port} is no port (1 to 65535)"
    for what, value in (
        ("memory", profile.memory),
        ("cpus", profile.cpus),
        ("pids_limit", profile.pids_limit),
    ):
        if value is not None and not value > 0:
            yield f"{what} must be more than 0, is {value}"
    if profile.cpus == math.inf:
        yield "cpus must be finite"
    if not profile.ready_path.startswith("/") or _CONTROL.search(profile.ready_path):
        yield f"ready_path {profile.ready_path!r} must begin with /"
    if profile.git not in ("none", "safe", "read-write"):
        yield f"git {profile.git!r} is none of none, safe, read-write"
    if not profile.image.strip() or profile.image.startswith("-") or _text_fault(profile.image):
        yield f"image {profile.image!r} is no image reference"


def _seconds_faults(profile: Profile) -> Iterator[str]:
    if not profile.ready_timeout > 0:
        yield f"ready_timeout must be more than 0, is {profile.ready_timeout}"
    if not profile.stop_grace >= 0:
        yield f"stop_grace must not be negative, is {profile.stop_grace}"
    for what, value in (
        ("ready_timeout", profile.ready_timeout),
        ("stop_grace", profile.stop_grace),
    ):
        if value > _LONGEST:
            yield f"{what} must be at most {_LONGEST} seconds, is {value:g}"
