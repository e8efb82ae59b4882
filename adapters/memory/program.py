"""What a pretended podman executes: a `Program` that a test gave, on the caller's own streams."""

import os

from returns.result import Failure, Success

from lanekit.adapters.host.exec_io import PIPE_CLOSED, write_all
from lanekit.adapters.memory.operations import find
from lanekit.adapters.memory.store import Store
from lanekit.adapters.memory.workers import Program
from lanekit.core.domain.errors import InvalidState, Outcome
from lanekit.core.ports.engine import Streams

_CHUNK = 1 << 16


def execute(store: Store, identifier: str, program: Program, streams: Streams) -> Outcome[int]:
    """It needs a container that runs; nothing is held while it runs."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        state, name = found.unwrap().state, found.unwrap().seen.name
    if state != "running":
        words = "can only create exec sessions on running containers: container state improper"
        return Failure(InvalidState(f"could not execute in {name}: it is {state}", words))
    try:
        _play(program, streams)
    except BrokenPipeError:
        return Success(PIPE_CLOSED)
    return Success(program.status)


def _play(program: Program, streams: Streams) -> None:
    write_all(streams.stderr, memoryview(program.stderr))
    write_all(streams.stdout, memoryview(program.stdout))
    while program.echoes and (chunk := os.read(streams.stdin, _CHUNK)):
        write_all(streams.stdout, memoryview(chunk))
