"""What podman's REST service answered, taken apart."""

import re

from returns.result import Failure, Success

from lanekit.adapters.podman.error_mapping import ID, error_of
from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.adapters.podman.rest.http_client import Response
from lanekit.core.domain.errors import Outcome

GOOD = frozenset((200, 201, 204, 304))
"""Statuses of a request that was done, or that found it done already (304)."""
_SHOWN = 500
_FRAME_HEAD = 8
_STREAMS = (0, 1, 2)


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
    """The last lines of a log as podman multiplexes it, in the order in which they were written.

    Each frame is a byte for its stream, three zeros, its length in four bytes (big endian), and
    its bytes: the format of docker's `containers/{id}/attach`.
    """
    text, at = bytearray(), 0
    while at < len(body):
        head = body[at : at + _FRAME_HEAD]
        length = int.from_bytes(head[4:], "big")
        at += _FRAME_HEAD + length
        if len(head) < _FRAME_HEAD or head[0] not in _STREAMS or any(head[1:4]) or at > len(body):
            return Failure(undecodable("logs", "its frames are not what they should be"))
        text += body[at - length : at]
    lines = text.decode(errors="backslashreplace").splitlines()
    return Success("".join(f"{line}\n" for line in (lines[-tail:] if tail > 0 else [])))
