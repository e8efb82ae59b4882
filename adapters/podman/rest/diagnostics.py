"""What doctor asks of podman, by its service."""

import json
from collections.abc import Mapping

from returns.result import Failure, Success

from lanekit.adapters.podman.diagnostics import TIMEOUT_SECONDS, decode_info
from lanekit.adapters.podman.error_mapping import error_of
from lanekit.adapters.podman.rest.client import Rest
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.adapters.podman.rest.http_client import Response, queried, quoted
from lanekit.adapters.podman.rest.responses import GOOD, identifier_in, text_of, words_of
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import PodmanHost, UlimitSettings, Workaround
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.podman_create.body import create_body


class PodmanRestDiagnostics:
    """A `DiagnosticEngine` by podman's service, which takes the runtime of its containers.conf."""

    supported_workarounds: frozenset[Workaround] = frozenset(("ulimits", "low-ulimits"))

    def __init__(self, env: Mapping[str, str]) -> None:
        self._rest = Rest(None, env, TIMEOUT_SECONDS)
        self.engine: PodmanSocket = PodmanSocket(env=env, timeout=TIMEOUT_SECONDS)

    def info(self) -> Outcome[PodmanHost]:
        """See `DiagnosticEngine.info`."""
        shown = self._rest.checked("look at podman", "GET", "/info")
        return shown if isinstance(shown, Failure) else decode_info(text_of(shown.unwrap()), "")

    def create(
        self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        """See `DiagnosticEngine.create`."""
        body = create_body(spec)
        if ulimits := limits.ulimits(workarounds):
            body["r_limits"] = [
                {"type": name, "soft": value, "hard": value} for name, value in ulimits
            ]
        doing = f"create {spec.name}"
        made = self._rest.ask(doing, "POST", "/containers/create", json.dumps(body).encode())
        if isinstance(made, Failure):
            return made
        if made.unwrap().status not in GOOD:
            return Failure(error_of(doing, words_of(made.unwrap()), image=spec.image))
        return identifier_in(made.unwrap())

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        """See `DiagnosticEngine.import_image`."""
        query = {"reference": reference, "changes": f"LABEL {label}"}
        path = queried("/images/import", query)
        return _no_body(self._rest.checked("import an image", "POST", path, stream=(tar,)))

    def remove_image(self, reference: str) -> Outcome[None]:
        """See `DiagnosticEngine.remove_image`."""
        path = f"/images/{quoted(reference)}"
        return _no_body(self._rest.checked("remove an image", "DELETE", path))


def _no_body(response: Outcome[Response]) -> Outcome[None]:
    return response if isinstance(response, Failure) else Success(None)
