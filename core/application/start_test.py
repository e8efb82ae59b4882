"""Test whether a container starts: make one, start it, look at it, and remove it in any case."""

import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import WORKER_PORT, ContainerSpec, Port
from lanekit.core.domain.diagnostics.facts import (
    Diagnosis,
    PodmanHost,
    StartAttempt,
    StartTestResult,
    Workaround,
    next_workarounds,
)
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.drift import drift
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import LaneError, Outcome, PortInUse, WorkerExited
from lanekit.core.domain.observed import Endpoint, ImageInfo, ObservedContainer
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.diagnostics import DiagnosticEngine, DiagnosticHost, StartProgram
from lanekit.core.ports.lock import LaneLock
from lanekit.core.ports.probe import Probe

LABEL = "lanekit.doctor"
_NAME = "lanekit-doctor"
_IMAGE = f"localhost/{_NAME}:start"
# Two containers may be given the same host port: created again, it gets another one.
_PORT_RETRIES = 2
_ANSWER_SECONDS = 3.0
_PROBE_SECONDS = 1.0
_POLL_SECONDS = 0.05
_LOG_LINES = 20
# With this the runtime gets as far as it can: to the start of a program that is not there.
_NO_PROGRAM = StartProgram(("/lanekit-doctor",))


@dataclass(frozen=True)
class DoctorPorts:
    """What doctor needs of the outside world."""

    host: DiagnosticHost
    lock: LaneLock
    probe: Probe
    clock: Clock


