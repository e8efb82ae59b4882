"""Look at lanes: one batch of inspects for all of them, one look at their images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV, ContainerSpec
from lanekit.core.domain.errors import ImageMissing, LaneError, NotOwned, Outcome
from lanekit.core.domain.hints import Hint, get_image
from lanekit.core.domain.journal import Journal
from lanekit.core.domain.observed import (
    ImageInfo,
    InspectResult,
    ObservedContainer,
    ObservedLane,
)
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.host_files import HostFiles

_ENDS = ("", NEXT, PREV)


def observe(
    engine: ContainerEngine, specs: Sequence[ContainerSpec], journals: Sequence[Journal]
) -> list[Outcome[ObservedLane]]:
    """All there is of these lanes, and their images, in one look; an Outcome each, in order.

    A missing image is `ImageMissing`.
    """
    images = sorted({spec.image for spec in specs})
    looked = engine.inspect_many([spec.name + end for spec in specs for end in _ENDS], images)
    if isinstance(looked, Failure):
        return [looked] * len(specs)
    seen = looked.unwrap()
    return [
        _observation(ObserveRequest(spec.name, spec.image, journal), seen, set(images))
        for spec, journal in zip(specs, journals, strict=True)
    ]


@dataclass(frozen=True)
class ObserveRequest:
    """A lane to be looked at: its container's name, its image, and its journal."""

    name: str
    image: str
    journal: Journal


OnObserved = Callable[[int, Outcome[ObservedLane]], None]
"""Hears of a lane, by its place among those that were asked for."""


def observe_quickly(
    engine: ContainerEngine,
    lanes: Sequence[ObserveRequest],
    tell: OnObserved,
) -> None:
    """What there is of these lanes, with as few questions as their journals allow; see ADR 31.

    `tell` is called once for each lane, as soon as all is known of it, from this thread.

    Beside a settled container there were no leftovers: as long as it has the lane's name, there
    still are none. Without that record a NAME.next is not looked for while there is
    nothing else: to create one finds out. An image is looked at when there is a container to be
    compared with it, for `create` never pulls.
    """
    settled = {lane.image for lane in lanes if lane.journal.settled_id}
    first = [lane.name + end for lane in lanes for end in _first(lane.journal)]
    telling = _ResultCollector(lanes, tell)
    looked = engine.inspect_many(first, sorted(settled), telling.hear)
    if isinstance(looked, Failure):
        telling.fail(looked)
        return
    seen = looked.unwrap()
    left = telling.left()
    more = [lane.name + end for lane in left for end in _more(lane, seen)]
    images = {lane.image for lane in left if any(_three(lane.name, seen.containers))} - settled
    if more or images:
        looked = engine.inspect_many(more, sorted(images))
        if isinstance(looked, Failure):
            telling.fail(looked)
            return
        seen = _together(seen, looked.unwrap())
    telling.rest(lambda lane: _observation(lane, seen, settled | images))


class _ResultCollector:
    """Tells of settled lanes as they are seen, and knows which are left.

    A lane is settled when the container that it settled with has its name still.
    """

    def __init__(self, lanes: Sequence[ObserveRequest], tell: OnObserved) -> None:
        self._left = dict(enumerate(lanes))
        self._tell = tell
        self._places = {lane.name: at for at, lane in self._left.items() if lane.journal.settled_id}
        # Seen before their image was.
        self._parked: list[int] = []

    def hear(self, what: str, seen: InspectResult) -> None:
        """Something is known now: a container, or an image that some may have waited for."""
        at = self._places.get(what)
        for place in self._take_parked() if at is None else (at,):
            self._settle(place, seen)

    def _take_parked(self) -> list[int]:
        parked, self._parked = self._parked, []
        return parked

    def _settle(self, at: int, seen: InspectResult) -> None:
        lane = self._left.get(at)
        current = seen.containers.get(lane.name) if lane else None
        if lane is None or current is None or current.id != lane.journal.settled_id:
            return
        if lane.image not in seen.images:
            self._parked.append(at)
            return
        del self._left[at]
        self._tell(at, Success(_observed(lane, (current, None, None), seen.images[lane.image])))

    def left(self) -> list[ObserveRequest]:
        """The lanes that have not been told of."""
        return list(self._left.values())

    def fail(self, failure: Failure[LaneError]) -> None:
        """Tell all that are left that podman could not be asked."""
        self.rest(lambda _: failure)

    def rest(self, outcome: Callable[[ObserveRequest], Outcome[ObservedLane]]) -> None:
        """Tell of all that are left."""
        for at, lane in self._left.items():
            self._tell(at, outcome(lane))


