"""What is done with an answer of podman's, whole: called by the laws and by the fuzzer.

Each target takes any text in podman's place. It gives the error it was refused with, or None, and
raises when lanekit would: that is what is looked for.
"""

import io
import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import asdict

from returns.result import Failure

from lanekit.adapters.host.processes import CompletedCommand
from lanekit.adapters.podman.cli.output import (
    in_order,
    refusal,
    shown_containers,
    shown_images,
)
from lanekit.adapters.podman.diff_and_update import decode_changes
from lanekit.adapters.podman.error_mapping import error_of
from lanekit.adapters.podman.events import decode_event
from lanekit.adapters.podman.inspect_decoder import decode_containers, decode_ids, decode_images
from lanekit.adapters.podman.reference_inspect import decode_reference
from lanekit.adapters.podman.rest import response_parser
from lanekit.adapters.podman.rest.exec import refusal_of, status_in
from lanekit.adapters.podman.rest.frames import Frames, Unframed
from lanekit.adapters.podman.rest.http_client import Response
from lanekit.adapters.podman.rest.http_head import NoHead, read_head, status_of
from lanekit.adapters.podman.rest.responses import identifier_in, log_lines, removal, words_of
from lanekit.adapters.podman.saved_inspect import saved_drift
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.differences import Policy
from lanekit.core.domain.drift import drift
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import LaneError, Outcome
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ObservedContainer, ObservedLane
from lanekit.core.domain.ownership import ownership_error
from lanekit.core.domain.plan import make_plan
from lanekit.core.domain.reference_policy import reference_drift, reference_view

LANE = Lane("ws", "a", "/srv/wt", container="p5-a")
SPEC = container_spec(LANE, Profile("/srv/worker", "/srv/inbox"), Digests("1" * 64, "2" * 64))

Target = Callable[[str], LaneError | None]


def _error(outcome: Outcome[object]) -> LaneError | None:
    if not isinstance(outcome, Failure):
        return None
    error: LaneError = outcome.failure()
    # What a person and a script would be told of it.
    assert str(error)
    assert json.dumps(asdict(error))
    return error


def _judge(seen: ObservedContainer) -> None:
    """All that lanekit makes of a container it sees."""
    observed = ObservedLane(current=seen)
    _ = _error(endpoint_of(seen))
    stranger = ownership_error(LANE, observed)
    assert stranger is None or str(stranger)
    differences = drift(SPEC, seen, None)
    view = reference_view(seen, SPEC.ports[0].key)
    assert json.dumps([asdict(d) for d in (*differences, *reference_drift(SPEC, view))])
    assert str(make_plan(LANE.name, SPEC, observed, lambda one: drift(SPEC, one, None)))
    assert repr(seen)


def containers(text: str) -> LaneError | None:
    """The answer to an inspect of containers, and what follows from it."""
    outcome = decode_containers(text)
    if isinstance(outcome, Failure):
        return _error(outcome)
    for seen in outcome.unwrap():
        _judge(seen)
    return None


def images(text: str) -> LaneError | None:
    """The answer to an inspect of images."""
    return _error(decode_images(text))


def ids(text: str) -> LaneError | None:
    """A list of containers, of which lanekit reads the ids."""
    return _error(decode_ids(text))


def reference(text: str) -> LaneError | None:
    """An inspect as the reference reads it."""
    outcome = decode_reference(text)
    view = None if isinstance(outcome, Failure) else outcome.unwrap()
    if view is not None:
        assert json.dumps([asdict(difference) for difference in reference_drift(SPEC, view)])
    return _error(outcome)


def _saved(text: str, policy: Policy) -> LaneError | None:
    with redirect_stderr(io.StringIO()):
        return _error(saved_drift(LANE, SPEC, text, policy))


def saved_strict(text: str) -> LaneError | None:
    """`lanekit drift` on a saved inspect, by the policy strict."""
    return _saved(text, "strict")


def saved_reference(text: str) -> LaneError | None:
    """`lanekit drift` on a saved inspect, by the policy reference."""
    return _saved(text, "reference")


