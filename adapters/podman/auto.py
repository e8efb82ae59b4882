"""Choose how podman is reached: by its socket where one answers, else by its command."""

import os
from collections.abc import Mapping

from returns.result import Failure

from lanekit.adapters.podman import address
from lanekit.core.ports.engine import ContainerEngine

_PING_SECONDS = 3.0


def find_podman(env: Mapping[str, str] | None = None) -> ContainerEngine:
    """`PodmanSocket` where a service answers within 3 seconds, else `PodmanCli`.

    `env` replaces the environment of this process. The socket of the whole system is taken by
    root only: for others its containers are not those that their podman command shows.
    """
    environ = os.environ if env is None else env
    if _may_answer(environ):
        from lanekit.adapters.podman.rest.engine import (  # noqa: PLC0415 - costs start-up
            PodmanSocket,
        )

        socket = PodmanSocket(env=env)
        if not isinstance(socket.ping(_PING_SECONDS), Failure):
            return socket
    from lanekit.adapters.podman.cli.engine import PodmanCli  # noqa: PLC0415 - costs start-up

    return PodmanCli(env=env)


def _may_answer(env: Mapping[str, str]) -> bool:
    """Return whether a service may be ours. A look at two files at most: http costs start-up."""
    found = address.find_address(env)
    if isinstance(found, Failure):
        return False
    path = found.unwrap().path
    return path != address.SYSTEM or os.geteuid() == 0 or bool(env.get("CONTAINER_HOST"))
