"""What `lanekit doctor` asks of a host and of the podman on it."""

from typing import Protocol

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import (
    Connection,
    ConnectionCheck,
    Diagnosis,
    PodmanHost,
    UlimitSettings,
    Workaround,
)
from lanekit.core.domain.errors import LaneError, Outcome
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine


@dataclass(frozen=True)
class StartProgram:
    """A program for the start test's container.

    `entrypoint` and `files`, a tar stream that brings it into the container. `listening`: what it
    has written to its log once it answers HTTP requests at the worker's port; empty: it answers
    from its start on.
    """

    entrypoint: tuple[str, ...]
    files: bytes = b""
    listening: str = ""


class DiagnosticEngine(Protocol):
    """A podman that is examined. Any method may fail as those of `ContainerEngine` do."""

    @property
    def engine(self) -> ContainerEngine:
        """lanekit's usual engine for it."""
        ...

    @property
    def supported_workarounds(self) -> frozenset[Workaround]:
        """The workarounds that can be applied to one container alone."""
        ...

    def info(self) -> Outcome[PodmanHost]:
        """Return what `podman info` says."""
        ...

    def create(
        self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        """Create the container under the spec's name with these workarounds; return its id."""
        ...

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        """Make an image of these files, with a label (NAME=VALUE)."""
        ...

    def remove_image(self, reference: str) -> Outcome[None]:
        """Remove the reference, and the image if it was its last."""
        ...


class DiagnosticHost(Protocol):
    """This host, with the ways to podman that it has. Only bugs raise."""

    def command(self) -> ConnectionCheck:
        """Check the podman command."""
        ...

    def socket(self) -> ConnectionCheck:
        """Check podman's service."""
        ...

    def preferred(self) -> Connection:
        """Return the connection that lanekit would choose by itself."""
        ...

    def engine(self, connection: Connection) -> DiagnosticEngine:
        """Return the podman at this connection."""
        ...

    def diagnosis(self, error: LaneError) -> Diagnosis:
        """Return the cause of podman's error, if its text is known."""
        ...

    def limits(self) -> UlimitSettings:
        """Return the hard limits of this process."""
        ...

    def containers_conf(self, podman: PodmanHost | None, connection: Connection | None) -> str:
        """Return the path of the containers.conf of whoever runs the containers."""
        ...

    def git_version(self) -> str:
        """Return what `git --version` prints; empty if there is no git."""
        ...

    def start_programs(self, podman: PodmanHost, image: str) -> tuple[StartProgram, ...]:
        """Return programs that are there, to be tried in order in a container of the image.

        `image` is empty for an image without any file.
        """
        ...

    def empty_image(self) -> bytes:
        """Return a tar stream of an image that has nothing to run."""
        ...

    def knows_its_host(self, container: ObservedContainer) -> bool | None:
        """Return whether it knows host.containers.internal; None if that cannot be seen."""
        ...
