"""The readiness probe: does a worker answer?"""

from typing import Protocol, runtime_checkable

from lanekit.core.domain.observed import Endpoint


@runtime_checkable
class Probe(Protocol):
    """Asks a worker whether it answers, and what."""

    def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
        """Whether an HTTP answer below 500 came within `timeout` seconds. Never raises."""
        ...

    def status(self, endpoint: Endpoint, path: str, timeout: float) -> int | None:
        """The status of the HTTP answer that came within `timeout` seconds, or None."""
        ...
