"""Compare a container with its specification, by the policy `strict`.

Everything that the specification says is compared, and everything that somebody could have added.
Values inherited from the image, podman's defaults, ordering and equivalent spellings are not drift.
"""

import re
from collections.abc import Iterator, Sequence

from lanekit.core.domain.containers import FINGERPRINT_ENV, ContainerSpec, EnvVar, Mount, Port
from lanekit.core.domain.differences import Difference, Drift
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.labels import (
    LABEL_CONFIG,
    LABEL_ENV,
    LABEL_FLEET,
    LABEL_INBOX,
    LABEL_WORKER,
)
from lanekit.core.domain.observed import ImageInfo, MountHealth, ObservedContainer
from lanekit.core.domain.podman_defaults import (
    is_default_network,
    is_default_pids_limit,
    without_default_drops,
)
from lanekit.core.domain.remedies import with_remedies

ABSENT = "absent"
REDACTED = "(hidden)"

_STALE = "a folder that is no longer at that path"
_ROOT = ("root", "0", "0:0", "root:root", "0:root", "root:0")
_DIGESTS = {
    LABEL_WORKER: "worker.digest",
    LABEL_INBOX: "inbox.digest",
    LABEL_CONFIG: "config.digest",
}
# Values that lanekit itself makes, of whatever fleet file: these may be shown.
_PRINTABLE_ENV = {
    "INBOX_API_URL": r"http://host\.containers\.internal:-?\d+",
    FINGERPRINT_ENV: r"[0-9a-f]{64}",
    "INBOX_WORKSPACE": r"/workspace",
}


def drift(spec: ContainerSpec, container: ObservedContainer, image: ImageInfo | None) -> Drift:
    """Return each field in which the container differs from its specification.

    Args:
        spec: what the container has to be.
        container: the container as observed.
        image: the image that the spec's reference means now. With None the image id is not
            compared, nor are labels and volumes that the image may have brought.
    """
    differences = [
        *_image(spec, container, image),
        *_process(spec, container),
        *_env(spec, container),
        *_mounts(spec, container, image),
        *_ports(spec, container),
        *_network(container),
        *_privileges(container),
        *_limits(spec, container),
        *_labels(spec, container, image),
    ]
    return with_remedies(spec, container, (difference.escaped() for difference in differences))


def _differ(field: str, expected: object, actual: object) -> Iterator[Difference]:
    if expected != actual:
        yield Difference(field, _text(expected), _text(actual))


def _text(value: object) -> str:
    if value is None:
        return "podman's default"
    return str(value) if value != "" else '""'


def _listed(items: Sequence[str]) -> str:
    return " ".join(items) or "none"


def _image(
    spec: ContainerSpec, container: ObservedContainer, image: ImageInfo | None
) -> Iterator[Difference]:
    if not (
        same_image(spec.image, container.image) or same_image(spec.image, container.config_image)
    ):
        yield Difference("image", spec.image, container.image)
    if image is not None:
        yield from _differ("image.id", image.id, container.image_id)


def inside_drift(spec: ContainerSpec, health: MountHealth) -> Drift:
    """Return what a running container has lost since its start: mounts, or its config."""
    sources = {mount.target: mount.source for mount in spec.mounts}
    stale = [
        Difference(f"mount.{target}", sources[target], _STALE, "restart")
        for target in health.stale_mounts
    ]
    where = f"at {spec.config_target}"
    gone = [
        Difference("config", where, "deleted in the container, or copied incompletely", "adjust")
    ]
    return (*stale, *(gone if health.config_missing else ()))


def same_image(wanted: str, actual: str) -> bool:
    """Return whether two references match: a short name fits any registry, :latest is implied."""
    wanted_name, actual_name = _tagged(wanted), _tagged(actual)
    return wanted_name == actual_name or (
        not _has_registry(wanted) and actual_name.endswith(f"/{wanted_name}")
    )


def _tagged(reference: str) -> str:
    last = reference.rsplit("/", 1)[-1]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def _has_registry(reference: str) -> bool:
    # The rule of docker/distribution: a first part with a dot, a colon, or "localhost".
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def _process(spec: ContainerSpec, container: ObservedContainer) -> Iterator[Difference]:
    if container.user != spec.user and not (container.user in _ROOT and spec.user in _ROOT):
        yield Difference("user", spec.user, _text(container.user))
    command = (clean(container.path), *container.args)
    if command != spec.entrypoint:
        yield Difference("entrypoint", repr(list(spec.entrypoint)), repr(list(command)))
    yield from _differ("workdir", clean(spec.workdir), clean(container.workdir))


def _env(spec: ContainerSpec, container: ObservedContainer) -> Iterator[Difference]:
    wanted = {var.name for var in spec.env}
    for var in spec.env:
        actual = container.env.get(var.name)
        if actual != var.value:
            yield Difference(f"env.{var.name}", *_shown(var, actual))
    former = container.labels.get(LABEL_ENV, "").split(",")
    for name in (FINGERPRINT_ENV, *former):
        if name and name not in wanted and name in container.env:
            yield Difference(f"env.{name}", ABSENT, REDACTED)


