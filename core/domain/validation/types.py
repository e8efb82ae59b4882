"""Return the fields of a lane and its profile whose values have another type than declared.

A type checker finds them beforehand; not every caller uses one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from lanekit.core.domain.lanes import BindMount, Lane, Profile

_LANE_TEXTS = ("workspace", "id", "worktree", "container", "fleet")
_TEXTS = ("worker", "inbox", "image", "config_dir", "ready_path", "git", "on_drift", "idle_path")
_WHOLE_NUMBERS = ("server_port", "memory", "pids_limit")
_NUMBERS = ("cpus", "ready_timeout", "stop_grace")
_OPTIONAL = ("memory", "pids_limit", "cpus")


class InvalidValue(NamedTuple):
    """A value that cannot be used.

    `key` is a field of `Lane` or `Profile`, and for one variable also its name: ("env", "TOKEN").
    `message` is a sentence that says what is wrong. It never holds the value of a variable.
    """

    key: tuple[str, ...]
    message: str


def invalid(key: str | tuple[str, ...], message: str) -> InvalidValue:
    """Return an `InvalidValue`; a text is a key of one part."""
    return InvalidValue((key,) if isinstance(key, str) else key, message)


def lane_type_errors(lane: Lane) -> Iterator[InvalidValue]:
    """Yield each field of the lane that is not of its declared type."""
    yield from _texts(lane, _LANE_TEXTS)


def profile_type_errors(profile: Profile) -> Iterator[InvalidValue]:
    """Yield each field of the profile that is not of its declared type."""
    yield from _texts(profile, _TEXTS)
    for name in _WHOLE_NUMBERS:
        yield from _number(profile, name, "a whole number", int)
    for name in _NUMBERS:
        yield from _number(profile, name, "a number", (int, float))
    yield from _env(profile.env)
    yield from _mounts(profile.mounts)
    yield from _members("credentials", profile.credentials, str, "texts")


def _texts(owner: Lane | Profile, names: tuple[str, ...]) -> Iterator[InvalidValue]:
    for name in names:
        if message := _not_text(name, getattr(owner, name)):
            yield invalid(name, message)


def _not_text(what: str, value: object) -> str:
    if isinstance(value, str):
        return ""
    advice = ": give str(path)" if hasattr(value, "__fspath__") else ""
    return f"{what} must be str, not {type(value).__name__}{advice}"


def _number(
    profile: Profile, name: str, expected: str, kinds: type | tuple[type, ...]
) -> Iterator[InvalidValue]:
    value: object = getattr(profile, name)
    if value is None and name in _OPTIONAL:
        return
    if isinstance(value, bool) or not isinstance(value, kinds):
        unit = " of bytes" if name == "memory" else ""
        yield invalid(name, f"{name} must be {expected}{unit}, not {value!r}")


def _env(env: object) -> Iterator[InvalidValue]:
    if not isinstance(env, Mapping):
        yield invalid("env", f"env must be a mapping, not {type(env).__name__}")
        return
    for name, value in cast("Mapping[object, object]", env).items():
        if not isinstance(name, str):
            yield invalid("env", f"a name in env must be str, not {type(name).__name__}")
        elif not isinstance(value, str):
            yield invalid(("env", name), f"env {name} must be str, not {type(value).__name__}")


def _mounts(mounts: object) -> Iterator[InvalidValue]:
    wrong = tuple(_members("mounts", mounts, BindMount, "BindMounts"))
    yield from wrong
    for mount in () if wrong else cast("tuple[BindMount, ...]", mounts):
        for what, path in (("mount source", mount.source), ("mount target", mount.target)):
            if message := _not_text(what, path):
                yield invalid("mounts", message)


def _members(key: str, items: object, kind: type, expected: str) -> Iterator[InvalidValue]:
    if not isinstance(items, tuple | list):
        yield invalid(key, f"{key} must be a tuple of {expected}, not {type(items).__name__}")
        return
    for item in cast("tuple[object, ...]", items):
        if not isinstance(item, kind):
            yield invalid(key, f"{key} must be a tuple of {expected}, not of {type(item).__name__}")
