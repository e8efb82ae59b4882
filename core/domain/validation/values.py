"""Return the values of a lane and its profile that cannot be used."""

import math
import re
from collections.abc import Iterator
from typing import get_args

from lanekit.core.domain.containers import (
    CONTAINER_NAME,
    FINGERPRINT_ENV,
    INBOX_PATH,
    MAX_PORT,
    NEXT,
    PREV,
    WORKER_PATH,
    WORKSPACE_PATH,
)
from lanekit.core.domain.desired import config_target
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.lanes import Lane, OnDrift, Profile
from lanekit.core.domain.podman_create.args import affects_podman_itself
from lanekit.core.domain.validation.types import (
    InvalidValue,
    invalid,
    lane_type_errors,
    profile_type_errors,
)

_NAME = re.compile(CONTAINER_NAME)
# Leaves room for ".next" in a file name of 255 bytes.
_NAME_LIMIT = 200
_PATH_LIMIT = 4096
# At a start the target is a path below the folder where podman keeps the container.
_TARGET_LIMIT = _PATH_LIMIT - 512
# Eleven days: the system's own calls wait for no more than 2 ** 31 milliseconds.
_MAX_SECONDS = 1_000_000
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


def validation_errors(lane: Lane, profile: Profile) -> tuple[InvalidValue, ...]:
    """Return every invalid value of the lane and its profile; empty when all are valid."""
    wrong_types = _type_errors(lane, profile)
    if wrong_types:
        # The other checks rely on the types.
        return wrong_types
    return tuple(
        [
            *_name_errors(lane),
            *_path_errors(lane, profile),
            *_env_errors(profile),
            *_mount_errors(profile),
            *_number_errors(profile),
            *_seconds_errors(profile),
            *_credentials_errors(profile),
            *_drift_errors(profile),
        ]
    )


def identity_errors(lane: Lane, profile: Profile | None) -> tuple[InvalidValue, ...]:
    """Return why no container can belong to this lane: wrong types, or an invalid name."""
    return _type_errors(lane, profile) or tuple(_name_errors(lane))


def _type_errors(lane: Lane, profile: Profile | None) -> tuple[InvalidValue, ...]:
    of_profile = profile_type_errors(profile) if profile else ()
    return (*lane_type_errors(lane), *of_profile)


def _name_errors(lane: Lane) -> Iterator[InvalidValue]:
    for what, value in (("workspace", lane.workspace), ("id", lane.id)):
        if not value.strip():
            yield invalid(what, f"{what} is empty")
        elif fault := _text_error(value):
            yield invalid(what, f"{what} {value!r} {fault}")
    if lane.fleet and (fault := _text_error(lane.fleet)):
        yield invalid("fleet", f"fleet {lane.fleet!r} {fault}")
    name = lane.container_name
    if not _NAME.fullmatch(name):
        yield invalid("container", f"container name {name!r} must match {CONTAINER_NAME}")
    elif len(name) > _NAME_LIMIT:
        yield invalid(
            "container",
            f"container name has {len(name)} characters; at most {_NAME_LIMIT} are allowed",
        )
    elif name.endswith((NEXT, PREV)):
        yield invalid(
            "container",
            f"container name {name!r} must not end with {NEXT} or {PREV}, which replacements use",
        )


def _text_error(value: str) -> str:
    if _CONTROL.search(value):
        return "has a control character"
    return "is not UTF-8" if _not_utf8(value) else ""


def path_error(path: str, limit: int = _PATH_LIMIT) -> str:
    """Return why podman cannot be given this path exactly; empty when it can."""
    if not path.startswith("/"):
        return "is not an absolute path"
    if fault := _text_error(path):
        return fault
    return "is too long" if len(path.encode()) >= limit else ""


def _path_errors(lane: Lane, profile: Profile) -> Iterator[InvalidValue]:
    paths = {"worktree": lane.worktree, "worker": profile.worker, "inbox": profile.inbox}
    if profile.config_dir.strip():
        paths["config_dir"] = profile.config_dir
        if clean(profile.config_dir) == "/":
            yield invalid("config_dir", "config_dir must not be /")
    for what, path in paths.items():
        if fault := path_error(path):
            yield invalid(what, f"{what} {path!r} {fault}")


def _env_errors(profile: Profile) -> Iterator[InvalidValue]:
    for name, value in profile.env.items():
        if not _ENV_NAME.fullmatch(name):
            yield invalid(("env", name), f"env name {name!r} must match [A-Za-z_][A-Za-z0-9_.-]*")
        elif name in RESERVED_ENV:
            yield invalid(("env", name), f"env {name} is set by lanekit and cannot be changed")
        elif "\0" in value or _not_utf8(value):
            yield invalid(
                ("env", name), f"env {name} has a value that cannot be passed (NUL or not UTF-8)"
            )
        elif affects_podman_itself(name) and ("\n" in value or "\r" in value):
            yield invalid(
                ("env", name),
                f"env {name} has a value with several lines, which podman does not accept",
            )


