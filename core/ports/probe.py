"""The readiness probe: does a worker answer?"""

from typing import Protocol, runtime_checkable

from lanekit.core.domain.observed import (
    Endpoint,
)


@runtime_checkable
class Probe(Protocol):
    """Asks a worker whether it answers, and what."""

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        """Whether an HTTP answer below 500 came within `timeout` seconds. Never raises."""
        ...

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        """The status of the HTTP answer that came within `timeout` seconds, or None."""
        ...


class PendingProbe(Protocol):
    """A worker was asked; its answer is looked at later."""

    def answers(self) -> bool:
        """What `Probe.answers` says, which may have to be waited for; to be called once."""
        ...

    def close(self) -> None:
        """The answer is not wanted any more."""
        ...


@runtime_checkable
class StartableProbe(Probe, Protocol):
    """A probe that can ask a worker while something else is waited for."""

    def start_probe(self, endpoint: Endpoint, path: str, timeout: float) -> PendingProbe:
        """Ask, for an answer within `timeout` seconds from now. Never raises."""
        ...
