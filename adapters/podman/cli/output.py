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
    result: CompletedCommand, names: Collection[str]
) -> Outcome[tuple[ObservedContainer, ...]]:
    """Return the answer to `container inspect`, when it says something about each of the names."""
    action, missing = "inspect containers", f"{NO_CONTAINER}|{AMBIGUOUS}"
    decoded = decode_containers(result.stdout)
    if isinstance(decoded, Failure):
        return Failure(_incomplete(action, result, missing, decoded.failure()))
    shown = {key for container in decoded.unwrap() for key in (container.name, container.id)}
    silent = set(names) - shown - _mentioned(result, missing)
    # The beginning of an id is shown under its whole.
    unclear = [name for name in silent if not any(key.startswith(name) for key in shown)]
    if unclear or is_too_old(result.stderr):
        return Failure(_incomplete(action, result, missing, _unmentioned(action, unclear)))
    return decoded


def shown_images(
    result: CompletedCommand, references: Sequence[str]
) -> Outcome[dict[str, ImageInfo]]:
    """Return the answer to `image inspect`, when it says something about each of the references."""
    action = "inspect images"
    decoded = decode_images(result.stdout)
    if isinstance(decoded, Failure):
        return Failure(_incomplete(action, result, NO_IMAGE, decoded.failure()))
    absent = _mentioned(result, NO_IMAGE)
    present = [reference for reference in references if reference not in absent]
    images = [info for _, info in decoded.unwrap()]
    if len(images) != len(present) or is_too_old(result.stderr):
        return Failure(_incomplete(action, result, NO_IMAGE, _unmentioned(action, present)))
    # podman shows them in the order in which they were asked for.
    return Success(dict(zip(present, images, strict=True)))


def _mentioned(result: CompletedCommand, missing: str) -> set[str]:
    """Return the words of the lines that say that something is not there, names among them."""
    lines = [line for line in errors_in(result.stderr) if re.search(missing, line)]
    return {word for line in lines for word in re.split(_BETWEEN, line)}


def _incomplete(action: str, result: CompletedCommand, missing: str, error: LaneError) -> LaneError:
    """Return why a look is not complete: podman's words beyond those of `missing`; else `error`."""
    if is_too_old(result.stderr):
        return too_old(result.stderr)
    return refusal(action, result, besides=missing) if result.status else error


def _unmentioned(action: str, names: Collection[str]) -> LaneError:
    return undecodable(action, f"it says nothing about {', '.join(sorted(names)[:3])}")


def refusal(
    action: str, result: CompletedCommand, *, image: str = "", besides: str = _NONE
) -> LaneError:
    """Return the error of a command that failed: by podman's words, never by those of its log.

    Lines that the pattern `besides` fits are not the reason. A podman that was killed says nothing
    that could be relied on, whatever it wrote before.
    """
    reasons = [line for line in result.stderr.splitlines() if not re.search(besides, line)]
    words = without_warnings("\n".join(reasons))
    if words and result.status > 0:
        return error_of(action, words, image=image)
    return EngineFailed(
        f"could not {action}: podman {_ended(result)}",
        bounded(result.stderr),
        (Hint("check-podman"),),
    )


def _ended(result: CompletedCommand) -> str:
    if result.status >= 0:
        reason = "" if result.stderr.strip() else " and gave no reason"
        return f"ended with exit status {result.status}{reason}"
    try:
        return f"was ended by {signal.Signals(-result.status).name}"
    except ValueError:
        return f"was ended by signal {-result.status}"


_STAMP = r"(\d{4}-\d\d-\d\dT\S+) ?(.*)"


def in_order(result: CompletedCommand, tail: int) -> str:
    """Both streams of `podman logs -t`, by time; lines without a time are podman's own words."""
    # Not splitlines(), which also takes a form feed within a line for its end.
    both = [*result.stdout.split("\n"), *result.stderr.split("\n")]
    matches = [re.fullmatch(_STAMP, line) for line in both]
    lines = sorted((m for m in matches if m), key=lambda match: match.group(1))
    return "".join(f"{match.group(2)}\n" for match in lines[-tail:])
