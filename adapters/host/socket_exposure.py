"""Whether a mount would hand podman's socket to a lane: whoever has that, has the host."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

# Where podman, or docker, listens by default: for the system, and for each user.
DEFAULT_PLACES = (
    "/run/podman/podman.sock",
    "/run/docker.sock",
    "/run/user/*/podman/podman.sock",
    "/run/user/*/docker.sock",
)
_NAMES = ("podman.sock", "docker.sock")


def socket_in(
    path: str,
    info: os.stat_result,
    env: Mapping[str, str],
    defaults: tuple[str, ...] = DEFAULT_PLACES,
) -> str:
    """Return the socket that a mount of `path` would give to a lane, links followed; "" when none.

    `info` is what stat says of it. A socket need not be there yet: it may be started later. Places
    are the `defaults` (a * stands for one name), those of `env` (XDG_RUNTIME_DIR, CONTAINER_HOST),
    and any file of such a name.
    """
    real = os.path.realpath(path)
    if os.path.basename(real) in _NAMES:
        return real
    places = (*defaults, *_places_of(env))
    have = _steps(real)
    for place in places:
        if _is_on_the_way(have, _steps(place)):
            return place
    return _mounted_elsewhere(info, places)


def _mounted_elsewhere(info: os.stat_result, places: tuple[str, ...]) -> str:
    """Return the place that it is, or is above, by another path: a bind mount, a hard link."""
    for way, leads_to in _ways(places):
        with suppress(OSError):
            if os.path.samestat(info, os.stat(way)):
                return leads_to
    return ""


def _places_of(env: Mapping[str, str]) -> Iterator[str]:
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        yield os.path.realpath(f"{runtime}/podman/podman.sock")
    service = env.get("CONTAINER_HOST", "").removeprefix("unix://")
    if service.startswith("/"):
        yield os.path.realpath(service)


def _is_on_the_way(have: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    pairs = zip(have, steps, strict=False)
    return len(have) <= len(steps) and all(step in ("*", mine) for mine, step in pairs)


# Places are asked about once a lane, and are the same each time.
@lru_cache(maxsize=64)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step)


@lru_cache(maxsize=8)
def _ways(places: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the places and the folders above them, each with the place it leads to."""
    ways = {way: place for place in places for way in _above(_steps(place))}
    return tuple((way, place) for way, place in ways.items() if "*" not in way)


def _above(steps: tuple[str, ...]) -> Iterator[str]:
    return ("/" + "/".join(steps[:length]) for length in range(len(steps) + 1))
