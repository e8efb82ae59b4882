"""What a command works on: settings, lanes, the runtime, and where progress is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lanekit.api import Lanes
    from lanekit.cli.options import Settings
    from lanekit.cli.output.progress import Progress
    from lanekit.core.domain.lanes import Lane


class Session(NamedTuple):
    """A call on some lanes. `lanes` are in the order of the file at `path`."""

    settings: Settings
    lanes: tuple[Lane, ...]
    runtime: Lanes
    progress: Progress
    path: str

    @property
    def width(self) -> int:
        """Return the length of the longest name of a lane."""
        return max(len(lane.name) for lane in self.lanes)