def command(text: str) -> LaneError | None:
    """The podman command: the first line is its stderr, the rest its stdout, at every status."""
    stderr, _, stdout = text.partition("\n")
    stderr = stderr.replace("\r", "\n")
    for status in (0, 1, 125, -9, -250):
        said = CompletedCommand(status, stdout, stderr)
        _ = _error(shown_containers(said, ("p5-a", "p5-b")))
        _ = _error(shown_images(said, ("localhost/a:1", "b")))
        _ = in_order(said, 5)
        assert str(refusal("do it", said, image="i"))
    return error_of("do it", text)


def service(text: str) -> LaneError | None:
    """The body of podman's REST service, as the answer to whatever was asked."""
    body = text.encode("utf-8", "surrogateescape")
    for status in (200, 404, 500):
        _ = words_of(Response(status, body))
    _ = _error(identifier_in(Response(201, body)))
    _ = _error(log_lines(body, 5))
    return _error(removal("remove it", Response(200, body)))


def event(text: str) -> LaneError | None:
    """A line of podman's events."""
    outcome = decode_event(text)
    if not isinstance(outcome, Failure):
        heard = outcome.unwrap()
        assert heard.id
        assert heard.action
    return _error(outcome)


def changes(text: str) -> LaneError | None:
    """What podman says has changed in a container's layer."""
    return _error(decode_changes(text))


def executed(text: str) -> LaneError | None:
    """What the service says to an exec: the head, the frames, the refusal, the status."""
    data = text.encode("utf-8", "surrogateescape")
    said = _after_head(data[:_HEAD_AND_MORE])
    _frames(data if said is None else said)
    assert str(refusal_of(500, data))
    status = status_in(text)
    assert isinstance(status, Failure) or status.unwrap() in (None, *range(256))
    return _error(status)


def http(text: str) -> LaneError | None:
    """What the service answers, on a connection that then ends: the same however it was cut."""
    data = text.encode("utf-8", "surrogateescape")
    middle = len(data) // 2
    once = _answered([data])
    assert once == _answered([data[:middle], data[middle:]])
    if len(data) < _FEW:
        assert once == _answered([data[at : at + 1] for at in range(len(data))])
    return None


_FEW = 2000


def _answered(parts: list[bytes]) -> tuple[int, bytes, bool, str] | None:
    """The answer in these, as `HttpConnection` reads it; None: there is none."""
    answer = response_parser.ResponseParser()
    try:
        for part in filter(None, parts):
            if not answer.is_whole:
                answer.feed(part)
            elif part.strip(b"\r\n"):
                # Read no more; a connection on which something is left is not used again. Empty
                # lines behind an answer are nothing, as far as they come with it.
                return None
        if not answer.is_whole:
            answer.end()
        return answer.status, answer.body(), answer.may_follow, answer.server
    except ValueError:
        return None


# More than a head may be; no more than a socket holds while nobody reads.
_HEAD_AND_MORE = 100_000


def _after_head(data: bytes) -> bytes | None:
    """What comes after the head on a connection that ends after these bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            head, rest = read_head(ours, time.monotonic() + 60)
        except NoHead:
            return None
    _ = status_of(head)
    return rest


def _frames(data: bytes) -> None:
    """The same bytes give the same pieces, however they were cut on their way."""
    whole, halves = Frames(), Frames()
    middle = len(data) // 2
    try:
        once = _pieces(whole, data)
        assert sum(len(piece) for _, piece in once) <= len(data)
        twice = _pieces(halves, data[:middle]) + _pieces(halves, data[middle:])
        for errors in (False, True):
            assert _of(once, errors) == _of(twice, errors)
        assert whole.is_whole == halves.is_whole
    except Unframed:
        pass


def _pieces(frames: Frames, data: bytes) -> list[tuple[bool, bytes]]:
    return [(errors, bytes(piece)) for errors, piece in frames.feed(memoryview(data))]


def _of(pieces: list[tuple[bool, bytes]], errors: bool) -> bytes:
    return b"".join(piece for to_errors, piece in pieces if to_errors == errors)


TARGETS: Mapping[str, Target] = {
    "containers": containers,
    "images": images,
    "ids": ids,
    "reference": reference,
    "saved_strict": saved_strict,
    "saved_reference": saved_reference,
    "command": command,
    "service": service,
    "event": event,
    "changes": changes,
    "exec": executed,
    "http": http,
}
