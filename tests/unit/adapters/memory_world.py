"""A spec, and two steps, for the tests of the in-memory engine."""

from dataclasses import replace

from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.contract.base import value
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.lanes import Lane, Profile

SPEC = container_spec(
    Lane("ws", "a", "/w"), Profile("/worker", "/inbox", env={"TOKEN": "s3cret-value"}), Digests()
)


def make(engine: InMemory, worker: Worker | None = None, name: str = "ws-a") -> str:
    """Create and start a container, with this worker if given; its id."""
    if worker is not None:
        engine.set_worker(name, worker)
    identifier = value(engine.create(replace(SPEC, name=name), name))
    value(engine.start(identifier))
    return identifier


def answers_of(engine: InMemory, name: str = "ws-a", timeout: float = 1.0) -> bool:
    """Whether its worker answers a probe."""
    (seen,) = [s for s in engine.containers if s.name == name]
    return engine.answers(value(endpoint_of(seen)), "/", timeout)
