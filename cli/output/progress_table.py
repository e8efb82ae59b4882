"""The live table on a terminal while many lanes are worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lanekit.core.domain.escaping import escape_control_chars

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import ConsoleOptions, RenderResult

Row = tuple[str, str, str, float | None]
"""A lane: its name, what is under way, its result, its seconds (None: not started)."""

_STYLES = {"none": "green", "failed": "red", "replaced": "yellow"}
_REFRESHES_PER_SECOND = 8
_FRAME_LINES = 3  # the head, the rule and the count


def live_table(rows: Callable[[], list[Row]]) -> Live:
    """Return the table, on stderr; it is drawn again until it is stopped, and then goes away."""
    return Live(
        LaneTable(rows),
        console=Console(stderr=True),
        refresh_per_second=_REFRESHES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


class LaneTable:
    """One row per lane, from `rows`; those under way first if not all have room."""

    def __init__(self, rows: Callable[[], list[Row]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self._rows()
        done = sum(1 for _, _, result, _ in rows if result)
        count = Text(f"{done} of {len(rows)} done", style="bold")
        room = max(1, console.size.height - _FRAME_LINES)
        if len(rows) > room:
            rows = sorted(rows, key=_rank)[:room]
        table = Table("LANE", "", "SECONDS", box=None, pad_edge=False, expand=True)
        table.columns[1].ratio = 1
        table.columns[2].justify = "right"
        for row in rows:
            table.add_row(*_cells(row))
        yield Group(table, count)


def _rank(row: Row) -> int:
    """Order lanes: under way, failed, not started, done."""
    _, _, result, seconds = row
    if seconds is None:
        return 2
    if not result:
        return 0
    return 1 if result == "failed" else 3


def _cells(row: Row) -> tuple[Text, Text, Text]:
    name, now, result, seconds = row
    if seconds is None:
        return Text(name), Text("-", style="dim"), Text("")
    style = _STYLES.get(result, "cyan") if result else ""
    what = Text(result or escape_control_chars(now), style=style, no_wrap=True, overflow="ellipsis")
    return Text(name), what, Text(f"{seconds:.1f}")
