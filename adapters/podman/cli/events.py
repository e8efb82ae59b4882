"""The events that `podman events` prints."""

import time
from collections.abc import Mapping, Sequence

from lanekit.adapters.host.processes import BackgroundCommand, ProcessLimits
from lanekit.adapters.podman.events import EventLines
from lanekit.core.domain.errors import EngineUnavailable, LaneError


def open_events(
    command: Sequence[str], env: Mapping[str, str], limits: ProcessLimits
) -> EventLines:
    """Start `podman events`, in a process group of its own.

    Raises:
        OSError: podman cannot be executed.
    """
    # With --since, because the process takes a moment until it listens.
    since = f"--since={int(time.time())}"
    process = BackgroundCommand(
        (*command, "events", "--format=json", "--filter=type=container", since), env, limits
    )

    def end_error() -> LaneError:
        return EngineUnavailable("`podman events` ended", process.stderr())

    return EventLines(process.out, end_error, process.end, process.close)
