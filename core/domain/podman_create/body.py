"""ContainerSpec -> the body of POST /libpod/containers/create (podman's SpecGenerator)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from lanekit.core.domain.containers import CPU_PERIOD_US, ContainerSpec, Mount, Port
from lanekit.core.domain.podman_create.args import labels_of

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

# What `--cpus` means: this much quota for each period, in microseconds (podman's own default).
_NONE: Mapping[str, str] = MappingProxyType({})


def create_body(
    spec: ContainerSpec, name: str | None = None, proxies: Mapping[str, str] = _NONE
) -> dict[str, Json]:
    """The JSON object; `name` in place of the spec's. Holds the values of secret variables.

    `proxies` are variables that the container gets unless the spec has them.
    """
    body: dict[str, Json] = {
        "name": spec.name if name is None else name,
        "image": spec.image,
        "user": spec.user,
        "entrypoint": list(spec.entrypoint),
        "work_dir": spec.workdir,
        "env": {**proxies, **{var.name: var.value for var in spec.env}},
        "mounts": [_mount(mount) for mount in spec.mounts],
        "portmappings": [_port(port) for port in spec.ports],
        "labels": dict(labels_of(spec)),
        "sdnotifyMode": "container",
    }
    limits = _limits(spec)
    return {**body, "resource_limits": limits} if limits else body


def _mount(mount: Mount) -> Json:
    return {
        "type": mount.kind,
        "source": mount.source,
        "destination": mount.target,
        "options": ["z", "ro"] if mount.read_only else ["z"],
    }


def _port(port: Port) -> Json:
    mapping: dict[str, Json] = {
        "container_port": port.container_port,
        "host_ip": port.host_ip,
        "protocol": port.protocol,
    }
    return mapping if port.host_port is None else {**mapping, "host_port": port.host_port}


def _limits(spec: ContainerSpec) -> dict[str, Json]:
    limits: dict[str, Json] = {}
    if spec.memory is not None:
        limits["memory"] = {"limit": spec.memory}
    if spec.cpus is not None:
        limits["cpu"] = {
            "quota": round(spec.cpus * CPU_PERIOD_US),
            "period": CPU_PERIOD_US,
        }
    if spec.pids_limit is not None:
        limits["pids"] = {"limit": spec.pids_limit}
    return limits
