"""What the podman command answered, taken apart.

Only stdout is the answer. stderr is podman's complaint, among words of anybody else: of the
loader, of a wrapper, of podman's own log. A look is complete when each name that was asked for is
in the answer or named by a line that says that there is none; the rest of stderr then means
nothing, and neither does the exit status.
"""

import re
import signal
from collections.abc import Collection, Sequence

from returns.result import Failure, Success

from lanekit.adapters.host.processes import CompletedCommand
from lanekit.adapters.podman.error_mapping import (
    AMBIGUOUS,
    NO_CONTAINER,
    NO_IMAGE,
    bounded,
    error_of,
    errors_in,
    is_too_old,
    too_old,
    without_warnings,
)
from lanekit.adapters.podman.inspect_decoder import decode_containers, decode_images
from lanekit.adapters.podman.json_reader import undecodable
from lanekit.core.domain.errors import EngineFailed, LaneError, Outcome
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import ImageInfo, ObservedContainer

_NONE = "(?!)"  # a pattern that fits nothing
# Between the words of a line: a name may have dots, a reference colons, but none at its end.
_BETWEEN = r"[\s\"]+|:(?=\s|$)"


def shown_containers(
    said: CompletedCommand, names: Collection[str]
) -> Outcome[tuple[ObservedContainer, ...]]:
    """The answer to `container inspect`, when it says something about each of the names."""
    doing, known = "inspect containers", f"{NO_CONTAINER}|{AMBIGUOUS}"
    decoded = decode_containers(said.stdout)
    if isinstance(decoded, Failure):
        return Failure(_no_look(doing, said, known, decoded.failure()))
    shown = {key for seen in decoded.unwrap() for key in (seen.name, seen.id)}
    silent = set(names) - shown - _named(said, known)
    # The beginning of an id is shown under its whole.
    unclear = [name for name in silent if not any(key.startswith(name) for key in shown)]
    if unclear or is_too_old(said.stderr):
        return Failure(_no_look(doing, said, known, _left_out(doing, unclear)))
    return decoded


def shown_images(
    said: CompletedCommand, references: Sequence[str]
) -> Outcome[dict[str, ImageInfo]]:
    """The answer to `image inspect`, when it says something about each of the references."""
    doing = "inspect images"
    decoded = decode_images(said.stdout)
    if isinstance(decoded, Failure):
        return Failure(_no_look(doing, said, NO_IMAGE, decoded.failure()))
    missing = _named(said, NO_IMAGE)
    there = [reference for reference in references if reference not in missing]
    images = [info for _, info in decoded.unwrap()]
    if len(images) != len(there) or is_too_old(said.stderr):
        return Failure(_no_look(doing, said, NO_IMAGE, _left_out(doing, there)))
    # podman shows them in the order in which they were asked for.
    return Success(dict(zip(there, images, strict=True)))


def _named(said: CompletedCommand, known: str) -> set[str]:
    """The words of the lines that say that something is not there, names among them."""
    lines = [line for line in errors_in(said.stderr) if re.search(known, line)]
    return {word for line in lines for word in re.split(_BETWEEN, line)}


def _no_look(doing: str, said: CompletedCommand, known: str, error: LaneError) -> LaneError:
    """Why a look is not complete: podman's words beyond what is `known`; else `error`."""
    if is_too_old(said.stderr):
        return too_old(said.stderr)
    return refusal(doing, said, besides=known) if said.status else error


def _left_out(doing: str, names: Collection[str]) -> LaneError:
    return undecodable(doing, f"it says nothing about {', '.join(sorted(names)[:3])}")


def refusal(
    doing: str, said: CompletedCommand, *, image: str = "", besides: str = _NONE
) -> LaneError:
    """The error of a command that failed: by podman's words, never by those of its log.

    Lines that the pattern `besides` fits are not the reason. A podman that was killed says nothing
    that could be relied on, whatever it wrote before.
    """
    reasons = [line for line in said.stderr.splitlines() if not re.search(besides, line)]
    words = without_warnings("\n".join(reasons))
    if words and said.status > 0:
        return error_of(doing, words, image=image)
    return EngineFailed(
        f"could not {doing}: podman {_ended(said)}",
        bounded(said.stderr),
        (Hint("check-podman"),),
    )


def _ended(said: CompletedCommand) -> str:
    if said.status >= 0:
        reason = "" if said.stderr.strip() else " and gave no reason"
        return f"ended with exit status {said.status}{reason}"
    try:
        return f"was ended by {signal.Signals(-said.status).name}"
    except ValueError:
        return f"was ended by signal {-said.status}"


_STAMP = r"(\d{4}-\d\d-\d\dT\S+) ?(.*)"


def in_order(said: CompletedCommand, tail: int) -> str:
    """Both streams of `podman logs -t`, by time; lines without a time are podman's own words."""
    # Not splitlines(), which also takes a form feed within a line for its end.
    both = [*said.stdout.split("\n"), *said.stderr.split("\n")]
    matches = [re.fullmatch(_STAMP, line) for line in both]
    lines = sorted((m for m in matches if m), key=lambda match: match.group(1))
    return "".join(f"{match.group(2)}\n" for match in lines[-tail:])
