"""`lanekit status --watch`: a live table on a terminal; elsewhere one line per change."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn

from returns.result import Failure, Success

from lanekit.cli.output.json import failed_record, line, status_record
from lanekit.cli.output.streams import is_rich, print_result
from lanekit.cli.output.text import STATUS_HEAD, status_row
from lanekit.cli.signals.interrupts import nothing_to_undo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanekit.cli.output.session import Session

Rows = dict[str, tuple[str, ...]]


def follow(session: Session, every: float) -> NoReturn:
    """Print until Ctrl-C; `every` is in seconds."""
    with nothing_to_undo():
        if session.settings.json or not is_rich(sys.stdout):
            _print_changes(session, every)
        _draw_table(session, every)


def _rows(session: Session) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield each lane with its cells, and its record for --json."""
    for lane, outcome in session.runtime.status_all(session.lanes):
        match outcome:
            case Success(status):
                record = line(status_record(status), state=status.state, ready=status.ready)
                yield lane.name, status_row(status), record
            case Failure(error):
                cells = (lane.name, lane.container_name, "?", "-", "-", error.kind)
                yield lane.name, cells, line(failed_record(lane, error))


def _print_changes(session: Session, every: float) -> NoReturn:
    shown: Rows = {}
    while True:
        for name, cells, record in _rows(session):
            if shown.get(name) != cells:
                shown[name] = cells
                print_result(record if session.settings.json else "  ".join(cells))
        time.sleep(every)


def _draw_table(session: Session, every: float) -> NoReturn:
    from rich.live import Live  # noqa: PLC0415 - rich costs 60 ms, on a terminal only

    from lanekit.cli.output.drawn_table import drawn_table  # noqa: PLC0415

    with Live(auto_refresh=False) as live:
        while True:
            table = drawn_table(STATUS_HEAD, [cells for _, cells, _ in _rows(session)])
            live.update(table, refresh=True)
            time.sleep(every)
