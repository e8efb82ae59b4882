"""Where podman's REST service listens: found as podman's own tools find it."""

import os
import re
from collections.abc import Mapping

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import MAX_PORT
from lanekit.core.domain.errors import EngineUnavailable, InvalidLane, Outcome
from lanekit.core.domain.hints import Hint

SYSTEM = "/run/podman/podman.sock"
"""Where the service of the whole system listens."""
_TCP = r"tcp://(?P<host>\[[0-9a-fA-F:.]+\]|[^:/\[\]]+):(?P<port>[0-9]{1,5})/?"


@dataclass(frozen=True)
class Address:
    """A unix socket (`path`), or else `host` and `port` of a service reached over tcp."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_address(url: str) -> Outcome[Address]:
    """`unix:///run/podman/podman.sock`, `/run/podman/podman.sock` or `tcp://HOST:PORT`.

    `InvalidLane` for anything else: ssh is spoken by the podman command.
    """
    path = url.removeprefix("unix://")
    if path.startswith("/"):
        return Success(Address(path=path))
    found = re.fullmatch(_TCP, url)
    if found is not None and 0 < int(found["port"]) <= MAX_PORT:
        return Success(Address(host=found["host"].strip("[]"), port=int(found["port"])))
    return Failure(
        InvalidLane(
            f"not the address of a podman socket: {_without_password(url)}",
            hints=(Hint("correct-address"), Hint("use-podman-command")),
        )
    )


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def candidates(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the places to look at, best first: $CONTAINER_HOST alone where it is set."""
    if env.get("CONTAINER_HOST"):
        return (env["CONTAINER_HOST"],)
    runtime = env.get("XDG_RUNTIME_DIR")
    own = (f"{runtime}/podman/podman.sock",) if runtime else ()
    return (*own, SYSTEM)


def find_address(env: Mapping[str, str]) -> Outcome[Address]:
    """Return the first place with a socket; `EngineUnavailable` says how to start a service."""
    places = candidates(env)
    for place in places:
        address = parse_address(place)
        if isinstance(address, Failure) or env.get("CONTAINER_HOST"):
            return address
        if os.path.exists(address.unwrap().path):
            return address
    return Failure(no_service(f"there is no {' and no '.join(places)}"))


def no_service(words: str, detail: str = "") -> EngineUnavailable:
    """Return the error for a service that cannot be reached."""
    return EngineUnavailable(
        f"podman's service cannot be reached: {words}",
        detail=detail,
        hints=(Hint("start-podman-service"), Hint("use-podman-command")),
    )
