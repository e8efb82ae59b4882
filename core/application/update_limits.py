"""Change a container's limits while it runs, and see that podman did."""

from returns.result import Failure, Success

from lanekit.core.domain.containers import Limits
from lanekit.core.domain.errors import EngineFailed, NotFound, Outcome, SpecMismatch
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.domain.plan import DriftCheck
from lanekit.core.ports.engine import ContainerEngine


def update(
    engine: ContainerEngine, judge: DriftCheck, container: str, limits: Limits
) -> Outcome[ObservedContainer]:
    """The container as it is then; `SpecMismatch` when podman refused, or shows it unchanged.

    What podman refuses (a limit below what is in use) may do in a new container.
    """
    updated = engine.update(container, limits)
    if isinstance(updated, Failure):
        error = updated.failure()
        return Failure(_not_honoured(error.reason) if isinstance(error, EngineFailed) else error)
    looked = engine.inspect([container])
    if isinstance(looked, Failure):
        return looked
    now = looked.unwrap().get(container)
    if now is None:
        return Failure(NotFound(f"container {container[:12]} vanished while it was updated"))
    missed = [each for each in judge(now) if getattr(limits, each.field, None) is not None]
    return Failure(_not_honoured("\n".join(map(str, missed)))) if missed else Success(now)


def _not_honoured(words: str) -> SpecMismatch:
    return SpecMismatch("podman did not change the limits of a container while it runs", words)
