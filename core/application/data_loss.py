"""What is gone for good when a container is replaced: what was written in its own layer."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.go_paths import clean
from lanekit.core.domain.labels import LABEL_CONFIG
from lanekit.core.domain.observed import LayerChange, ObservedContainer, ObservedLane
from lanekit.core.domain.plan import Plan

# podman writes files in it at a start, which it does not show; the folder then counts as changed.
_PODMANS = "/etc"


def lost_files(
    seen: ObservedContainer,
    changes: Sequence[LayerChange],
    config_target: str,
    copied: Collection[str],
) -> tuple[LayerChange, ...]:
    """Those changes that nobody makes again.

    Not the folders above a change, nor the places of mounts, which podman makes, nor the paths in
    `copied`, which are as lanekit's copy of the config left them.
    """
    above = {folder for change in changes for folder in _above(change.path)}
    made = {*above, *(clean(mount.target) for mount in seen.mounts), _PODMANS, config_target}
    made |= set(copied)
    return tuple(each for each in changes if each.kind == "deleted" or each.path not in made)


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def with_data_loss(
    world: Ports, target: PreparedLane, seen: ObservedLane, todo: Plan
) -> Outcome[Plan]:
    """The plan, saying what its replace would lose; others as they are, with no question asked."""
    old = next((c for c in (seen.current, seen.prev) if c and c.id == todo.replaces), None)
    if old is None:
        return Success(todo)
    asked = world.engine.diff(old.id)
    if isinstance(asked, Failure):
        return asked
    changes = asked.unwrap()
    lost = lost_files(old, changes, target.spec.config_target, _copied(world, target, old, changes))
    return Success(replace(todo, lost_files=lost))


def _copied(
    world: Ports, target: PreparedLane, old: ObservedContainer, changes: Sequence[LayerChange]
) -> Collection[str]:
    """The paths of the config that are as they were copied.

    Where this host cannot look at them: those that a copy of today's config would have.
    """
    root = target.spec.config_target
    if not root or target.config is None:
        return ()
    inside = [each.path for each in changes if each.path.startswith(f"{root}/")]
    touched = world.files.touched(old, inside) if LABEL_CONFIG in old.labels else None
    if touched is not None:
        return set(inside) - touched
    return {f"{root}/{name}" for name in target.config.names if name}
