"""Whether a container starts: one is made, started, looked at and removed, whatever happens."""

import secrets
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import MappingProxyType

from returns.result import Failure, Success

from lanekit.adapters.host.clock import SystemClock
from lanekit.adapters.podman.diagnostics import DiagnosticEngine
from lanekit.adapters.podman.failure_causes import NOT_THERE, diagnosis_of
from lanekit.adapters.podman.start_test_program import PATH, PROGRAMS, archive
from lanekit.core.domain.containers import WORKER_PORT, ContainerSpec, Port
from lanekit.core.domain.diagnostics.facts import (
    Diagnosis,
    StartAttempt,
    StartTestResult,
    UlimitSettings,
    Workaround,
    next_workarounds,
)
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.drift import drift
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import LaneError, Outcome, PortInUse
from lanekit.core.domain.observed import ImageInfo, ObservedContainer

LABEL = "lanekit.doctor"
_NAME = "lanekit-doctor"
_IMAGE = f"localhost/{_NAME}:start"
# Two containers may be given the same host port: made anew, it gets another one.
_MORE_PORTS = 2
_ANSWERS_WITHIN = 3.0
_PAUSE = 0.05


class StartTest:
    """The tries, one container at a time. Whoever runs it holds doctor's lock: what has the label
    then is a leftover of one that was killed.
    """

    def __init__(
        self,
        patient: DiagnosticEngine,
        machine: str,
        limits: UlimitSettings,
        leads: Callable[[str, int], bool] | None = None,
    ) -> None:
        self._patient = patient
        self._machine = machine
        self._limits = limits
        self._leads = leads or _leads
        self._left = ""
        self._port: bool | None = None
        self._host_name: bool | None = None
        self._differs: Drift | None = None

    def run(self, images: tuple[str, ...]) -> StartTestResult:
        """With the first of these images, which are there, or with one made for it."""
        image = images[0] if images else ""
        swept = self._sweep()
        if swept is not None:
            return StartTestResult((StartAttempt((), swept),))
        tries: tuple[StartAttempt, ...] = ()
        with self._image(image) as (reference, fault):
            if fault is not None:
                return StartTestResult((StartAttempt((), fault),))
            while (
                cures := next_workarounds(tries, self._patient.supported_workarounds)
            ) is not None:
                tries = (*tries, StartAttempt(cures, self._try(reference, cures)))
        return StartTestResult(
            tries,
            "",
            image,
            port=self._port,
            host_name=self._host_name,
            differences=self._differs,
            leftover=self._left,
        )

    def _sweep(self) -> Diagnosis | None:
        """Remove what a doctor that was killed left."""
        found = self._patient.engine.list_by_labels({LABEL: ""})
        if isinstance(found, Failure):
            return _trouble(found.failure())
        for seen in found.unwrap():
            # The name too: a label may be an image's, and then anybody's container has it.
            if seen.name.startswith(f"{_NAME}-"):
                _ = self._patient.engine.remove(seen.id, 0)
        self._drop_image()
        return None

    def _drop_image(self) -> None:
        known = self._patient.engine.images([_IMAGE])
        info = None if isinstance(known, Failure) else known.unwrap().get(_IMAGE)
        if info is not None and LABEL in info.labels:
            _ = self._patient.remove_image(_IMAGE)

    @contextmanager
    def _image(self, image: str) -> Generator[tuple[str, Diagnosis | None]]:
        if image:
            yield image, None
            return
        made = self._patient.import_image(
            archive("/.lanekit-doctor", b""), _IMAGE, f"{LABEL}=image"
        )
        if isinstance(made, Failure):
            yield "", _trouble(made.failure())
            return
        try:
            yield _IMAGE, None
        finally:
            self._drop_image()

    def _try(self, image: str, cures: tuple[Workaround, ...]) -> Diagnosis | None:
        fault = self._once(image, cures)
        for _ in range(_MORE_PORTS):
            if isinstance(fault, PortInUse):
                fault = self._once(image, cures)
        return None if fault is None else _trouble(fault)

    def _once(self, image: str, cures: tuple[Workaround, ...]) -> LaneError | None:
        engine, spec = self._patient.engine, _spec(f"{_NAME}-{secrets.token_hex(8)}", image)
        try:
            made = self._patient.create(spec, cures, self._limits)
            if isinstance(made, Failure):
                return made.failure()
            identifier = made.unwrap()
            return self._compared(identifier, spec) or self._begun(identifier)
        finally:
            # By its name: an interrupt may have come before its id was known.
            found = engine.inspect([spec.name])
            seen = None if isinstance(found, Failure) else found.unwrap().get(spec.name)
            if seen is not None and LABEL in seen.labels:
                removed = engine.remove(seen.id, 0)
                self._left = spec.name if isinstance(removed, Failure) else self._left

    def _compared(self, identifier: str, spec: ContainerSpec) -> LaneError | None:
        """As ensure does with a lane's; before the start, for it may be that none starts here."""
        seen, known = self._patient.engine.inspect([identifier]), self._image_of(spec)
        if isinstance(seen, Failure):
            return seen.failure()
        if isinstance(known, Failure):
            return known.failure()
        made = seen.unwrap().get(identifier)
        self._differs = None if made is None else drift(spec, made, known.unwrap())
        return None

    def _image_of(self, spec: ContainerSpec) -> Outcome[ImageInfo | None]:
        known = self._patient.engine.images([spec.image])
        return known if isinstance(known, Failure) else Success(known.unwrap().get(spec.image))

    def _begun(self, identifier: str) -> LaneError | None:
        engine = self._patient.engine
        program = PROGRAMS.get(self._machine, b"")
        if program:
            copied = engine.put_archive(identifier, (archive(PATH, program),))
            if isinstance(copied, Failure):
                return copied.failure()
        started = engine.start(identifier)
        if isinstance(started, Failure):
            return None if not program and _got_to_exec(started) else started.failure()
        seen = engine.inspect([identifier])
        if isinstance(seen, Failure):
            return seen.failure()
        self._look(seen.unwrap().get(identifier))
        return None

    def _look(self, seen: ObservedContainer | None) -> None:
        if seen is None or seen.state != "running":
            return
        where = endpoint_of(seen)
        if not isinstance(where, Failure):
            self._port = self._leads(where.unwrap().host.strip("[]"), where.unwrap().port)
        self._host_name = _knows_host(seen)


