"""The verdict on a saved `podman inspect`: which container in it is meant, and its drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from returns.result import Failure, Success

from lanekit.adapters.podman.inspect_decoder import decode_containers
from lanekit.adapters.podman.json_reader import parse
from lanekit.adapters.podman.reference_inspect import decode_reference
from lanekit.cli.options import PolicyName
from lanekit.cli.output.streams import print_message
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import InvalidResponse, NotFound, Outcome
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.reference_policy import reference_drift

if TYPE_CHECKING:
    from lanekit.core.domain.containers import ContainerSpec
    from lanekit.core.domain.differences import Drift
    from lanekit.core.domain.lanes import Lane

_BLANKS = " \t\r\n"


def verdict(lane: Lane, spec: ContainerSpec, text: str, policy: PolicyName) -> Outcome[Drift]:
    """The drift of the lane's container in the text: a list as podman prints it, or one object.

    Of several containers the one with the lane's container name is meant; a single one is judged
    whatever its name, which a note then tells.
    """
    judged = _judged(lane, spec, text, policy)
    if isinstance(judged, Failure) and isinstance(judged.failure(), InvalidResponse):
        # It is not podman that was asked, and a wrong file is likelier than a wrong podman.
        says = "the saved inspect could not be understood"
        return Failure(
            replace(judged.failure(), message=says, hints=_how_to_save(lane), lane=lane.name)
        )
    return judged


def _judged(lane: Lane, spec: ContainerSpec, text: str, policy: PolicyName) -> Outcome[Drift]:
    whole = parse(text, "container inspect")
    if isinstance(whole, Failure):
        return whole
    picked = _pick(lane, list(_objects(text)) if isinstance(whole.unwrap(), list) else [text])
    if isinstance(picked, Failure):
        return picked
    if policy is PolicyName.reference:
        return _by_reference(lane, spec, picked.unwrap())
    return _by_strict(lane, spec, picked.unwrap())


def _by_strict(lane: Lane, spec: ContainerSpec, text: str) -> Outcome[Drift]:
    decoded = decode_containers(text)
    if isinstance(decoded, Failure):
        return decoded
    for seen in decoded.unwrap():
        if seen.name != lane.container_name:
            other = escape_control_chars(seen.name)
            print_message(f"note: this is container {other}; the lane's is {lane.container_name}")
        return Success(drift(spec, seen, None))
    return Failure(_absent(lane))


def _by_reference(lane: Lane, spec: ContainerSpec, text: str) -> Outcome[Drift]:
    decoded = decode_reference(f"[{text}]")
    if isinstance(decoded, Failure):
        return decoded
    view = decoded.unwrap()
    return Failure(_absent(lane)) if view is None else Success(reference_drift(spec, view))


def _pick(lane: Lane, objects: list[str]) -> Outcome[str]:
    if len(objects) == 1:
        return Success(objects[0])
    for text in objects:
        decoded = decode_containers(text)
        found = () if isinstance(decoded, Failure) else decoded.unwrap()
        if any(seen.name == lane.container_name for seen in found):
            return Success(text)
    return Failure(_absent(lane))


def _absent(lane: Lane) -> NotFound:
    return NotFound(
        f"the inspect has no container {lane.container_name}",
        hints=_how_to_save(lane),
        lane=lane.name,
    )


def _how_to_save(lane: Lane) -> tuple[Hint, ...]:
    return (Hint("save-inspect", lane.container_name),)


def _objects(text: str) -> Iterator[str]:
    """The members of a JSON list, each as it is written.

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
