"""What podman's REST service answered, taken apart."""

import re

from returns.result import Failure, Success

from lanekit.adapters.podman.error_mapping import AMBIGUOUS, ID, NO_CONTAINER, NO_IMAGE, error_of
from lanekit.adapters.podman.inspect_decoder import decode_containers, decode_images
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.adapters.podman.rest.frames import Frames, Unframed
from lanekit.adapters.podman.rest.http_client import Response
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import ImageInfo, ObservedContainer

GOOD = frozenset((200, 201, 204, 304))
"""Statuses of a request that was done, or that found it done already (304)."""
_SHOWN_CHARACTERS = 500


def text_of(reply: Response) -> str:
    """Return the body; bytes that are no UTF-8 show."""
    return reply.body.decode(errors="backslashreplace")


def words_of(reply: Response) -> str:
    """podman's own words in an answer that is an error."""
    parsed = parse(text_of(reply), "an error")
    try:
        message = (
            "" if isinstance(parsed, Failure) else as_node(parsed.unwrap(), "").text("message")
        )
    except Malformed:
        message = ""
    return message or f"HTTP status {reply.status}: {text_of(reply)[:_SHOWN_CHARACTERS].strip()}"


def identifier_in(reply: Response) -> Outcome[str]:
    """Return the id in the answer to a create. Its Warnings are no failure."""
    parsed = parse(text_of(reply), "create")
    if isinstance(parsed, Failure):
        return parsed
    try:
        identifier = as_node(parsed.unwrap(), "").text("Id")
    except Malformed as error:
        return Failure(undecodable("create", str(error)))
    if not re.fullmatch(ID, identifier):
        return Failure(
            undecodable("create", f"expected an id, got {identifier[:_SHOWN_CHARACTERS]!r}")
        )
    return Success(identifier)


def removal(action: str, reply: Response) -> Outcome[None]:
    """Return success when all was removed: the answer has one report per container."""
    parsed = parse(text_of(reply) or "[]", "remove")
    if isinstance(parsed, Failure):
        return parsed
    try:
        message = [
            report.text("Err") for report in Node({"remove": parsed.unwrap()}).nodes("remove")
        ]
    except Malformed as error:
        return Failure(undecodable("remove", str(error)))
    wrong = "\n".join(filter(None, message))
    return Failure(error_of(action, wrong)) if wrong else Success(None)


def take_container(
    name: str, reply: Response, found: dict[str, ObservedContainer]
) -> Outcome[None]:
    """Add the container that an inspect shows, if there is one of that name or id."""
    if reply.status not in GOOD:
        message = words_of(reply)
        missing = re.search(f"{NO_CONTAINER}|{AMBIGUOUS}", message)
        return Success(None) if missing else Failure(error_of(f"inspect {name}", message))
    decoded = decode_containers(text_of(reply))
    if isinstance(decoded, Failure):
        return decoded
    # podman also takes the beginning of an id for a name: only exact ones count.
    shown = [
        observed
        for observed in decoded.unwrap()
        if name == observed.name or observed.id.startswith(name)
    ]
    if not shown:
        return Failure(undecodable(f"inspect {name}", "it shows another container, or none"))
    found.update((name, observed) for observed in shown if name in (observed.name, observed.id))
    return Success(None)


def take_image(reference: str, reply: Response, found: dict[str, ImageInfo]) -> Outcome[None]:
    """Add the image that the answer to its inspect shows, if there is one."""
    if reply.status not in GOOD:
        message = words_of(reply)
        missing = re.search(NO_IMAGE, message)
        return (
            Success(None) if missing else Failure(error_of(f"inspect image {reference}", message))
        )
    decoded = decode_images(text_of(reply))
    if isinstance(decoded, Failure):
        return decoded
    if not decoded.unwrap():
        return Failure(undecodable(f"inspect image {reference}", "it shows none"))
    found[reference] = decoded.unwrap()[0][1]
    return Success(None)


def log_lines(body: bytes, tail: int) -> Outcome[str]:
    """Return the last lines of a log that comes in frames, in the order of their writing."""
    frames = Frames()
    try:
        text = b"".join(piece for _, piece in frames.feed(memoryview(body)))
    except Unframed as error:
        return Failure(undecodable("logs", f"{error} begins no frame"))
    if not frames.is_whole:
        return Failure(undecodable("logs", "it ends in the middle of a frame"))
    lines = text.decode(errors="backslashreplace").splitlines()
    return Success("".join(f"{line}\n" for line in (lines[-tail:] if tail > 0 else [])))
