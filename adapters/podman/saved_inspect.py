"""The saved output of `podman inspect`: find the lane's container in it, and its drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from returns.result import Failure, Success

from lanekit.adapters.podman.inspect_decoder import decode_containers
from lanekit.adapters.podman.json_reader import parse
from lanekit.adapters.podman.reference_inspect import decode_reference
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import InvalidResponse, NotFound, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.reference_policy import reference_drift

if TYPE_CHECKING:
    from lanekit.core.domain.containers import ContainerSpec
    from lanekit.core.domain.differences import Drift, Policy
    from lanekit.core.domain.lanes import Lane

_BLANKS = " \t\r\n"


class SavedDrift(NamedTuple):
    """The drift of a saved container, and that container's name where it is known."""

    drift: Drift
    container: str = ""


def saved_drift(lane: Lane, spec: ContainerSpec, text: str, policy: Policy) -> Outcome[SavedDrift]:
    """Return the drift of the lane's container in the text.

    Args:
        lane: The lane.
        spec: What its container should be.
        text: A list, as podman prints it, or one object. Of several containers the one with the
            lane's container name is compared; a single one is compared whatever its name.
        policy: What counts as drift.
    """
    compared = _compare(lane, spec, text, policy)
    if isinstance(compared, Failure) and isinstance(compared.failure(), InvalidResponse):
        # Podman was not asked: a wrong file is likelier than a wrong podman.
        message = "the saved inspect could not be understood"
        return Failure(
            replace(compared.failure(), message=message, hints=_how_to_save(lane), lane=lane.name)
        )
    return compared


def _compare(lane: Lane, spec: ContainerSpec, text: str, policy: Policy) -> Outcome[SavedDrift]:
    whole = parse(text, "container inspect")
    if isinstance(whole, Failure):
        return whole
    picked = _pick(lane, list(_objects(text)) if isinstance(whole.unwrap(), list) else [text])
    if isinstance(picked, Failure):
        return picked
    if policy == "reference":
        return _reference(lane, spec, picked.unwrap())
    return _strict(lane, spec, picked.unwrap())


def _strict(lane: Lane, spec: ContainerSpec, text: str) -> Outcome[SavedDrift]:
    decoded = decode_containers(text)
    if isinstance(decoded, Failure):
        return decoded
    for observed in decoded.unwrap():
        return Success(SavedDrift(drift(spec, observed, None), observed.name))
    return Failure(_absent(lane))


def _reference(lane: Lane, spec: ContainerSpec, text: str) -> Outcome[SavedDrift]:
    decoded = decode_reference(f"[{text}]")
    if isinstance(decoded, Failure):
        return decoded
    view = decoded.unwrap()
    if view is None:
        return Failure(_absent(lane))
    return Success(SavedDrift(reference_drift(spec, view)))


def _pick(lane: Lane, objects: list[str]) -> Outcome[str]:
    if len(objects) == 1:
        return Success(objects[0])
    for text in objects:
        decoded = decode_containers(text)
        found = () if isinstance(decoded, Failure) else decoded.unwrap()
        if any(observed.name == lane.container_name for observed in found):
            return Success(text)
    return Failure(_absent(lane))


def _absent(lane: Lane) -> NotFound:
    return NotFound(
        f"the saved inspect does not contain container {lane.container_name}",
        hints=_how_to_save(lane),
        lane=lane.name,
    )


def _how_to_save(lane: Lane) -> tuple[Hint, ...]:
    return (Hint("save-inspect", lane.container_name),)


def _objects(text: str) -> Iterator[str]:
    """Yield the members of a JSON list, each as it is written.

    As written, because what the reference makes of duplicate keys would be lost by decoding.
    """
    at = _past_blanks(text, text.index("[") + 1)
    while text[at] != "]":
        _, end = json.JSONDecoder().raw_decode(text, at)
        yield text[at:end]
        at = _past_blanks(text, end)
        if text[at] == ",":
            at = _past_blanks(text, at + 1)


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at
