"""Looks at this machine for `lanekit doctor`. Every look is bounded in time; only the start test
changes anything, and takes it back.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from returns.result import Failure

from lanekit.adapters.host.lane_lock import FileLock
from lanekit.adapters.host.processes import CommandTimeout, OutputTooLarge, run
from lanekit.adapters.podman.address import find_address
from lanekit.adapters.podman.auto import find_podman
from lanekit.adapters.podman.diagnostics import (
    DiagnosticEngine,
    PodmanCliDiagnostics,
    PodmanRestDiagnostics,
    conf_of,
    hard_limits,
)
from lanekit.adapters.podman.failure_causes import diagnosis_of
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.adapters.podman.start_test import StartTest
from lanekit.core.domain.diagnostics.facts import (
    ConnectionCheck,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartTestResult,
)
from lanekit.core.domain.errors import LaneError, LockTimeout

Way = Literal["command", "socket"]

_QUICK = 10.0
_ANSWERS = 3.0
# Another doctor may be at work: its start test takes seconds.
_TURN = 30.0
_LOCK = "lanekit-doctor"


def diagnose(fleet: FleetFacts, way: Way | None, env: Mapping[str, str] | None = None) -> Facts:
    """All facts. `way`: how podman shall be reached; None: as lanekit would choose it."""
    environ = dict(os.environ if env is None else env)
    command, socket = _command(environ), _socket(environ)
    over = _over(way, command, socket, environ)
    patient = _patient(over, environ)
    host = _host(patient)
    known = host if isinstance(host, PodmanHost) else None
    images = _images(patient, fleet) if known else ()
    start, locks = _start(patient, host, images)
    return Facts(
        fleet=fleet,
        command=command,
        socket=socket,
        over=over,
        host=host,
        limits=hard_limits(),
        conf=conf_of(environ, known, by_service=over == "socket"),
        images=images,
        start=start,
        locks=locks,
        git=_said(("git", "--version"), environ).version,
    )


def _command(env: Mapping[str, str]) -> ConnectionCheck:
    said = _said(("podman", "--version"), env)
    return replace(said, version=said.version.removeprefix("podman version "))


def _said(command: tuple[str, ...], env: Mapping[str, str]) -> ConnectionCheck:
    """What a program says of its version."""
    try:
        said = run(command, env, _QUICK)
    except OSError as error:
        return ConnectionCheck(command[0], fault=error.strerror or str(error))
    except (CommandTimeout, OutputTooLarge):
        return ConnectionCheck(command[0], fault=f"it did not end within {_QUICK:g} s", there=True)
    if said.status:
        words = said.stderr.strip() or f"exit status {said.status}"
        return ConnectionCheck(command[0], fault=words, there=True)
    return ConnectionCheck(command[0], said.stdout.strip())


def _socket(env: Mapping[str, str]) -> ConnectionCheck:
    found = find_address(env)
    if isinstance(found, Failure):
        return ConnectionCheck("", fault=found.failure().message)
    where = str(found.unwrap())
    answered = PodmanSocket(env=env, timeout=_QUICK).ping(_ANSWERS)
    if isinstance(answered, Failure):
        return ConnectionCheck(where, fault=_words(answered.failure()))
    info = PodmanRestDiagnostics(env).info()
    # One that answers a ping and no more: the check of its storage will say why.
    return ConnectionCheck(where, "" if isinstance(info, Failure) else info.unwrap().version)


def _words(error: LaneError) -> str:
    return error.detail or error.message


def _over(
    way: Way | None, command: ConnectionCheck, socket: ConnectionCheck, env: Mapping[str, str]
) -> Way | None:
    if way is None:
        way = "socket" if isinstance(find_podman(env), PodmanSocket) else "command"
    reached = socket if way == "socket" else command
    return None if reached.fault else way


def _patient(over: Way | None, env: Mapping[str, str]) -> DiagnosticEngine | None:
    if over is None:
        return None
    return PodmanRestDiagnostics(env) if over == "socket" else PodmanCliDiagnostics(env)


def _host(patient: DiagnosticEngine | None) -> PodmanHost | Diagnosis | None:
    if patient is None:
        return None
    said = patient.info()
    return diagnosis_of(_words(said.failure())) if isinstance(said, Failure) else said.unwrap()


def _images(patient: DiagnosticEngine | None, fleet: FleetFacts) -> tuple[str, ...] | Diagnosis:
    if patient is None or not fleet.images:
        return ()
    found = patient.engine.images(fleet.images)
    if isinstance(found, Failure):
        return diagnosis_of(_words(found.failure()))
    return tuple(image for image in fleet.images if image in found.unwrap())


def _start(
    patient: DiagnosticEngine | None,
    host: PodmanHost | Diagnosis | None,
    images: tuple[str, ...] | Diagnosis,
) -> tuple[StartTestResult, str]:
    """The start test, and why locks cannot be kept, if so."""
    held = FileLock().hold(_LOCK, _TURN)
    if isinstance(held, Failure):
        error = held.failure()
        busy = isinstance(error, LockTimeout)
        why = "another doctor is at work" if busy else "lanekit cannot keep its locks"
        return StartTestResult(skipped=why), "" if busy else _words(error)
    with held.unwrap():
        if patient is None or not isinstance(host, PodmanHost):
            why = "there is no podman" if patient is None else "`podman info` does not work"
            return StartTestResult(skipped=why), ""
        there = images if isinstance(images, tuple) else ()
        return StartTest(patient, host.machine, hard_limits()).run(there), ""
