"""Examine this host for `lanekit doctor`.

Every look is bounded in time. Only the start test changes anything, and it takes that back.
"""

from returns.result import Failure

from lanekit.core.application.start_test import DoctorPorts, StartTest
from lanekit.core.domain.diagnostics.facts import (
    Connection,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartTestResult,
)
from lanekit.core.domain.errors import LaneError, LockTimeout
from lanekit.core.ports.diagnostics import DiagnosticEngine, DiagnosticHost

_LOCK = "lanekit-doctor"
# Another doctor may be at work: its start test takes seconds.
_LOCK_SECONDS = 30.0

_Images = tuple[str, ...] | Diagnosis


def diagnose(ports: DoctorPorts, fleet: FleetFacts, connection: Connection | None) -> Facts:
    """Return all facts. `connection`: how to reach podman; None: as lanekit would choose."""
    host = ports.host
    command, socket = host.command(), host.socket()
    connection = connection or host.preferred()
    if (socket if connection == "socket" else command).fault:
        usable, podman = None, None
    else:
        usable, podman = connection, host.engine(connection)
    info = _info(host, podman)
    known = info if isinstance(info, PodmanHost) else None
    images = _images(host, podman, fleet) if known else ()
    start, locks = _start(ports, podman, info, images)
    return Facts(
        fleet=fleet,
        command=command,
        socket=socket,
        over=usable,
        host=info,
        limits=host.limits(),
        conf=host.containers_conf(known, usable),
        images=images,
        start=start,
        locks=locks,
        git=host.git_version(),
    )


def _info(host: DiagnosticHost, podman: DiagnosticEngine | None) -> PodmanHost | Diagnosis | None:
    if podman is None:
        return None
    info = podman.info()
    return host.diagnosis(info.failure()) if isinstance(info, Failure) else info.unwrap()


def _images(host: DiagnosticHost, podman: DiagnosticEngine | None, fleet: FleetFacts) -> _Images:
    if podman is None or not fleet.images:
        return ()
    found = podman.engine.images(fleet.images)
    if isinstance(found, Failure):
        return host.diagnosis(found.failure())
    return tuple(image for image in fleet.images if image in found.unwrap())


def _start(
    ports: DoctorPorts,
    podman: DiagnosticEngine | None,
    info: PodmanHost | Diagnosis | None,
    images: _Images,
) -> tuple[StartTestResult, str]:
    """Return the start test's result, and why locks cannot be kept, if so."""
    held = ports.lock.hold(_LOCK, _LOCK_SECONDS)
    if isinstance(held, Failure):
        error = held.failure()
        busy = isinstance(error, LockTimeout)
        why = "another doctor is at work" if busy else "lanekit cannot keep its locks"
        return StartTestResult(skipped=why), "" if busy else _text(error)
    with held.unwrap():
        if podman is None or not isinstance(info, PodmanHost):
            why = "there is no podman" if podman is None else "`podman info` does not work"
            return StartTestResult(skipped=why), ""
        there = images if isinstance(images, tuple) else ()
        return StartTest(ports, podman, info).run(there), ""


def _text(error: LaneError) -> str:
    return error.detail or error.message
