"""Find the mildest remedy of each difference.

Nearly everything of a container is fixed when it is made, labels and with them the digests too. Its
limits can be changed while it runs, by `podman update`, where that version keeps them; see ADR 24.
"""

from collections.abc import Iterable
from dataclasses import replace

from lanekit.core.domain.containers import ContainerSpec, Limits
from lanekit.core.domain.differences import Difference, Drift, Remedy
from lanekit.core.domain.observed import ObservedContainer

_POLICY = "no"  # the restart policy of every lane


def with_remedies(
    spec: ContainerSpec, seen: ObservedContainer, drift: Iterable[Difference]
) -> Drift:
    """Return the differences; those that an in-place update ends have the remedy "adjust"."""
    adjustable = _adjustable(spec, seen)
    return tuple(replace(d, remedy="adjust") if d.field in adjustable else d for d in drift)


def _adjustable(spec: ContainerSpec, seen: ObservedContainer) -> frozenset[str]:
    if not seen.updatable:
        return frozenset()
    wanted, actual = vars(_wanted(spec)), vars(_actual(seen))
    # podman cannot be told to take a limit away, so one that was not there could not be put back.
    return frozenset(
        name for name, value in wanted.items() if value is not None and actual[name] is not None
    )


def _wanted(spec: ContainerSpec) -> Limits:
    return Limits(spec.memory, spec.cpus, spec.pids_limit, _POLICY)


def _actual(seen: ObservedContainer) -> Limits:
    return Limits(seen.memory, seen.cpus, seen.pids_limit, seen.restart_policy)


def updates(spec: ContainerSpec, seen: ObservedContainer, drift: Drift) -> tuple[Limits, Limits]:
    """Return the limits to set for these differences, and the present ones for the undo."""
    fields = {difference.field for difference in drift if difference.remedy == "adjust"}
    return _only(fields, _wanted(spec)), _only(fields, _actual(seen))


def _only(fields: set[str], limits: Limits) -> Limits:
    others: dict[str, None] = {name: None for name in vars(limits) if name not in fields}
    return replace(limits, **others)


def needing(drift: Drift, remedy: Remedy) -> Drift:
    """Return the differences that have this remedy."""
    return tuple(difference for difference in drift if difference.remedy == remedy)


def without_update(drift: Drift) -> Drift:
    """Return the differences after an update had no effect: only a replacement ends them."""
    return tuple(replace(d, remedy="replace") if d.remedy == "adjust" else d for d in drift)