def _got_to_exec(started: Outcome[None]) -> bool:
    import re  # noqa: PLC0415 - for machines without a program alone

    words = started.failure().detail
    return re.search(NOT_THERE, words) is not None


def _spec(name: str, image: str) -> ContainerSpec:
    return ContainerSpec(
        name=name,
        image=image,
        # As a lane's; an image without a list of users knows root by its number alone.
        user="0" if image == _IMAGE else "root",
        entrypoint=(PATH,),
        workdir="/",
        env=(),
        mounts=(),
        ports=(Port(WORKER_PORT),),
        labels=MappingProxyType({LABEL: "start"}),
    )


def _trouble(error: LaneError) -> Diagnosis:
    return diagnosis_of(error.detail or error.message)


def _leads(host: str, port: int) -> bool:
    clock = SystemClock()
    deadline = clock.now() + _ANSWERS_WITHIN
    while clock.now() < deadline:
        with suppress(OSError), socket.create_connection((host, port), _ANSWERS_WITHIN):
            return True
        clock.sleep(_PAUSE)
    return False


def _knows_host(seen: ObservedContainer) -> bool | None:
    """By its /etc/hosts, where its process is one of this host."""
    try:
        with open(f"/proc/{seen.pid}/mountinfo", "rb") as mounts:
            is_its = seen.id.encode() in mounts.read()
        with open(f"/proc/{seen.pid}/root/etc/hosts", "rb") as hosts:
            known = b"host.containers.internal" in hosts.read(1 << 20)
    except OSError:
        return None
    return known if is_its else None
