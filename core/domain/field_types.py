"""What a type checker would have told: fields of a lane or its profile that are of another type."""

from collections.abc import Iterator, Mapping
from typing import cast

from lanekit.core.domain.lanes import BindMount, Lane, Profile

_TEXTS_OF_LANE = ("workspace", "id", "worktree", "container", "fleet")
_TEXTS = ("worker", "inbox", "image", "config_dir", "ready_path", "git", "on_drift", "idle_path")
_WHOLE = ("server_port", "memory", "pids_limit")
_NUMBERS = ("cpus", "ready_timeout", "stop_grace")
_MAY_BE_NONE = ("memory", "pids_limit", "cpus")


def lane_type_faults(lane: Lane) -> Iterator[str]:
    """Each field that is not of the type that `Lane` says; nothing else may be asked of it then."""
    yield from _texts(lane, _TEXTS_OF_LANE)


def profile_type_faults(profile: Profile) -> Iterator[str]:
    """The same for a `Profile`. Of a variable's value only the type is told."""
    yield from _texts(profile, _TEXTS)
    for name in _WHOLE:
        yield from _number(profile, name, "a whole number", int)
    for name in _NUMBERS:
        yield from _number(profile, name, "a number", (int, float))
    yield from _env(profile.env)
    yield from _mounts(profile.mounts)
    yield from _members("credentials", profile.credentials, str, "texts")


def _texts(owner: object, names: tuple[str, ...], what: str = "") -> Iterator[str]:
    for name in names:
        value: object = getattr(owner, name)
        if not isinstance(value, str):
            paths = ": give str(path)" if hasattr(value, "__fspath__") else ""
            yield f"{what}{name} must be str, not {type(value).__name__}{paths}"


def _number(
    profile: Profile, name: str, expected: str, kinds: type | tuple[type, ...]
) -> Iterator[str]:
    value: object = getattr(profile, name)
    if value is None and name in _MAY_BE_NONE:
        return
    if isinstance(value, bool) or not isinstance(value, kinds):
        unit = " of bytes" if name == "memory" else ""
        yield f"{name} must be {expected}{unit}, not {value!r}"


def _env(env: object) -> Iterator[str]:
    if not isinstance(env, Mapping):
        yield f"env must be a mapping, not {type(env).__name__}"
        return
    for name, value in cast("Mapping[object, object]", env).items():
        if not isinstance(name, str):
            yield f"a name in env must be str, not {type(name).__name__}"
        elif not isinstance(value, str):
            yield f"env {name} must be str, not {type(value).__name__}"


def _mounts(mounts: object) -> Iterator[str]:
    wrong = tuple(_members("mounts", mounts, BindMount, "BindMounts"))
    yield from wrong
    for mount in () if wrong else cast("tuple[BindMount, ...]", mounts):
        yield from _texts(mount, ("source", "target"), "mount ")


def _members(what: str, items: object, kind: type, expected: str) -> Iterator[str]:
    if not isinstance(items, tuple | list):
        yield f"{what} must be a tuple of {expected}, not {type(items).__name__}"
        return
    for item in cast("tuple[object, ...]", items):
        if not isinstance(item, kind):
            yield f"{what} must be a tuple of {expected}, not of {type(item).__name__}"