class StartTest:
    """The attempts, one container at a time.

    The caller holds doctor's lock: a container with the label is then a leftover of a doctor that
    was killed.
    """

    def __init__(self, ports: DoctorPorts, podman: DiagnosticEngine, info: PodmanHost) -> None:
        self._host = ports.host
        self._podman = podman
        self._info = info
        self._probe = ports.probe
        self._clock = ports.clock
        self._limits = ports.host.limits()
        self._leftover = ""
        self._port: bool | None = None
        self._host_name: bool | None = None
        self._differences: Drift | None = None

    def run(self, images: Sequence[str]) -> StartTestResult:
        """Test with the first of these images, which are there, or with one made for the test."""
        image = images[0] if images else ""
        failure = self._remove_leftovers()
        if failure is not None:
            return StartTestResult((StartAttempt((), failure),))
        programs = self._host.start_programs(self._info, image) or (_NO_PROGRAM,)
        attempts: tuple[StartAttempt, ...] = ()
        with self._image(image) as (reference, failure):
            if failure is not None:
                return StartTestResult((StartAttempt((), failure),))
            supported = self._podman.supported_workarounds
            while (workarounds := next_workarounds(attempts, supported)) is not None:
                diagnosis = self._attempt(reference, workarounds, programs)
                attempts = (*attempts, StartAttempt(workarounds, diagnosis))
        return StartTestResult(
            attempts,
            "",
            image,
            port=self._port,
            host_name=self._host_name,
            differences=self._differences,
            leftover=self._leftover,
        )

    def _remove_leftovers(self) -> Diagnosis | None:
        listed = self._podman.engine.list_by_labels({LABEL: ""})
        if isinstance(listed, Failure):
            return self._host.diagnosis(listed.failure())
        for container in listed.unwrap():
            # The name too: a label may be an image's, and then anybody's container has it.
            if container.name.startswith(f"{_NAME}-"):
                _ = self._podman.engine.remove(container.id, 0)
        self._remove_image()
        return None

    def _remove_image(self) -> None:
        known = self._podman.engine.images([_IMAGE])
        info = None if isinstance(known, Failure) else known.unwrap().get(_IMAGE)
        if info is not None and LABEL in info.labels:
            _ = self._podman.remove_image(_IMAGE)

    @contextmanager
    def _image(self, image: str) -> Generator[tuple[str, Diagnosis | None]]:
        if image:
            yield image, None
            return
        imported = self._podman.import_image(self._host.empty_image(), _IMAGE, f"{LABEL}=image")
        if isinstance(imported, Failure):
            yield "", self._host.diagnosis(imported.failure())
            return
        try:
            yield _IMAGE, None
        finally:
            self._remove_image()

    def _attempt(
        self, image: str, workarounds: tuple[Workaround, ...], programs: Sequence[StartProgram]
    ) -> Diagnosis | None:
        """Start a container with the first of these programs that can run in it."""
        diagnosis: Diagnosis | None = None
        for program in programs:
            error = self._start_with_free_port(image, workarounds, program)
            if error is None:
                return None
            diagnosis = self._diagnosis(error)
            if diagnosis.cause != "no-program":
                return diagnosis
        return diagnosis

    def _diagnosis(self, error: LaneError) -> Diagnosis:
        # A program that ended at once is of no use here: its libraries are missing, for instance.
        if isinstance(error, WorkerExited):
            return Diagnosis("no-program", error.detail or error.message)
        return self._host.diagnosis(error)

    def _start_with_free_port(
        self, image: str, workarounds: tuple[Workaround, ...], program: StartProgram
    ) -> LaneError | None:
        error = self._start_once(image, workarounds, program)
        for _ in range(_PORT_RETRIES):
            if isinstance(error, PortInUse):
                error = self._start_once(image, workarounds, program)
        return error

    def _start_once(
        self, image: str, workarounds: tuple[Workaround, ...], program: StartProgram
    ) -> LaneError | None:
        engine = self._podman.engine
        spec = _spec(f"{_NAME}-{secrets.token_hex(8)}", image, program)
        try:
            created = self._podman.create(spec, workarounds, self._limits)
            if isinstance(created, Failure):
                return created.failure()
            container = created.unwrap()
            return self._compare(container, spec) or self._start(container, program)
        finally:
            # By its name: an interrupt may have come before its id was known.
            found = engine.inspect([spec.name])
            seen = None if isinstance(found, Failure) else found.unwrap().get(spec.name)
            if seen is not None and LABEL in seen.labels:
                removed = engine.remove(seen.id, 0)
                self._leftover = spec.name if isinstance(removed, Failure) else self._leftover

    def _compare(self, container: str, spec: ContainerSpec) -> LaneError | None:
        """Compare it as ensure does; before the start, because it may be that none starts here."""
        seen, image = self._podman.engine.inspect([container]), self._image_info(spec)
        if isinstance(seen, Failure):
            return seen.failure()
        if isinstance(image, Failure):
            return image.failure()
        created = seen.unwrap().get(container)
        self._differences = None if created is None else drift(spec, created, image.unwrap())
        return None

    def _image_info(self, spec: ContainerSpec) -> Outcome[ImageInfo | None]:
        known = self._podman.engine.images([spec.image])
        return known if isinstance(known, Failure) else Success(known.unwrap().get(spec.image))

    def _start(self, container: str, program: StartProgram) -> LaneError | None:
        engine = self._podman.engine
        if program.files:
            copied = engine.put_archive(container, (program.files,))
            if isinstance(copied, Failure):
                return copied.failure()
        started = engine.start(container)
        if isinstance(started, Failure):
            return started.failure()
        seen = engine.inspect([container])
        if isinstance(seen, Failure):
            return seen.failure()
        return self._look_at(seen.unwrap().get(container), program)

    def _look_at(self, seen: ObservedContainer | None, program: StartProgram) -> LaneError | None:
        if seen is None or seen.state != "running":
            return self._ended(seen)
        self._host_name = self._host.knows_its_host(seen)
        where = endpoint_of(seen)
        if isinstance(where, Failure):
            return None
        if self._answers(where.unwrap()):
            self._port = True
            return None
        now = self._podman.engine.inspect([seen.id])
        later = None if isinstance(now, Failure) else now.unwrap().get(seen.id)
        if later is None or later.state != "running":
            return self._ended(later or seen)
        # A program that does not listen says nothing of the port.
        self._port = False if program.listening in self._logs(seen.id) else None
        return None

    def _ended(self, seen: ObservedContainer | None) -> LaneError:
        return WorkerExited(
            "its program ended at once",
            detail="" if seen is None else self._logs(seen.id).strip(),
            exit_code=0 if seen is None else seen.exit_code,
        )

    def _logs(self, container: str) -> str:
        logs = self._podman.engine.logs(container, _LOG_LINES)
        return "" if isinstance(logs, Failure) else logs.unwrap()

    def _answers(self, where: Endpoint) -> bool:
        deadline = self._clock.now() + _ANSWER_SECONDS
        while not self._probe.answers(where, "/", _PROBE_SECONDS):
            if self._clock.now() >= deadline:
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True


def _spec(name: str, image: str, program: StartProgram) -> ContainerSpec:
    return ContainerSpec(
        name=name,
        image=image,
        # As a lane's; an image without a list of users knows root by its number alone.
        user="0" if image == _IMAGE else "root",
        entrypoint=program.entrypoint,
        workdir="/",
        env=(),
        mounts=(),
        ports=(Port(WORKER_PORT),),
        labels=MappingProxyType({LABEL: "start"}),
    )
