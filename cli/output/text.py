"""Text for people: lines, tables, errors. Plain in a pipe, coloured on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from lanekit.cli.output.hints import hint_lines
from lanekit.cli.output.streams import is_rich, print_result
from lanekit.core.domain.escaping import escape_control_chars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.core.domain.differences import Drift
    from lanekit.core.domain.errors import LaneError
    from lanekit.core.domain.plan import Plan
    from lanekit.core.domain.results import EnsureResult, LaneStatus

_COLOURS = {
    "none": "green",
    "created": "cyan",
    "started": "cyan",
    "adjusted": "cyan",
    "restarted": "cyan",
    "replaced": "yellow",
    "failed": "red",
}
_ACTION_WIDTH = 9  # of "restarted"
_MAX_FIELDS = 3
STATUS_HEAD = ("LANE", "CONTAINER", "STATE", "ENDPOINT", "READY", "DRIFT")


def counted(count: int, noun: str) -> str:
    """Return e.g. `1 lane`, `2 lanes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ensured_line(ensured: EnsureResult, width: int) -> str:
    """Return e.g. `ws1/a  replaced  http://127.0.0.1:41234  0.84s  because image.id`."""
    causes = [difference.field for difference in ensured.drift]
    causes = causes or [operation.cause for operation in ensured.operations[:1]]
    because = f"  because {', '.join(causes)}" if causes else ""
    head = _head(ensured.lane, ensured.action, width)
    fields = ", ".join(difference.field for difference in ensured.remaining_drift)
    remaining = f"  still differs: {fields} ({ensured.remaining_reason})" if fields else ""
    return f"{head}  {ensured.endpoint.url}  {ensured.seconds:.2f}s{because}{remaining}"


def plan_text(plan: Plan, *, verbose: bool) -> str:
    """Return the plan, and how many files its replacement would lose; `verbose`: which."""
    lost = plan.lost_files or ()
    if not lost:
        return str(plan)
    hint = "" if verbose else " (--verbose lists them)"
    files = counted(len(lost), "file")
    lines = [str(plan), f"  loses  {files} changed in the container's writable layer{hint}"]
    paths = [f"    {change.kind:<7}  {escape_control_chars(change.path)}" for change in lost]
    return "\n".join([*lines, *(paths if verbose else [])])


def failed_line(lane: str, error: LaneError, seconds: float, width: int) -> str:
    """Return the line of a lane that failed; its error goes to stderr."""
    return f"{_head(lane, 'failed', width)}  -  {seconds:.2f}s  because {error.kind}"


def _head(lane: str, action: str, width: int) -> str:
    word = f"{action:<{_ACTION_WIDTH}}"
    return (
        f"{lane:<{width}}  {typer.style(word, _COLOURS[action]) if is_rich(sys.stdout) else word}"
    )


def error_text(error: LaneError, *, rolled_back: bool = False) -> str:
    """Return what failed and on which lane; podman's words, indented; what to do next."""
    lines = [f"{error.lane}: {error.message}" if error.lane else error.message]
    lines += [f"    {line}" for line in error.detail.strip().splitlines()]
    if rolled_back:
        lines.append("  the changes were rolled back")
    lines += [f"  -> {line}" for line in hint_lines(error)]
    # Text from a container must not control the terminal of whoever reads it.
    return "\n".join(map(escape_control_chars, lines))


def status_row(status: LaneStatus) -> tuple[str, ...]:
    """Return the cells below STATUS_HEAD."""
    return (
        status.lane,
        status.container,
        status.state,
        status.endpoint.url if status.endpoint else "-",
        "yes" if status.ready else "no",
        status.fault.kind if status.fault else _drift_cell(status.drift),
    )


def _drift_cell(drift: Drift) -> str:
    if not drift:
        return "-"
    fields = [difference.field for difference in drift[:_MAX_FIELDS]]
    return f"{len(drift)}: {', '.join(fields)}{', ..' if len(drift) > _MAX_FIELDS else ''}"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout: drawn on a terminal, aligned columns elsewhere."""
    if is_rich(sys.stdout):
        from lanekit.cli.output.drawn_table import (  # noqa: PLC0415 - rich costs 40 ms
            print_drawn_table,
        )

        print_drawn_table(head, rows)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print_result("  ".join(cells).rstrip())
