"""What people read: lines, tables, errors. Plain in a pipe, coloured at a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from lanekit.cli.output.hints import hint_lines
from lanekit.cli.output.streams import is_rich, print_result
from lanekit.core.domain.escaping import escape_control_chars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

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
_FIELDS = 3
STATUS_HEAD = ("LANE", "CONTAINER", "STATE", "ENDPOINT", "READY", "DRIFT")


def ensured_line(ensured: EnsureResult, width: int) -> str:
    """ws1/a  replaced  http://127.0.0.1:41234  0.84s  because image.id, worker.digest"""
    causes = [difference.field for difference in ensured.drift]
    causes = causes or [operation.cause for operation in ensured.operations[:1]]
    because = f"  because {', '.join(causes)}" if causes else ""
    head = _head(ensured.lane, ensured.action, width)
    left = ", ".join(difference.field for difference in ensured.remaining_drift)
    kept = f"  left: {left} ({ensured.remaining_reason})" if left else ""
    return f"{head}  {ensured.endpoint.url}  {ensured.seconds:.2f}s{because}{kept}"


def plan_text(plan: Plan, *, verbose: bool) -> str:
    """The plan, and how many files its replace would lose; `verbose`: which."""
    lost = plan.lost_files or ()
    if not lost:
        return str(plan)
    files = f"{len(lost)} file{'s' if len(lost) > 1 else ''}"
    hint = "" if verbose else " (--verbose lists them)"
    lines = [str(plan), f"  loses  {files} changed in the container's own layer{hint}"]
    each = [f"    {change.kind:<7}  {escape_control_chars(change.path)}" for change in lost]
    return "\n".join([*lines, *(each if verbose else [])])


def failed_line(lane: str, error: LaneError, seconds: float, width: int) -> str:
    """The line of a lane that failed; its error goes to stderr."""
    return f"{_head(lane, 'failed', width)}  -  {seconds:.2f}s  because {error.kind}"


def _head(lane: str, action: str, width: int) -> str:
    word = f"{action:<{_ACTION_WIDTH}}"
    return (
        f"{lane:<{width}}  {typer.style(word, _COLOURS[action]) if is_rich(sys.stdout) else word}"
    )


def error_text(error: LaneError, *, rolled_back: bool = False) -> str:
    """What failed and on which lane; podman's words, indented; what to do next."""
    lines = [f"{error.lane}: {error.message}" if error.lane else error.message]
    lines += [f"    {line}" for line in error.detail.strip().splitlines()]
    if rolled_back:
        lines.append("  what had been done was undone")
    lines += [f"  -> {line}" for line in hint_lines(error)]
    # Words from a container must not steer the terminal of whoever reads them.
    return "\n".join(map(escape_control_chars, lines))


def status_row(status: LaneStatus) -> tuple[str, ...]:
    """The cells under STATUS_HEAD."""
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
    fields = [difference.field for difference in drift[:_FIELDS]]
    return f"{len(drift)}: {', '.join(fields)}{', ..' if len(drift) > _FIELDS else ''}"


def say_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout: drawn at a terminal, aligned columns elsewhere."""
    if is_rich(sys.stdout):
        _say_rich_table(head, rows)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print_result("  ".join(cells).rstrip())


def _say_rich_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - 40 ms, only at a terminal

    Console().print(drawn_table(head, rows))


def drawn_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for a terminal."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - 40 ms, only at a terminal
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*head, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
