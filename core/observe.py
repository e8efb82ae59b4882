"""Look at lanes: one batch of inspects for all of them, one look at their images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.core.errors import ImageMissing, LaneError, Outcome
from lanekit.core.model import NEXT, PREV, ContainerSpec, Observation, Seen, Snapshot
from lanekit.core.ports import ContainerEngine, HostFiles

UNFINISHED = "unfinished"
"""A lane's note while it is being changed: there may be leftovers."""
_ENDS = ("", NEXT, PREV)


def observe(engine: ContainerEngine, specs: Sequence[ContainerSpec]) -> list[Outcome[Observation]]:
    """All there is of these lanes, and their images, in one look; an Outcome each, in order.

    A missing image is `ImageMissing`.
    """
    images = sorted({spec.image for spec in specs})
    looked = engine.look([spec.name + end for spec in specs for end in _ENDS], images)
    if isinstance(looked, Failure):
        return [looked] * len(specs)
    return [_observation(spec, looked.unwrap(), set(images)) for spec in specs]


def glance(
    engine: ContainerEngine, lanes: Sequence[tuple[ContainerSpec, str]]
) -> list[Outcome[Observation]]:
    """What there is of these lanes, with as few questions as their notes allow; see ADR 16.

    A note is the id of the container beside which there were no leftovers: as long as it has the
    lane's name, there still are none. Without a note a NAME.next is not looked for while there is
    nothing else: to create one finds out. An image is looked at when there is a container to be
    compared with it, for `create` never pulls.
    """
    settled = {spec.image for spec, note in lanes if _is_id(note)}
    first = [spec.name + end for spec, note in lanes for end in _first(note)]
    looked = engine.look(first, sorted(settled))
    if isinstance(looked, Failure):
        return [looked] * len(lanes)
    seen = looked.unwrap()
    more = [spec.name + end for spec, note in lanes for end in _more(spec.name, note, seen)]
    images = {s.image for s, _ in lanes if any(_three(s.name, seen.containers))} - settled
    if more or images:
        looked = engine.look(more, sorted(images))
        if isinstance(looked, Failure):
            return [looked] * len(lanes)
        seen = _together(seen, looked.unwrap())
    return [_observation(spec, seen, settled | images) for spec, _ in lanes]


def _is_id(note: str) -> bool:
    return note not in ("", UNFINISHED)


def _first(note: str) -> tuple[str, ...]:
    if note == UNFINISHED:
        return _ENDS
    return ("",) if note else ("", PREV)


def _more(name: str, note: str, seen: Seen) -> tuple[str, ...]:
    current, _, prev = _three(name, seen.containers)
    if note == UNFINISHED or (current is not None and current.id == note):
        return ()
    there = current is not None or prev is not None
    return (*((PREV,) if _is_id(note) else ()), *((NEXT,) if there else ()))


def _together(one: Seen, other: Seen) -> Seen:
    return Seen({**one.containers, **other.containers}, {**one.images, **other.images})


def with_inside(files: HostFiles, spec: ContainerSpec, seen: Observation) -> Observation:
    """The same, with what its container sees inside, if it runs."""
    if seen.current is None or not seen.current.pid:
        return seen
    return replace(seen, inside=files.inside(seen.current, spec.mounts, spec.config_target))


def containers_of(engine: ContainerEngine, name: str) -> Outcome[Observation]:
    """The containers of one lane, by name; its image is not looked at."""
    found = engine.inspect([name + end for end in ("", NEXT, PREV)])
    if isinstance(found, Failure):
        return found
    return Success(Observation(*_three(name, found.unwrap())))


def _three(
    name: str, containers: Mapping[str, Snapshot]
) -> tuple[Snapshot | None, Snapshot | None, Snapshot | None]:
    return containers.get(name), containers.get(name + NEXT), containers.get(name + PREV)


def _observation(spec: ContainerSpec, seen: Seen, asked: set[str]) -> Outcome[Observation]:
    image = seen.images.get(spec.image)
    if spec.image in asked and image is None:
        return Failure(image_missing(spec.image))
    return Success(Observation(*_three(spec.name, seen.containers), image))


def image_missing(reference: str, words: str = "") -> LaneError:
    """The error of a missing image; `words` are podman's own."""
    return ImageMissing(
        f"image {reference} is not in podman's storage",
        detail=words,
        hint=f"lanekit never pulls: `podman pull {reference}`, or build it with "
        f"`podman build -t {reference} DIR`",
    )
