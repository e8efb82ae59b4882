"""Where the worker answers: computed from an inspect, with no further question to podman."""

from returns.result import Failure, Success

from lanekit.core.domain.containers import WORKER_PORT
from lanekit.core.domain.errors import NoEndpoint, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import Endpoint, ObservedContainer

_KEY = f"{WORKER_PORT}/tcp"
# An address that means "every address" cannot be connected to; its loopback can.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}


def endpoint_of(seen: ObservedContainer) -> Outcome[Endpoint]:
    """The first host port published for the worker's port; `NoEndpoint` when there is none."""
    for port in seen.ports:
        if port.key == _KEY and port.host_port is not None:
            return Success(Endpoint(_host(port.host_ip), port.host_port))
    return Failure(
        NoEndpoint(
            f"container {seen.name} does not publish {_KEY}",
            hints=(Hint("replace-lane"),),
        )
    )


def _host(host_ip: str) -> str:
    host = _LOOPBACK.get(host_ip, host_ip)
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
