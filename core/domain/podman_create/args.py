"""ContainerSpec -> the arguments of `podman create`.

What the reference passes stands here in its order and to the letter; lanekit's own options come
between those and the image. The value of a secret variable is never an argument, where every
user of the host could read it: `-e NAME` lets podman take it from its own environment.
"""

import json
from collections.abc import Iterator, Mapping

from lanekit.core.domain.containers import FINGERPRINT_ENV, ContainerSpec, EnvVar, Mount, Port
from lanekit.core.domain.labels import LABEL_ENV

# Names that would steer podman itself if they stood in its environment.
_STEERING = frozenset(
    (
        *("PATH", "HOME", "TMPDIR", "TERM", "LANG", "NOTIFY_SOCKET", "DBUS_SESSION_BUS_ADDRESS"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("GODEBUG", "GOTRACEBACK", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"),
    )
)
_STEERING_PREFIXES = (
    *("LD_", "XDG_", "LC_", "CONTAINER", "STORAGE_", "REGISTRY_", "LISTEN_"),
    *("BUILDAH_", "PODMAN_", "NETAVARK_", "_CONTAINERS_"),
)
_STEERING_SUFFIXES = ("_proxy", "_PROXY")


def create_args(spec: ContainerSpec, name: str | None = None) -> tuple[str, ...]:
    """The arguments after `podman`, beginning with `create`; `name` in place of the spec's."""
    return (
        "create",
        *("--name", spec.name if name is None else name),
        *("--user", spec.user),
        *("--entrypoint", _entrypoint(spec.entrypoint)),
        *_each("-p", map(_port, spec.ports)),
        *_each(
            "-e", (f"{v.name}={v.value}" for v in _public_env(spec) if v.name != FINGERPRINT_ENV)
        ),
        *_mounts(spec.mounts),
        *("-w", spec.workdir),
        *_each(
            "-e", (f"{v.name}={v.value}" for v in _public_env(spec) if v.name == FINGERPRINT_ENV)
        ),
        *_additions(spec),
        spec.image,
    )


def labels_of(spec: ContainerSpec) -> dict[str, str]:
    """The labels a container of this spec carries: the spec's, and the names of its variables."""
    names = sorted(var.name for var in spec.env if var.secret)
    return {**spec.labels, **({LABEL_ENV: ",".join(names)} if names else {})}


def env_passthrough(spec: ContainerSpec) -> Mapping[str, str]:
    """What has to stand in podman's environment for the `-e NAME` options."""
    return {v.name: v.value for v in spec.env if v.secret and not affects_podman_itself(v.name)}


def env_file(spec: ContainerSpec) -> str:
    """What has to stand on podman's stdin for `--env-file /dev/stdin`; empty when not used."""
    return "".join(
        f"{v.name}={v.value}\n" for v in spec.env if v.secret and affects_podman_itself(v.name)
    )


def affects_podman_itself(name: str) -> bool:
    """Whether podman itself would obey a variable of this name."""
    return (
        name in _STEERING
        or name.startswith(_STEERING_PREFIXES)
        or name.endswith(_STEERING_SUFFIXES)
    )


def _public_env(spec: ContainerSpec) -> tuple[EnvVar, ...]:
    return tuple(var for var in spec.env if not var.secret)


def _additions(spec: ContainerSpec) -> tuple[str, ...]:
    return (
        "--pull=never",
        *_each("--label", (f"{k}={v}" for k, v in sorted(labels_of(spec).items()))),
        *_each("-e", env_passthrough(spec)),
        *(("--env-file", "/dev/stdin") if env_file(spec) else ()),
        *(() if spec.memory is None else ("--memory", f"{spec.memory}b")),
        *(() if spec.cpus is None else ("--cpus", f"{spec.cpus:g}")),
        *(() if spec.pids_limit is None else ("--pids-limit", str(spec.pids_limit))),
    )


def _each(option: str, values: Iterator[str] | Mapping[str, str]) -> Iterator[str]:
    for value in values:
        yield option
        yield value


def _entrypoint(command: tuple[str, ...]) -> str:
    # podman reads an entrypoint that looks like a JSON list as one.
    if len(command) == 1 and not command[0].startswith("["):
        return command[0]
    return json.dumps(list(command))


def _port(port: Port) -> str:
    host_port = "" if port.host_port is None else str(port.host_port)
    protocol = "" if port.protocol == "tcp" else f"/{port.protocol}"
    return f"{port.host_ip}:{host_port}:{port.container_port}{protocol}"


def _mounts(mounts: tuple[Mount, ...]) -> Iterator[str]:
    for mount in mounts:
        if ":" in mount.source or ":" in mount.target:
            yield from ("--mount", _long_mount(mount))
        else:
            yield from ("-v", f"{mount.source}:{mount.target}:z{',ro' if mount.read_only else ''}")


def _long_mount(mount: Mount) -> str:
    fields = ["type=bind", f"src={mount.source}", f"dst={mount.target}", "relabel=shared"]
    return ",".join(map(_csv_field, fields + (["ro=true"] if mount.read_only else [])))


def _csv_field(text: str) -> str:
    # podman reads --mount as one CSV record (encoding/csv of Go).
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
