"""Compare as the reference does, to the letter, for people who run both systems.

Source: laneDrifted and hasPublishedPort of the system that lanekit replaces.
"""

from collections.abc import Iterator
from dataclasses import field

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import FINGERPRINT_ENV, HOME, ContainerSpec
from lanekit.core.domain.differences import Difference, Drift
from lanekit.core.domain.drift import ABSENT, REDACTED
from lanekit.core.domain.go_paths import clean, trim_space
from lanekit.core.domain.observed import ObservedContainer

# The reference compares these, in this order, and no other variable (not HOME).
_ENV = (
    "INBOX_WORKSPACE",
    "INBOX_WORKSPACE_ID",
    "INBOX_LANE_ID",
    "INBOX_RUNTIME_AGENT_ID",
    "INBOX_API_URL",
    FINGERPRINT_ENV,
)
_TARGETS = 3  # workspace, worker, inbox: the first three of a spec's mounts
_CODEX_DIR = f"{HOME}/.codex"


@dataclass(frozen=True)
class ReferenceView:
    """The fields that the reference reads of an inspect; a missing one is empty, as in Go.

    `mounts` are (destination, source) in the order shown; `env` the raw NAME=value lines;
    `host_ports` the HostPort of each binding of the worker's port.
    """

    image_name: str = ""
    config_image: str = ""
    user: str = ""
    path: str = ""
    workdir: str = ""
    env: tuple[str, ...] = field(default=(), repr=False)
    mounts: tuple[tuple[str, str], ...] = ()
    host_ports: tuple[str, ...] = ()


def reference_view(seen: ObservedContainer, port_key: str) -> ReferenceView:
    """Return the fields that the reference would have read of this container."""
    return ReferenceView(
        image_name=seen.image,
        config_image=seen.config_image,
        user=seen.user,
        path=seen.path,
        workdir=seen.workdir,
        env=tuple(f"{name}={value}" for name, value in seen.env.items()),
        mounts=tuple((mount.target, mount.source) for mount in seen.mounts),
        host_ports=tuple(
            str(port.host_port)
            for port in seen.ports
            if port.key == port_key and port.host_port is not None
        ),
    )


def reference_drift(spec: ContainerSpec, view: ReferenceView) -> Drift:
    """Return the differences for which the reference replaces the container."""
    differences = [*_fields(spec, view), *_mounts(spec, view), *_env(spec, view)]
    return tuple(difference.escaped() for difference in differences)


def _fields(spec: ContainerSpec, view: ReferenceView) -> Iterator[Difference]:
    if spec.image not in (view.image_name, view.config_image):
        yield Difference("image", spec.image, view.image_name)
    if trim_space(view.user) != spec.user:
        yield Difference("user", spec.user, view.user)
    if not any(trim_space(port) for port in view.host_ports):
        yield Difference(f"port.{spec.ports[0].key}", "published", ABSENT)
    if view.workdir != spec.workdir:
        yield Difference("workdir", spec.workdir, view.workdir)
    if clean(trim_space(view.path)) != spec.entrypoint[0]:
        yield Difference("entrypoint", spec.entrypoint[0], view.path)


def _mounts(spec: ContainerSpec, view: ReferenceView) -> Iterator[Difference]:
    sources = {clean(target): clean(source) for target, source in view.mounts}
    if _CODEX_DIR in sources:
        yield Difference(f"mount.{_CODEX_DIR}", ABSENT, sources[_CODEX_DIR])
    for mount in spec.mounts[:_TARGETS]:
        # A missing mount reads as "", which cleans to ".": equal to a worktree of ".".
        actual = clean(sources.get(mount.target, ""))
        if actual != clean(mount.source):
            yield Difference(f"mount.{mount.target}", clean(mount.source), actual)


def _env(spec: ContainerSpec, view: ReferenceView) -> Iterator[Difference]:
    wanted = {var.name: var.value for var in spec.env}
    actual = dict(line.split("=", 1) for line in view.env if "=" in line)
    for name in _ENV:
        if name in wanted:
            if actual.get(name, "") != wanted[name]:
                yield Difference(
                    f"env.{name}", wanted[name], REDACTED if name in actual else ABSENT
                )
        elif name in actual:
            yield Difference(f"env.{name}", ABSENT, REDACTED)
