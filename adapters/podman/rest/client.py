"""Requests to podman's REST service whose answers are Outcomes; where the service is."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing

from returns.result import Failure, Success

from lanekit.adapters.podman.address import Address, find_address, no_service, parse_address
from lanekit.adapters.podman.error_mapping import error_of, too_old
from lanekit.adapters.podman.json_reader import undecodable
from lanekit.adapters.podman.rest.http_client import (
    Client,
    ConnectError,
    ProtocolError,
    ReadTimeout,
    Response,
    UnsupportedVersion,
)
from lanekit.adapters.podman.rest.responses import GOOD, words_of
from lanekit.core.domain.errors import EngineTimeout, LaneError, Outcome
from lanekit.core.domain.hints import Hint

# Without a version podman answers 404; under v4.0.0 every version since 4.0 answers alike.
API = "/v4.0.0/libpod"


class Rest:
    """One service. It is looked for at each request until it is found, then kept."""

    def __init__(self, address: str | None, env: Mapping[str, str] | None, timeout: float) -> None:
        self._address = address
        self._env = env
        self._timeout = timeout
        self._found: Client | None = None

    @property
    def env(self) -> Mapping[str, str]:
        """The environment that counts."""
        return os.environ if self._env is None else self._env

    def client(self) -> Outcome[Client]:
        """Return where requests go; `EngineUnavailable` when no socket is there."""
        if self._found is None:
            address = self._where()
            if isinstance(address, Failure):
                return address
            self._found = Client(address.unwrap())
        return Success(self._found)

    def _where(self) -> Outcome[Address]:
        return parse_address(self._address) if self._address else find_address(self.env)

    def get_all(
        self,
        action: str,
        paths: Sequence[str],
        take: Callable[[int, Response], Outcome[None]],
    ) -> Outcome[None]:
        """Give each answer, whatever its status, to `take`, in order; its Failure ends it."""
        client = self.client()
        if isinstance(client, Failure):
            return client
        replies = client.unwrap().get_all([API + path for path in paths], self._timeout)
        try:
            with closing(replies):
                for at, reply in enumerate(replies):
                    taken = take(at, reply)
                    if isinstance(taken, Failure):
                        return taken
        except (ConnectError, ReadTimeout, ProtocolError) as error:
            return Failure(_error(client.unwrap(), action, error, self._timeout))
        return Success(None)

    def checked(
        self,
        action: str,
        method: str,
        path: str,
        *,
        stream: Iterable[bytes] | None = None,
        extra: float = 0,
    ) -> Outcome[Response]:
        """Return the answer when its status says that it was done; else podman's words as an error.

        `extra` seconds are allowed beyond the time of every request.
        """
        allowed = self._timeout + extra
        response = self.ask(action, method, path, stream=stream, timeout=allowed)
        if isinstance(response, Failure) or response.unwrap().status in GOOD:
            return response
        return Failure(error_of(action, words_of(response.unwrap())))

    def ask(  # noqa: PLR0913 - what a request has
        self,
        action: str,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        stream: Iterable[bytes] | None = None,
        timeout: float | None = None,
    ) -> Outcome[Response]:
        """Return the answer, whatever its status."""
        client = self.client()
        if isinstance(client, Failure):
            return client
        allowed = self._timeout if timeout is None else timeout
        try:
            return Success(client.unwrap().request(method, API + path, allowed, body, stream))
        except (ConnectError, ReadTimeout, ProtocolError) as error:
            return Failure(_error(client.unwrap(), action, error, allowed))


def _error(client: Client, action: str, error: Exception, allowed: float) -> LaneError:
    address = str(client.address)
    if isinstance(error, ReadTimeout):
        return EngineTimeout(
            f"could not {action}: podman's service at {address} did not answer "
            f"within {allowed:g} s",
            hints=(Hint("check-service", address), Hint("ensure-again")),
        )
    if isinstance(error, UnsupportedVersion):
        return too_old(f"the service at {address} is {error}")
    if isinstance(error, ProtocolError):
        return undecodable(f"the request to {action}", f"{address} does not speak HTTP: {error}")
    return no_service(f"{address} did not answer the request to {action}", str(error))