def _not_utf8(value: str) -> bool:
    # Undecodable bytes of a path arrive as lone surrogates (PEP 383).
    return _SURROGATE.search(value) is not None


def _mount_errors(profile: Profile) -> Iterator[InvalidValue]:
    taken = {WORKSPACE_PATH, WORKER_PATH, INBOX_PATH}
    config = config_target(profile)
    for mount in profile.mounts:
        target = clean(mount.target)
        if fault := path_error(mount.source):
            yield invalid("mounts", f"mount source {mount.source!r} {fault}")
        if fault := path_error(mount.target, _TARGET_LIMIT):
            yield invalid("mounts", f"mount target {mount.target!r} {fault}")
        if target in taken:
            yield invalid("mounts", f"mount target {target!r} is used twice")
        if target == "/":
            yield invalid("mounts", "mount target '/' would hide all of the image")
        elif config and f"{config}/".startswith(f"{target}/"):
            yield invalid("mounts", f"mount target {target!r} would hide the config at {config}")
        elif config and target.startswith(f"{config}/"):
            yield invalid("mounts", f"mount target {target!r} lies inside the config at {config}")
        if mount.source.rsplit("/", 1)[-1] in _PODMAN_SOCKETS:
            yield invalid(
                "mounts",
                f"mount source {mount.source!r}: podman's socket must not be mounted into a lane",
            )
        taken.add(target)


def _credentials_errors(profile: Profile) -> Iterator[InvalidValue]:
    for name in profile.credentials:
        fault = "has a control character" if _CONTROL.search(name) else ""
        if not {"", ".", ".."}.isdisjoint(name.split("/")):
            fault = "must be a path below config_dir, without '..'"
        elif _not_utf8(name):
            fault = "is not UTF-8"
        if fault:
            yield invalid("credentials", f"credentials {name!r} {fault}")


def _drift_errors(profile: Profile) -> Iterator[InvalidValue]:
    known = get_args(OnDrift)
    if profile.on_drift not in known:
        yield invalid(
            "on_drift", f"on_drift {profile.on_drift!r} must be one of {', '.join(known)}"
        )
    elif profile.on_drift == "when-idle" and not profile.idle_path:
        yield invalid(
            "on_drift",
            'on_drift = "when-idle" needs idle_path, where the worker answers whether it is idle',
        )
    if profile.idle_path and (
        not profile.idle_path.startswith("/") or _CONTROL.search(profile.idle_path)
    ):
        yield invalid("idle_path", f"idle_path {profile.idle_path!r} must begin with /")


def _number_errors(profile: Profile) -> Iterator[InvalidValue]:
    if not 0 < profile.server_port <= MAX_PORT:
        yield invalid(
            "server_port",
            f"server_port {profile.server_port} is not a valid port (1 to {MAX_PORT})",
        )
    for what, value in (
        ("memory", profile.memory),
        ("cpus", profile.cpus),
        ("pids_limit", profile.pids_limit),
    ):
        if value is not None and not value > 0:
            yield invalid(what, f"{what} must be more than 0, is {value}")
    if profile.cpus == math.inf:
        yield invalid("cpus", "cpus must be finite")
    if not profile.ready_path.startswith("/") or _CONTROL.search(profile.ready_path):
        yield invalid("ready_path", f"ready_path {profile.ready_path!r} must begin with /")
    if profile.git not in ("none", "safe", "read-write"):
        yield invalid(
            "git", f'git must be one of "none", "safe", "read-write", not {profile.git!r}'
        )
    if not profile.image.strip() or profile.image.startswith("-") or _text_error(profile.image):
        yield invalid("image", f"image {profile.image!r} is not a valid image reference")


def _seconds_errors(profile: Profile) -> Iterator[InvalidValue]:
    if not profile.ready_timeout > 0:
        yield invalid(
            "ready_timeout", f"ready_timeout must be more than 0, is {profile.ready_timeout}"
        )
    if not profile.stop_grace >= 0:
        yield invalid("stop_grace", f"stop_grace must not be negative, is {profile.stop_grace}")
    for what, value in (
        ("ready_timeout", profile.ready_timeout),
        ("stop_grace", profile.stop_grace),
    ):
        if value > _MAX_SECONDS:
            yield invalid(what, f"{what} must be at most {_MAX_SECONDS} seconds, is {value:g}")
