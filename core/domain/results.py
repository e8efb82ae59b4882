"""Results of the methods of `Lanes`."""

from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.observed import Endpoint
from lanekit.core.domain.operations import Action, Operation

StopResult = Literal["stopped", "not running", "missing"]
RemoveResult = Literal["removed", "missing"]


@dataclass(frozen=True)
class EnsureResult:
    """A lane whose worker answers. `seconds` is the time from the start of ensure to the answer.

    `drift` are the differences that were ended, `operations` what was done, in order.
    `remaining_drift` are the differences that `on_drift` keeps, and `remaining_reason` says why.
    """

    lane: str
    container: str
    endpoint: Endpoint
    action: Action
    drift: Drift
    operations: tuple[Operation, ...]
    seconds: float
    remaining_drift: Drift = ()
    remaining_reason: str = ""


@dataclass(frozen=True)
class LaneStatus:
    """A lane as it is now. `state` is podman's word, or "missing"; nothing was changed.

    `fault`: why it cannot be compared with its specification (its worktree is gone, ..); then
    there is no `drift` to tell.
    """

    lane: str
    container: str
    state: str
    endpoint: Endpoint | None
    ready: bool
    drift: Drift
    fault: LaneError | None = None
