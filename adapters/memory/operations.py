"""What podman's commands do to a container, by its full id.

Each rule was seen on podman 4.3.1; `tests/contract` checks that the two still agree.
"""

import os
from collections.abc import Iterable

from returns.result import Failure, Success

from lanekit.adapters.host.exec_io import PIPE_CLOSED, write_all
from lanekit.adapters.memory.containers import KILLED, Container, clash
from lanekit.adapters.memory.files import extract
from lanekit.adapters.memory.store import Store
from lanekit.adapters.memory.workers import Program
from lanekit.core.domain.containers import Port
from lanekit.core.domain.errors import (
    InvalidState,
    LaneError,
    NotFound,
    Outcome,
    PortInUse,
    StartFailed,
)
from lanekit.core.domain.observed import LIVE_STATES
from lanekit.core.ports.engine import Streams
from lanekit.core.ports.host_files import ArchiveBroken

_CHUNK_BYTES = 1 << 16


def find(store: Store, identifier: str) -> Outcome[Container]:
    """The container of this id."""
    container = store.containers.get(identifier)
    if container is None:
        detail = f'no container with name or ID "{identifier}" found: no such container'
        return Failure(NotFound("there is no such container", detail))
    return Success(container)


def start(store: Store, identifier: str) -> Outcome[None]:
    """A start that fails leaves the container as it was."""
    with store.step() as now:
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
        if container.state == "running":
            return Success(None)
        fault = _start_fault(store, container)
        if fault is not None:
            return Failure(fault)
        container.run(now, store.count_start())
        store.tell(container, "start")
        if container.is_over(now):
            store.ended(container, container.worker.exit_code, container.worker.last_lines)
        return Success(None)


def _start_fault(store: Store, container: Container) -> LaneError | None:
    doing = f"could not start {container.seen.name}"
    if container.state not in ("created", "exited"):
        detail = "must be in Created or Stopped state to be started: container state improper"
        return InvalidState(f"{doing}: it is {container.state}", detail)
    container.prepare()
    for port in container.seen.ports:
        if port.host_port in store.occupied or holder(store, port) is not None:
            detail = (
                f"cannot listen on the TCP port: listen tcp4 {port.host_ip}:{port.host_port}: "
                "bind: address already in use"
            )
            return PortInUse(f"{doing}: its host port belongs to another process", detail)
    for mount in container.seen.mounts:
        if not store.is_there(mount):
            return StartFailed(doing, f"stat {mount.source}: no such file or directory")
    reason = container.worker.start_error
    return StartFailed(doing, reason) if reason else None


def holder(store: Store, where: Port) -> Container | None:
    """The container that has this host port now."""
    up = (c for c in store.index.at_port(where.host_port) if c.state in LIVE_STATES)
    return next((c for c in up if any(clash(port, where) for port in c.seen.ports)), None)


def pause(container: Container, now: float) -> Outcome[None]:
    """Only one that runs can be paused."""
    if container.state != "running":
        detail = f'"{container.state}" is not running, can\'t pause: container state improper'
        return Failure(InvalidState(f"could not pause {container.seen.name}", detail))
    container.pause(now)
    return Success(None)


def unpause(store: Store, identifier: str) -> Outcome[None]:
    """Only one that is paused can run on."""
    with store.step() as now:
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
        if container.state != "paused":
            detail = f'"{identifier}" is not paused, can\'t unpause: container state improper'
            return Failure(InvalidState(f"could not unpause {container.seen.name}", detail))
        container.unpause(now)
        store.tell(container, "unpause")
        return Success(None)


def kill(store: Store, container: Container) -> Outcome[None]:
    """SIGKILL reaches one that runs, is frozen, or is being stopped."""
    if container.state not in LIVE_STATES:
        detail = f"can only kill running containers. it is in state {container.state}"
        return Failure(InvalidState(f"could not kill {container.seen.name}", detail))
    store.ended(container, KILLED)
    return Success(None)


def stop(store: Store, identifier: str, grace: float) -> Outcome[None]:
    """Others see it "stopping" while its worker takes its time; they may stop it sooner."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
        if container.state in ("paused", "removing"):
            detail = "is running or paused, refusing to clean up: container state improper"
            doing = f"could not stop {container.seen.name}: it is {container.state}"
            return Failure(InvalidState(doing, detail))
        if container.state not in ("running", "stopping"):
            return Success(None)
        container.state = "stopping"
    _end(store, container, grace)
    return Success(None)


def _end(store: Store, container: Container, grace: float) -> None:
    obeys = container.worker.stop_seconds <= grace
    store.clock.sleep(min(container.worker.stop_seconds, grace))
    with store.step():
        if container.state == "stopping":
            store.ended(container, container.worker.stop_code if obeys else KILLED)


def rename(store: Store, identifier: str, name: str) -> Outcome[None]:
    """Possible in every state; to its own name too."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
        fault = None if container.seen.name == name else store.name_fault(name)
        if fault is not None:
            return Failure(fault)
        with store.index.changing(container):
            container.rename(name)
        store.tell(container, "rename")
        return Success(None)


def remove(store: Store, identifier: str, grace: float) -> Outcome[None]:
    """A frozen one is killed at once, it could not hear a SIGTERM."""
    with store.step():
        container = store.containers.get(identifier)
        if container is None:
            return Success(None)
        runs = container.state in ("running", "stopping")
        if runs:
            container.state = "stopping"
    if runs:
        _end(store, container, grace)
    with store.step():
        store.delete(container)
    return Success(None)


def put_archive(store: Store, identifier: str, archive: Iterable[bytes]) -> Outcome[None]:
    """The archive is read with no lock held: it may come from anywhere."""
    ready = _can_copy(store, identifier)
    if isinstance(ready, Failure):
        return ready
    received = bytearray()
    broken: LaneError | None = None
    try:
        for chunk in archive:
            received += chunk
    except ArchiveBroken as error:
        broken = error.error
    with store.step():
        again = _can_copy(store, identifier)
        if isinstance(again, Failure):
            return again
        copied = extract(bytes(received), again.unwrap().files)
    return copied if broken is None else Failure(broken)


def _can_copy(store: Store, identifier: str) -> Outcome[Container]:
    with store.step():
        found = find(store, identifier)
        if not isinstance(found, Failure) and found.unwrap().state == "removing":
            detail = "cannot mount container as it is being removed: container state improper"
            return Failure(InvalidState("could not copy", detail))
        return found


def last_lines(store: Store, identifier: str, tail: int) -> Outcome[str]:
    """The end of what its worker wrote in all of its runs."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        lines = found.unwrap().lines
        return Success("".join(f"{line}\n" for line in (lines[-tail:] if tail else [])))


def execute(store: Store, identifier: str, program: Program, streams: Streams) -> Outcome[int]:
    """Play the program on the streams; the container must run. No lock is held while it plays."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        state, name = found.unwrap().state, found.unwrap().seen.name
    if state != "running":
        detail = "can only create exec sessions on running containers: container state improper"
        return Failure(InvalidState(f"could not execute in {name}: it is {state}", detail))
    try:
        _play(program, streams)
    except BrokenPipeError:
        return Success(PIPE_CLOSED)
    return Success(program.status)


def _play(program: Program, streams: Streams) -> None:
    write_all(streams.stderr, memoryview(program.stderr))
    write_all(streams.stdout, memoryview(program.stdout))
    while program.echoes and (chunk := os.read(streams.stdin, _CHUNK_BYTES)):
        write_all(streams.stdout, memoryview(chunk))
