"""Ask a worker whether it may be interrupted."""

from returns.result import Failure

from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.idle import meaning
from lanekit.core.domain.lanes import Profile
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.probe import Probe

_IDLE_PROBE_SECONDS = 2.0  # seconds; silence counts as busy


def why_busy(probe: Probe, profile: Profile, seen: ObservedContainer) -> str:
    """Ask the worker; empty when it says that it is idle, else why it is not interrupted."""
    where = endpoint_of(seen)
    if isinstance(where, Failure):
        return "its worker has no endpoint to be asked at"
    return meaning(
        probe.status(where.unwrap(), profile.idle_path, _IDLE_PROBE_SECONDS), profile.idle_path
    )
