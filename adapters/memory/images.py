"""The images of a pretended podman."""

from collections.abc import Mapping
from dataclasses import field

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.drift import same_image
from lanekit.core.domain.observed import ImageInfo

_SHORTEST_ID = 3


@dataclass(frozen=True)
class Image:
    """An image: its reference, what lanekit sees of it, and the variables it brings."""

    reference: str
    info: ImageInfo
    env: Mapping[str, str] = field(repr=False)


class Images:
    """References and what they mean now. Not thread-safe: whoever has one locks."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}

    def put(self, image: Image) -> None:
        """Let its reference mean this image from now on."""
        self._images[image.reference] = image

    def drop(self, reference: str) -> bool:
        """Forget the reference; whether it was there. Containers keep the image's id."""
        return self._images.pop(reference, None) is not None

    def find(self, reference: str) -> Image | None:
        """Return what podman takes the reference for: a name, short name, or beginning of an id."""
        exact = self._images.get(reference)
        if exact is not None:
            return exact
        named = (i for i in self._images.values() if same_image(reference, i.reference))
        start = reference.removeprefix("sha256:")
        by_id = (
            i
            for i in self._images.values()
            if len(start) >= _SHORTEST_ID and i.info.id.startswith(start)
        )
        return next(named, None) or next(by_id, None)