def observe_one_quickly(engine: ContainerEngine, asked: ObserveRequest) -> Outcome[ObservedLane]:
    """Return what `observe_quickly` tells of one lane."""
    found: list[Outcome[ObservedLane]] = []
    observe_quickly(engine, [asked], lambda _, outcome: found.append(outcome))
    return found[0]


def _first(journal: Journal) -> tuple[str, ...]:
    if journal.is_changing:
        return _ENDS
    return ("",) if journal.settled_id else ("", PREV)


def _more(lane: ObserveRequest, seen: InspectResult) -> tuple[str, ...]:
    current, _, prev = _three(lane.name, seen.containers)
    settled = lane.journal.settled_id
    if lane.journal.is_changing or (current is not None and current.id == settled):
        return ()
    there = current is not None or prev is not None
    return (*((PREV,) if settled else ()), *((NEXT,) if there else ()))


def _together(one: InspectResult, other: InspectResult) -> InspectResult:
    return InspectResult({**one.containers, **other.containers}, {**one.images, **other.images})


def with_mount_health(files: HostFiles, spec: ContainerSpec, seen: ObservedLane) -> ObservedLane:
    """The same, with what its container sees inside, if it runs."""
    inside = seen.mount_health
    if seen.current is not None and seen.current.pid:
        inside = files.mount_health(seen.current, spec.mounts, spec.config_target)
    if seen.config_copy_incomplete and spec.config_target:
        inside = replace(inside, config_missing=True)
    return seen if inside == seen.mount_health else replace(seen, mount_health=inside)


def containers_of(engine: ContainerEngine, name: str) -> Outcome[ObservedLane]:
    """The containers of one lane, by name; its image is not looked at."""
    found = engine.inspect([name + end for end in ("", NEXT, PREV)])
    if isinstance(found, Failure):
        return found
    return Success(ObservedLane(*_three(name, found.unwrap())))


def check_ids_unambiguous(engine: ContainerEngine, containers: Sequence[str]) -> Outcome[None]:
    """Success unless one of these ids leads podman to another container; then `NotOwned`.

    Since podman 5 a container whose name is another one's full id goes before it (seen on 5.4.2).
    Asked before anything is changed; an id that leads nowhere is for the change itself to find.
    """
    looked = engine.inspect(containers)
    if isinstance(looked, Failure):
        return looked
    for asked, seen in looked.unwrap().items():
        if seen.id != asked:
            return Failure(
                NotOwned(
                    f"a container is named {asked}, which is the id of the lane's own",
                    detail=f"its own id is {seen.id}; nothing was touched, for podman takes one "
                    "for the other",
                    hints=(Hint("rename-namesake"),),
                )
            )
    return Success(None)


_Three: TypeAlias = tuple[
    ObservedContainer | None, ObservedContainer | None, ObservedContainer | None
]


def _three(name: str, containers: Mapping[str, ObservedContainer]) -> _Three:
    return containers.get(name), containers.get(name + NEXT), containers.get(name + PREV)


def _observation(
    lane: ObserveRequest, seen: InspectResult, asked: set[str]
) -> Outcome[ObservedLane]:
    found = seen.images.get(lane.image)
    if lane.image in asked and found is None:
        return Failure(image_missing(lane.image))
    return Success(_observed(lane, _three(lane.name, seen.containers), found))


def _observed(lane: ObserveRequest, three: _Three, image: ImageInfo | None) -> ObservedLane:
    current = three[0]
    incomplete = current is not None and lane.journal.config_copy_is_incomplete(current.id)
    return ObservedLane(*three, image, config_copy_incomplete=incomplete)


def image_missing(reference: str, words: str = "") -> LaneError:
    """Return the error of a missing image; `words` are podman's own."""
    return ImageMissing(
        f"image {reference} is not in podman's storage",
        detail=words,
        hints=(get_image(reference),),
    )
