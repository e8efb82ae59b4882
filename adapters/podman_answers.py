"""What the podman command answered, taken apart."""

import re
from collections.abc import Mapping, Sequence

from returns.result import Failure, Success

from lanekit.adapters.json_reader import Malformed, Node, parse, undecodable
from lanekit.adapters.podman_words import without_warnings
from lanekit.adapters.processes import Answer
from lanekit.core.drift import same_image
from lanekit.core.errors import Outcome
from lanekit.core.model import ImageInfo, Snapshot


def beyond(said: Answer, *known: str) -> str:
    """The words of a failed command that none of these patterns knows, if any."""
    if not said.status:
        return ""
    lines = without_warnings(said.stderr).splitlines()
    if not lines:
        return f"exit status {said.status} without a word"
    return "\n".join(line for line in lines if not any(re.search(p, line) for p in known))


def by_reference(
    references: Sequence[str], images: Sequence[tuple[tuple[str, ...], ImageInfo]]
) -> dict[str, ImageInfo]:
    """Which of the images each reference means."""
    found: dict[str, ImageInfo] = {}
    for reference in references:
        for names, info in images:
            if any(same_image(reference, name) for name in names) or info.id.startswith(reference):
                found[reference] = info
    return found


def carries(seen: Snapshot, labels: Mapping[str, str]) -> bool:
    """Whether it has all these labels; an empty value stands for any."""
    return all(
        name in seen.labels and value in ("", seen.labels[name]) for name, value in labels.items()
    )


def listed_ids(text: str) -> Outcome[list[str]]:
    """The ids of `podman ps --format=json`."""
    parsed = parse(text or "[]", "ps")
    if isinstance(parsed, Failure):
        return parsed
    value = parsed.unwrap()
    try:
        rows = Node({"ps": value}).nodes("ps")
        return Success([row.text("Id") for row in rows])
    except Malformed as error:
        return Failure(undecodable("ps", str(error)))


_STAMP = r"(\d{4}-\d\d-\d\dT\S+) ?(.*)"


def in_order(said: Answer, tail: int) -> str:
    """Both streams of `podman logs -t`, by time; lines without a time are podman's own words."""
    matches = [re.fullmatch(_STAMP, line) for line in (said.stdout + said.stderr).splitlines()]
    lines = sorted((m for m in matches if m), key=lambda match: match.group(1))
    return "".join(f"{match.group(2)}\n" for match in lines[-tail:])
