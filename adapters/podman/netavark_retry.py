"""A start that met podman taking down the firewall of another container: tried again.

netavark (seen: 1.4 with podman 4.3.1) makes and removes the host's chains without a lock. When the
last container of a network ends while the next one starts, the start fails for want of a chain that
was there a moment ago. Nothing is wrong with either container, and a start that failed has left its
container as it was.
"""

import re
import time
from collections.abc import Callable, Sequence

from returns.result import Failure

from lanekit.core.domain.errors import Outcome

_LOST_RACE = r"netavark: .*iptables: No chain/target/match by that name"
_PAUSES_SECONDS = (0.1, 0.3, 1.0)


def retry_start(
    start: Callable[[], Outcome[None]], pauses: Sequence[float] = _PAUSES_SECONDS
) -> Outcome[None]:
    """Call `start`, and again after each of these pauses (seconds) as long as it fails so."""
    for pause in pauses:
        done = start()
        if not isinstance(done, Failure) or not re.search(_LOST_RACE, done.failure().detail):
            return done
        time.sleep(pause)
    return start()
