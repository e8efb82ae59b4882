"""Recognise podman's own defaults, which differ by version: they are never a lane's drift."""

# Rootful, and rootless before and since 5.0.
_NETWORKS = ("bridge", "slirp4netns", "pasta")
# Versions show the default as 2048 or not at all.
_PIDS_LIMITS = (None, 2048)
# podman 4.3.1 gives fourteen capabilities and lists those of them that are missing; 5.4.2 and 5.8.6
# give eleven, without these three, and so does 4.3.1 with Debian's containers.conf.
_DROPPED_TOGETHER = frozenset(("AUDIT_WRITE", "MKNOD", "NET_RAW"))


def is_default_network(mode: str) -> bool:
    """Return whether podman chooses this network mode when none is asked for."""
    return mode.partition(":")[0] in _NETWORKS


def is_default_pids_limit(limit: int | None) -> bool:
    """Return whether podman sets this limit when none is asked for."""
    return limit in _PIDS_LIMITS


def without_default_drops(cap_drop: tuple[str, ...]) -> tuple[str, ...]:
    """Return the dropped capabilities, without the three that a configuration drops together."""
    if not set(cap_drop) >= _DROPPED_TOGETHER:
        return cap_drop
    return tuple(name for name in cap_drop if name not in _DROPPED_TOGETHER)
