"""The engine that talks to podman's REST service, over a unix socket or tcp."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from returns.result import Failure, Success

from lanekit.adapters.podman.error_mapping import error_of, nameless
from lanekit.adapters.podman.inspect_decoder import decode_ids
from lanekit.adapters.podman.netavark_retry import retry_start
from lanekit.adapters.podman.rest.client import Rest
from lanekit.adapters.podman.rest.http_client import MAX_CONNECTIONS, Response, queried, quoted
from lanekit.adapters.podman.rest.responses import (
    GOOD,
    identifier_in,
    log_lines,
    removal,
    take_container,
    take_image,
    text_of,
    words_of,
)
from lanekit.core.domain.containers import CONTAINER_NAME, ContainerSpec, Limits
from lanekit.core.domain.errors import EngineFailed, NotFound, Outcome, without_value
from lanekit.core.domain.labels import has_labels
from lanekit.core.domain.observed import ImageInfo, InspectResult, LayerChange, ObservedContainer
from lanekit.core.domain.podman_create.body import create_body
from lanekit.core.domain.redaction import redact, secrets_of
from lanekit.core.ports.engine import EventStream, OnPartialResult, Streams
from lanekit.core.ports.host_files import ArchiveBroken

_TAR_BLOCK_BYTES = 512
_EVENTS_OPEN_SECONDS = 10.0
_CONTAINERS_BEFORE_IMAGES = MAX_CONNECTIONS - 1
# What the podman command copies from its caller's environment into a container (ProxyEnv of
# containers/common); the service does not.
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")


class PodmanSocket:
    """podman by its REST service.

    `address` is `unix:///PATH`, a path, or `tcp://HOST:PORT`; without it the socket is found as
    podman's own tools find it: $CONTAINER_HOST, $XDG_RUNTIME_DIR/podman/podman.sock,
    /run/podman/podman.sock. `env` replaces the environment of this process. `timeout`: seconds
    that one request may take, a stop's grace aside.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
    ) -> None:
        self._rest = Rest(address, env, timeout)

    @property
    def description(self) -> str:
        """For people: which engine this is, and where."""
        client = self._rest.client()
        where = "" if isinstance(client, Failure) else f" {client.unwrap().address}"
        return f"podman socket{where}"

    def ping(self, timeout: float) -> Outcome[None]:
        """Success when a podman service of version 4 or later answers within `timeout` seconds."""
        response = self._rest.ask("reach podman", "GET", "/_ping", timeout=timeout)
        if isinstance(response, Failure):
            return response
        good = response.unwrap().status in GOOD
        return (
            Success(None)
            if good
            else Failure(error_of("reach podman", words_of(response.unwrap())))
        )

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        """See `ContainerEngine.inspect`; one request a name, up to 4 at once."""
        observed = self.inspect_many(names, ())
        return observed if isinstance(observed, Failure) else Success(observed.unwrap().containers)

    def images(self, references: Sequence[str]) -> Outcome[Mapping[str, ImageInfo]]:
        """See `ContainerEngine.images`; one request a reference, up to 4 at once."""
        observed = self.inspect_many((), references)
        return observed if isinstance(observed, Failure) else Success(observed.unwrap().images)

    def inspect_many(
        self,
        names: Sequence[str],
        references: Sequence[str],
        on_partial: OnPartialResult | None = None,
    ) -> Outcome[InspectResult]:
        """See `ContainerEngine.inspect_many`; one request for each, up to 4 at once."""
        possible = [name for name in dict.fromkeys(names) if re.fullmatch(CONTAINER_NAME, name)]
        asked = list(dict.fromkeys(references))
        if not possible and not asked:
            return Success(InspectResult({}, {}))
        containers: dict[str, ObservedContainer] = {}
        images: dict[str, ImageInfo] = {}
        # Images early, for without them nobody can judge a container; but not as the first that
        # is read: podman takes longest for them.
        todo = [(name, False) for name in possible]
        todo[_CONTAINERS_BEFORE_IMAGES:_CONTAINERS_BEFORE_IMAGES] = [
            (reference, True) for reference in asked
        ]

        def take(at: int, reply: Response) -> Outcome[None]:
            what, is_image = todo[at]
            if is_image:
                taken = take_image(what, reply, images)
            else:
                taken = take_container(what, reply, containers)
            if on_partial is not None and not isinstance(taken, Failure):
                on_partial(what, InspectResult(containers, images))
            return taken

        paths = [_path(what, is_image=is_image) for what, is_image in todo]
        done = self._rest.get_all("inspect", paths, take)
        return done if isinstance(done, Failure) else Success(InspectResult(containers, images))

    def list_by_labels(self, labels: Mapping[str, str]) -> Outcome[tuple[ObservedContainer, ...]]:
        """See `ContainerEngine.list_by_labels`; one request, and one for each container found."""
        # By name only: versions differ in how a value with a comma has to be written.
        query = {"all": "true", "filters": json.dumps({"label": list(labels)})}
        response = self._rest.checked("list containers", "GET", queried("/containers/json", query))
        if isinstance(response, Failure):
            return response
        ids = decode_ids(text_of(response.unwrap()))
        if isinstance(ids, Failure):
            return ids
        found = self.inspect(ids.unwrap())
        if isinstance(found, Failure):
            return found
        carrying = (
            observed for observed in found.unwrap().values() if has_labels(observed.labels, labels)
        )
        return Success(tuple(sorted(carrying, key=lambda one: one.name)))

    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        """See `ContainerEngine.create`. podman ignores fields it does not know: look at it then."""
        if not name:
            return Failure(nameless("create a container"))
        body = json.dumps(create_body(spec, name, self._proxies())).encode()
        response = self._rest.ask(f"create {name}", "POST", "/containers/create", body)
        if isinstance(response, Failure):
            return response
        reply = response.unwrap()
        made = identifier_in(reply)
        if reply.status in GOOD and not isinstance(made, Failure):
            return made
        # Before words are cut or quoted: a part of a secret would not be recognised later.
        reply = Response(reply.status, redact(text_of(reply), secrets_of(spec)).encode())
        if reply.status in GOOD:
            return identifier_in(reply)
        return Failure(error_of(f"create {name}", words_of(reply), image=spec.image))

    def _proxies(self) -> dict[str, str]:
        env = self._rest.env
        both = [spelling for name in _PROXIES for spelling in (name, name.upper())]
        return {name: env[name] for name in both if env.get(name)}

    def put_archive(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        """See `ContainerEngine.put_archive`."""
        # As `podman cp -a=false` does: owners as in the archive, no folder over a file.
        query = {"path": "/", "copyUIDGID": "false", "noOverwriteDirNonDir": "true"}
        path = queried(f"/containers/{container}/archive", query)
        action = f"copy into {container[:12]}"
        try:
            first, rest = _first_block(archive)
            done = self._rest.checked(action, "PUT", path, stream=chain((first,), rest))
        except ArchiveBroken as broken:
            return Failure(broken.error)
        if not isinstance(done, Failure) and not any(first[:_TAR_BLOCK_BYTES]):
            # podman takes it for a success.
            return Failure(EngineFailed(f"could not {action}: there is nothing in the archive"))
        return without_value(done)

    def start(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.start`."""
        return retry_start(lambda: self._do("start", container))

    def unpause(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.unpause`."""
        return self._do("unpause", container)

    def stop(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.stop`; podman counts the grace in whole seconds, rounded up."""
        return self._do("stop", container, {"timeout": str(math.ceil(grace))}, extra=grace)

    def rename(self, container: str, name: str) -> Outcome[None]:
        """See `ContainerEngine.rename`."""
        return self._do("rename", container, {"name": name}, more=f" to {name}")

    def remove(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.remove`."""
        query = {"force": "true", "volumes": "true", "timeout": str(math.ceil(grace))}
        path = queried(f"/containers/{container}", query)
        action = f"remove {container[:12]}"
        response = self._rest.checked(action, "DELETE", path, extra=grace)
        if isinstance(response, Failure):
            return Success(None) if isinstance(response.failure(), NotFound) else response
        return removal(action, response.unwrap())

    def logs(self, container: str, tail: int) -> Outcome[str]:
        """See `ContainerEngine.logs`."""
        query = {"stdout": "true", "stderr": "true", "tail": str(tail)}
        path = queried(f"/containers/{container}/logs", query)
        response = self._rest.checked(f"read the logs of {container[:12]}", "GET", path)
        return (
            response if isinstance(response, Failure) else log_lines(response.unwrap().body, tail)
        )

    def diff(self, container: str) -> Outcome[tuple[LayerChange, ...]]:
        """See `ContainerEngine.diff`."""
        from lanekit.adapters.podman.diff_and_update import (  # noqa: PLC0415 - few runs ask
            decode_changes,
        )

        # Without the type an image of that id would do.
        path = queried(f"/containers/{container}/changes", {"diffType": "container"})
        response = self._rest.checked(f"look for changes in {container[:12]}", "GET", path)
        return (
            response
            if isinstance(response, Failure)
            else decode_changes(text_of(response.unwrap()))
        )

    def events(self) -> Outcome[EventStream]:
        """See `ContainerEngine.events`; on a connection of its own."""
        from lanekit.adapters.podman.rest.events import open_events  # noqa: PLC0415 - few runs ask

        client = self._rest.client()
        if isinstance(client, Failure):
            return client
        opened = open_events(client.unwrap().address, _EVENTS_OPEN_SECONDS)
        return opened if isinstance(opened, Failure) else Success(opened.unwrap())

    def update(self, container: str, limits: Limits) -> Outcome[None]:
        """See `ContainerEngine.update`."""
        from lanekit.adapters.podman.diff_and_update import (  # noqa: PLC0415 - few runs ask
            update_body,
            update_query,
        )

        path = queried(f"/containers/{container}/update", update_query(limits))
        action, body = f"update {container[:12]}", json.dumps(update_body(limits)).encode()
        response = self._rest.ask(action, "POST", path, body)
        if isinstance(response, Failure) or response.unwrap().status in GOOD:
            return without_value(response)
        return Failure(error_of(action, words_of(response.unwrap())))

    def execute(
        self, container: str, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """See `ContainerEngine.execute`."""
        from lanekit.adapters.podman.rest.exec import execute  # noqa: PLC0415 - costs start-up

        return execute(self._rest, container, command, streams, tty=tty)

    def _do(
        self,
        verb: str,
        container: str,
        query: Mapping[str, str] | None = None,
        *,
        extra: float = 0,
        more: str = "",
    ) -> Outcome[None]:
        path = queried(f"/containers/{container}/{verb}", query or {})
        action = f"{verb} {container[:12]}{more}"
        return without_value(self._rest.checked(action, "POST", path, extra=extra))


def _path(what: str, *, is_image: bool) -> str:
    return f"/images/{quoted(what)}/json" if is_image else f"/containers/{what}/json"


def _first_block(archive: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first chunks, until there is a block of a tar; and those that follow."""
    chunks, begin = iter(archive), b""
    for chunk in chunks:
        begin += chunk
        if len(begin) >= _TAR_BLOCK_BYTES:
            break
    return begin, chunks
