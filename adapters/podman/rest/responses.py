"""What podman's REST service answered, taken apart."""

import re

from returns.result import Failure, Success

from lanekit.adapters.podman.error_mapping import ID, error_of
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.adapters.podman.rest.frames import Frames, Unframed
from lanekit.adapters.podman.rest.http_client import Response
from lanekit.core.domain.errors import Outcome

GOOD = frozenset((200, 201, 204, 304))
"""Statuses of a request that was done, or that found it done already (304)."""
_SHOWN = 500


def text_of(reply: Response) -> str:
    """The body; bytes that are no UTF-8 show."""
    return reply.body.decode(errors="backslashreplace")


def words_of(reply: Response) -> str:
    """podman's own words in an answer that is an error."""
    parsed = parse(text_of(reply), "an error")
    try:
        said = "" if isinstance(parsed, Failure) else as_node(parsed.unwrap(), "").text("message")
    except Malformed:
        said = ""
    return said or f"HTTP status {reply.status}: {text_of(reply)[:_SHOWN].strip()}"


def identifier_in(reply: Response) -> Outcome[str]:
    """The id in the answer to a create. Its Warnings are no failure."""
    parsed = parse(text_of(reply), "create")
    if isinstance(parsed, Failure):
        return parsed
    try:
        identifier = as_node(parsed.unwrap(), "").text("Id")
    except Malformed as error:
        return Failure(undecodable("create", str(error)))
    if not re.fullmatch(ID, identifier):
        return Failure(undecodable("create", f"expected an id, got {identifier[:_SHOWN]!r}"))
    return Success(identifier)


def removal(doing: str, reply: Response) -> Outcome[None]:
    """Whether all was removed: the answer has a report a container, with an error or without."""
    parsed = parse(text_of(reply) or "[]", "remove")
    if isinstance(parsed, Failure):
        return parsed
    try:
        said = [report.text("Err") for report in Node({"remove": parsed.unwrap()}).nodes("remove")]
    except Malformed as error:
        return Failure(undecodable("remove", str(error)))
    wrong = "\n".join(filter(None, said))
    return Failure(error_of(doing, wrong)) if wrong else Success(None)


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
