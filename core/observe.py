"""Look at lanes: one batch of inspects for all of them, one look at their images."""

from collections.abc import Mapping, Sequence

from returns.result import Failure, Success

from lanekit.core.errors import ImageMissing, LaneError, Outcome
from lanekit.core.model import NEXT, PREV, ContainerSpec, ImageInfo, Observation, Snapshot
from lanekit.core.ports import ContainerEngine


def observe(
    engine: ContainerEngine, specs: Sequence[ContainerSpec], *, images: bool = False
) -> list[Outcome[Observation]]:
    """One Outcome for each spec, in order.

    An image is looked at when a container is there to be compared with it, or when `images` asks:
    `create` never pulls and fails at a missing image before anything else is touched, so a lane
    that has no container yet is spared the question. A missing image is `ImageMissing`.
    """
    names = [spec.name + end for spec in specs for end in ("", NEXT, PREV)]
    found = engine.inspect(names)
    if isinstance(found, Failure):
        return [found] * len(specs)
    containers = found.unwrap()
    asked = {s.image for s in specs if images or any(_three(s.name, containers))}
    known = engine.images(sorted(asked)) if asked else Success[Mapping[str, ImageInfo]]({})
    if isinstance(known, Failure):
        return [known] * len(specs)
    return [_observation(spec, containers, asked, known.unwrap()) for spec in specs]


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


def _observation(
    spec: ContainerSpec,
    containers: Mapping[str, Snapshot],
    asked: set[str],
    known: Mapping[str, ImageInfo],
) -> Outcome[Observation]:
    if spec.image in asked and spec.image not in known:
        return Failure(image_missing(spec.image))
    return Success(Observation(*_three(spec.name, containers), known.get(spec.image)))


def image_missing(reference: str, words: str = "") -> LaneError:
    """The error of a missing image; `words` are podman's own."""
    return ImageMissing(
        f"image {reference} is not in podman's storage",
        detail=words,
        hint=f"lanekit never pulls: `podman pull {reference}`, or build it with "
        f"`podman build -t {reference} DIR`",
    )