def _shown(var: EnvVar, actual: str | None) -> tuple[str, str]:
    if var.secret:
        return REDACTED, ABSENT if actual is None else "(hidden, another)"
    if actual is None:
        return var.value, ABSENT
    pattern = _PRINTABLE_ENV.get(var.name)
    return var.value, actual if pattern and re.fullmatch(pattern, actual) else "(hidden, another)"


def _mounts(
    spec: ContainerSpec, container: ObservedContainer, image: ImageInfo | None
) -> Iterator[Difference]:
    wanted = {clean(mount.target): mount for mount in spec.mounts}
    actual: dict[str, list[Mount]] = {target: [] for target in sorted(wanted)}
    for mount in container.mounts:
        if not _brought(mount, wanted, image):
            actual.setdefault(clean(mount.target), []).append(mount)
    for target, mounts in actual.items():
        yield from _differ(
            f"mount.{target}",
            _mount_text([wanted[target]] if target in wanted else []),
            _mount_text(mounts),
        )


def _brought(mount: Mount, wanted: dict[str, Mount], image: ImageInfo | None) -> bool:
    if mount.kind != "volume" or clean(mount.target) in wanted:
        return False
    return image is None or clean(mount.target) in map(clean, image.volumes)


def _mount_text(mounts: Sequence[Mount]) -> str:
    def one(mount: Mount) -> str:
        kind = "" if mount.kind == "bind" else f"{mount.kind} "
        # A volume's source is podman's own folder: of no use to a reader, and never specified.
        return f"{kind}{clean(mount.source)}{' (read-only)' if mount.read_only else ''}"

    return " and ".join(sorted(map(one, mounts))) or ABSENT


def _ports(spec: ContainerSpec, container: ObservedContainer) -> Iterator[Difference]:
    wanted = {port.key: port for port in spec.ports}
    published = [port for port in container.ports if port.host_port is not None]
    for key in [*wanted, *sorted({p.key for p in published} - set(wanted))]:
        actual = [port for port in published if port.key == key]
        one = [wanted[key]] if key in wanted else []
        if not _same_ports(one, actual):
            yield Difference(f"port.{key}", _ports_text(one), _ports_text(actual))


def _same_ports(wanted: Sequence[Port], actual: Sequence[Port]) -> bool:
    return len(wanted) == len(actual) and all(
        _host_ip(want) == _host_ip(have) and want.host_port in (None, have.host_port)
        for want, have in zip(wanted, actual, strict=True)
    )


def _host_ip(port: Port) -> str:
    # "" and 0.0.0.0 both mean every address (versions differ in which they show).
    return port.host_ip or "0.0.0.0"


def _ports_text(ports: Sequence[Port]) -> str:
    def one(port: Port) -> str:
        return f"{_host_ip(port)}:{'any port' if port.host_port is None else port.host_port}"

    return " and ".join(map(one, ports)) or ABSENT


def _network(container: ObservedContainer) -> Iterator[Difference]:
    if not is_default_network(container.network_mode):
        yield Difference("network", "podman's default", container.network_mode)
    if len(container.networks) > 1:
        yield Difference("networks", "one", _listed(container.networks))


def _privileges(container: ObservedContainer) -> Iterator[Difference]:
    yield from _differ("privileged", "no", "yes" if container.privileged else "no")
    yield from _differ("cap_add", "none", _listed(container.cap_add))
    yield from _differ("cap_drop", "none", _listed(without_default_drops(container.cap_drop)))
    yield from _differ("devices", "none", _listed(container.devices))
    yield from _differ("security_opt", "none", _listed(container.security_opt))
    yield from _differ("host_namespaces", "none", _listed(container.host_namespaces))
    yield from _differ("restart_policy", "no", container.restart_policy)
    yield from _differ("read_only", "no", "yes" if container.read_only else "no")
    yield from _differ("auto_remove", "no", "yes" if container.auto_remove else "no")


def _limits(spec: ContainerSpec, container: ObservedContainer) -> Iterator[Difference]:
    yield from _differ("memory", spec.memory, container.memory)
    yield from _differ("cpus", spec.cpus, container.cpus)
    if not (spec.pids_limit is None and is_default_pids_limit(container.pids_limit)):
        yield from _differ("pids_limit", spec.pids_limit, container.pids_limit)


def _labels(
    spec: ContainerSpec, container: ObservedContainer, image: ImageInfo | None
) -> Iterator[Difference]:
    for name, value in sorted(spec.labels.items()):
        if name == LABEL_FLEET:
            continue
        field = _DIGESTS.get(name, f"label.{name}")
        yield from _differ(field, value, container.labels.get(name, ABSENT))
    for name, value in sorted(container.labels.items()):
        own = (LABEL_ENV, LABEL_FLEET)
        if name not in spec.labels and name not in own and not _image_label(name, value, image):
            yield Difference(_DIGESTS.get(name, f"label.{name}"), ABSENT, value)


def _image_label(name: str, value: str, image: ImageInfo | None) -> bool:
    if name.startswith("lanekit."):
        return False
    return image is None or image.labels.get(name) == value
