"""Whether a mount would hand podman's socket to a lane: whoever has that, has the host."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

# Where podman, or docker, listens by default: for the system, and for each user.
_PLACES = (
    "/run/podman/podman.sock",
    "/run/docker.sock",
    "/run/user/*/podman/podman.sock",
    "/run/user/*/docker.sock",
)
_NAMES = ("podman.sock", "docker.sock")


def socket_in(path: str, seen: os.stat_result, env: Mapping[str, str]) -> str:
    """The socket that a mount of `path` would give to a lane, links followed; "" when none.

    `seen` is what stat says of it. A socket need not be there yet: it may be started later. Places
    are the default ones, those of `env` (XDG_RUNTIME_DIR, CONTAINER_HOST), and any file of such a
    name.
    """
    real = os.path.realpath(path)
    if os.path.basename(real) in _NAMES:
        return real
    for place in (*_PLACES, *_places_of(env)):
        if _is_on_the_way(real, place) or _is_mounted_elsewhere(seen, place):
            return place
    return ""


def _places_of(env: Mapping[str, str]) -> Iterator[str]:
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        yield os.path.realpath(f"{runtime}/podman/podman.sock")
    service = env.get("CONTAINER_HOST", "").removeprefix("unix://")
    if service.startswith("/"):
        yield os.path.realpath(service)


def _is_on_the_way(real: str, place: str) -> bool:
    have, steps = _steps(real), _steps(place)
    pairs = zip(have, steps, strict=False)
    return len(have) <= len(steps) and all(step in ("*", mine) for mine, step in pairs)


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]


def _is_mounted_elsewhere(seen: os.stat_result, place: str) -> bool:
    """Whether it is the socket or a folder above it by another path: a bind mount, a hard link."""
    steps = _steps(place)
    for length in range(len(steps) + 1):
        with suppress(OSError):
            if os.path.samestat(seen, os.stat("/" + "/".join(steps[:length]))):
                return True
    return False
