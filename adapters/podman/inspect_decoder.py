"""Decode podman's JSON into observed containers and images, for podman 4.3.1 to 5.8.

Serves both engines: the CLI prints a list of what REST gives one by one. Different spellings of
the same value are normalised here and nowhere else. Which values are podman's own defaults is known
to core/domain/podman_defaults.py: they can only be judged beside the specification.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar, cast, get_args

from returns.result import Failure, Success

from lanekit.adapters.podman.error_mapping import ID
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.core.domain.containers import CPU_PERIOD_US, MAX_PORT, Mount, Port
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import ImageInfo, ObservedContainer, State

_SHOWN_CHARACTERS = 40
_NANO = 1_000_000_000
# What the kernel takes for a quota without a period (microseconds): kernel, sched-bwc.rst.
_ZERO_TIME = "0001-01-01T00:00:00Z"
# configured and initialized come before a start, as created does.
_STATES: dict[str, State] = {
    "configured": "created",
    "initialized": "created",
    **{state: state for state in cast("tuple[State, ...]", get_args(State))},
}
# Namespaces that are the container's own by default, however that version spells it.
_NAMESPACES = {"PidMode": "pid", "IpcMode": "ipc", "UTSMode": "uts"}
_PORT_KEY = r"([0-9]{1,5})/([a-z]+)"
# Characters; an inspect of one container has about 6,000.
_MAX_REMEMBERED = 1 << 15

T = TypeVar("T")


def decode_containers(text: str) -> Outcome[tuple[ObservedContainer, ...]]:
    """Decode the containers of an inspect: a list (CLI), or one object (REST, or saved by hand)."""
    return _remembered_containers(text) if len(text) < _MAX_REMEMBERED else _containers(text)


def decode_images(text: str) -> Outcome[tuple[tuple[tuple[str, ...], ImageInfo], ...]]:
    """Decode images: for each its references (RepoTags, RepoDigests, id) and what it brings."""
    return _remembered_images(text) if len(text) < _MAX_REMEMBERED else _images(text)


def _containers(text: str) -> Outcome[tuple[ObservedContainer, ...]]:
    return _each(text, "container inspect", _snapshot)


def _images(text: str) -> Outcome[tuple[tuple[tuple[str, ...], ImageInfo], ...]]:
    return _each(text, "image inspect", _image)


# Of a lane that nobody touched podman shows the same text again: see ADR 28.
_remembered_containers = lru_cache(maxsize=256)(_containers)
_remembered_images = lru_cache(maxsize=16)(_images)


def _each(text: str, what: str, decode: Callable[[Node], T]) -> Outcome[tuple[T, ...]]:
    parsed = parse(text, what)
    if isinstance(parsed, Failure):
        return parsed
    value = parsed.unwrap()
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    try:
        return Success(tuple(decode(as_node(i, f"[{n}]")) for n, i in enumerate(items)))
    except Malformed as error:
        return Failure(undecodable(what, str(error)))


def decode_ids(text: str) -> Outcome[list[str]]:
    """Decode the ids in a list of containers."""
    parsed = parse(text, "ps")
    if isinstance(parsed, Failure):
        return parsed
    try:
        return Success([_identifier(row) for row in Node({"ps": parsed.unwrap()}).nodes("ps")])
    except Malformed as error:
        return Failure(undecodable("ps", str(error)))


def _image(node: Node) -> tuple[tuple[str, ...], ImageInfo]:
    identifier = _required(node, "Id").removeprefix("sha256:")
    config = node.node("Config")
    info = ImageInfo(
        id=identifier,
        labels=node.text_map("Labels") or config.text_map("Labels"),
        volumes=tuple(sorted(config.node("Volumes").data)),
    )
    return (*node.texts("RepoTags"), *node.texts("RepoDigests"), identifier), info


def _required(node: Node, key: str) -> str:
    value = node.text(key)
    if not value:
        raise Malformed(f"{node.where}.{key} is missing")
    return value


def _identifier(node: Node) -> str:
    """Return a container's id. It becomes an argument of commands: nothing else may pass for it."""
    value = _required(node, "Id")
    if not re.fullmatch(ID, value):
        raise Malformed(f"{node.where}.Id is no id of 64 hex digits")
    return value


