"""What podman says of its host, in either of its languages."""

from returns.result import Failure, Success

from lanekit.adapters.podman.failure_causes import warnings
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.core.domain.diagnostics.facts import PodmanHost
from lanekit.core.domain.errors import Outcome

TIMEOUT_SECONDS = 60.0


def decode_info(text: str, log: str) -> Outcome[PodmanHost]:
    """Return what an answer to `info` says; `log` is what podman wrote to its log."""
    parsed = parse(text, "info")
    if isinstance(parsed, Failure):
        return parsed
    try:
        return Success(_decode(as_node(parsed.unwrap(), ""), log))
    except Malformed as error:
        return Failure(undecodable("info", str(error)))


def _decode(shown: Node, log: str) -> PodmanHost:
    host, store = shown.node("host"), shown.node("store")
    security, runtime = host.node("security"), host.node("ociRuntime")
    return PodmanHost(
        version=shown.node("version").text("Version"),
        rootless=security.flag("rootless"),
        runtime=runtime.text("name"),
        cgroups=f"cgroups {host.text('cgroupVersion')}, {host.text('cgroupManager')}",
        controllers=host.texts("cgroupControllers"),
        selinux=security.flag("selinuxEnabled"),
        driver=store.text("graphDriverName"),
        storage=store.text("graphRoot"),
        machine=host.text("arch"),
        warnings=warnings(log),
    )
