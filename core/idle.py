"""Whether a worker may be interrupted: what its answer at `busy_path` means."""

from returns.result import Failure

from lanekit.core.endpoint import endpoint_of
from lanekit.core.model import Profile, Snapshot
from lanekit.core.ports import Probe

_ASK = 2.0  # seconds; silence counts as busy
_BUSY = (409, 423)
_IDLE = range(200, 300)


def why_busy(probe: Probe, profile: Profile, seen: Snapshot) -> str:
    """Ask the worker; empty when it says that it is idle, else why it is not interrupted."""
    where = endpoint_of(seen)
    if isinstance(where, Failure):
        return "its worker has no endpoint to be asked at"
    return meaning(probe.status(where.unwrap(), profile.busy_path, _ASK), profile.busy_path)


def meaning(status: int | None, path: str) -> str:
    """What an HTTP status (None: no answer) at `path` says: empty is idle, all else is busy."""
    if status is None:
        return f"its worker did not say at {path} whether it is busy"
    if status in _IDLE:
        return ""
    if status in _BUSY:
        return "its worker is busy"
    return f"its worker answered {status} at {path}, which does not say that it is idle"