def _snapshot(node: Node) -> ObservedContainer:
    config, host, state = node.node("Config"), node.node("HostConfig"), node.node("State")
    privileged = host.flag("Privileged")
    started = state.text("StartedAt")
    return ObservedContainer(
        id=_identifier(node),
        name=_required(node, "Name").removeprefix("/"),
        state=_state(_required(state, "Status")),
        image=node.text("ImageName"),
        image_id=node.text("Image").removeprefix("sha256:"),
        user=config.text("User"),
        path=node.text("Path"),
        args=_args(node, config),
        workdir=config.text("WorkingDir"),
        env=_env(config.texts("Env")),
        mounts=_mounts(node, host),
        ports=_ports(node.node("NetworkSettings").node("Ports")),
        labels=config.text_map("Labels"),
        config_image=config.text("Image"),
        network_mode=host.text("NetworkMode") or "bridge",
        networks=tuple(sorted(node.node("NetworkSettings").node("Networks").data)),
        privileged=privileged,
        # podman itself decides these for a privileged container, each version in its own way.
        cap_add=() if privileged else _names(host.texts("CapAdd")),
        cap_drop=() if privileged else _names(host.texts("CapDrop")),
        devices=() if privileged else _devices(host),
        security_opt=() if privileged else tuple(sorted(host.texts("SecurityOpt"))),
        restart_policy=_restart_policy(host.node("RestartPolicy")),
        auto_remove=host.flag("AutoRemove"),
        host_namespaces=_host_namespaces(host),
        memory=host.number("Memory") or None,
        cpus=_cpus(host),
        pids_limit=host.number("PidsLimit") or None,
        exit_code=state.number("ExitCode"),
        oom_killed=state.flag("OOMKilled"),
        error=state.text("Error"),
        started_at="" if started == _ZERO_TIME else started,
        pid=state.number("Pid"),
        # A key that came with the versions that keep an update: 4.3.1 has it not, 5.4.2 does.
        updatable=config.has("HealthLogDestination"),
        read_only=host.flag("ReadonlyRootfs"),
    )


def _state(status: str) -> State:
    return _STATES.get(status, "unknown")


def _args(node: Node, config: Node) -> tuple[str, ...]:
    # Without arguments podman repeats the path; with an argument of that name Cmd has it too.
    args, path = node.texts("Args"), node.text("Path")
    return () if args == (path,) and not config.items("Cmd") else args


def _env(lines: tuple[str, ...]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _mounts(node: Node, host: Node) -> tuple[Mount, ...]:
    mounts = [
        Mount(
            source=mount.text("Source"),
            target=mount.text("Destination"),
            read_only=mount.has("RW") and not mount.flag("RW"),
            kind=mount.text("Type", "bind"),
        )
        for mount in node.nodes("Mounts")
    ]
    # A tmpfs is not among Mounts.
    mounts += [Mount("", target, kind="tmpfs") for target in host.node("Tmpfs").data]
    # Nor is what --volumes-from brought: of that podman shows the other container's name alone.
    mounts += [Mount(name, "volumes-from", kind="from") for name in host.texts("VolumesFrom")]
    return tuple(sorted(mounts, key=lambda m: (m.target, m.source, m.read_only)))


def _ports(ports: Node) -> tuple[Port, ...]:
    return tuple(port for key in sorted(ports.data) for port in _port(key, ports))


def _port(key: str, ports: Node) -> list[Port]:
    number, protocol = _port_key(key, ports.where)
    bindings = [
        Port(number, protocol, binding.text("HostIp"), _host_port(binding))
        for binding in ports.nodes(key)
    ]
    # Exposed by the image, published nowhere.
    return bindings or [Port(number, protocol, "", None)]


def _port_key(key: str, where: str) -> tuple[int, str]:
    found = re.fullmatch(_PORT_KEY, key)
    if found is None or int(found[1]) > MAX_PORT:
        raise Malformed(f"{where} has a port {key[:_SHOWN_CHARACTERS]!r}, expected one like 80/tcp")
    return int(found[1]), found[2]


def _host_port(binding: Node) -> int | None:
    text = binding.text("HostPort").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > MAX_PORT:
        raise Malformed(
            f"{binding.where}.HostPort is {text[:_SHOWN_CHARACTERS]!r}, expected a port"
        )
    return int(text)


def _names(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix("CAP_") for name in capabilities))


def _devices(host: Node) -> tuple[str, ...]:
    found = (
        f"{device.text('PathOnHost')}:{device.text('PathInContainer')}"
        for device in host.nodes("Devices")
    )
    return tuple(sorted(found))


def _restart_policy(policy: Node) -> str:
    name = policy.text("Name") or "no"
    retries = policy.number("MaximumRetryCount")
    return f"{name}:{retries}" if retries else name


def _host_namespaces(host: Node) -> tuple[str, ...]:
    shared = [
        f"{name}={mode}"
        for key, name in _NAMESPACES.items()
        if (mode := host.text(key)).partition(":")[0] in ("host", "container", "ns")
    ]
    return tuple(sorted(shared))


def _cpus(host: Node) -> float | None:
    nano = host.number("NanoCpus")
    if nano:
        return nano / _NANO
    quota, period = host.number("CpuQuota"), host.number("CpuPeriod")
    return quota / (period or CPU_PERIOD_US) if quota > 0 else None
