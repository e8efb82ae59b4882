"""What changed in the layer of a pretended container, and its limits, as podman shows them."""

from collections.abc import Iterator
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.adapters.memory.containers import Container
from lanekit.adapters.memory.operations import find
from lanekit.adapters.memory.store import Store
from lanekit.adapters.memory.workers import CopiedFile
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import LayerChange

# What every pretended image brings.
_OF_THE_IMAGE = frozenset(("/etc", "/etc/passwd"))
# podman makes files in it at the first start, and shows the folder alone.
_TOUCHED_AT_START = "/etc"


def changes(store: Store, identifier: str) -> Outcome[tuple[LayerChange, ...]]:
    """In every state; the places of mounts are made by the first start."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
    touched = set(container.files)
    if container.seen.started_at:
        touched |= {_TOUCHED_AT_START, *(mount.target for mount in container.seen.mounts)}
    gone = container.deleted
    there = touched | {above for path in touched | gone for above in _above(path)}
    made = [
        LayerChange(path, "changed" if path in _OF_THE_IMAGE else "added") for path in there - gone
    ]
    deleted = [LayerChange(path, "deleted") for path in gone]
    return Success(tuple(sorted([*made, *deleted], key=lambda change: change.path)))


def _above(path: str) -> Iterator[str]:
    while (path := path.rpartition("/")[0]) != "":
        yield path


def write(container: Container, path: str, content: bytes) -> None:
    """A process in it writes a file; one in a mount is not in its layer."""
    if any(path.startswith(f"{mount.target}/") for mount in container.seen.mounts):
        return
    for above in _above(path):
        _ = container.files.setdefault(above, CopiedFile("folder", 0o755))
    container.files[path] = CopiedFile("file", 0o644, content)
    container.deleted.discard(path)


def delete(container: Container, path: str) -> None:
    """A process in it deletes a file."""
    _ = container.files.pop(path, None)
    if path in _OF_THE_IMAGE:
        container.deleted.add(path)


def update(store: Store, identifier: str, limits: Limits) -> Outcome[None]:
    """4.3.1 takes it and does not show it; an `updatable` one does, and keeps it."""
    with store.step():
        found = find(store, identifier)
        if isinstance(found, Failure):
            return found
        container = found.unwrap()
        if container.seen.updatable:
            asked = {name: value for name, value in vars(limits).items() if value is not None}
            container.seen = replace(container.seen, **asked)
        return Success(None)
