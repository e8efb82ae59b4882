"""What `lanekit watch` prints: a line for each report, with its time."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from lanekit.cli.output.json import Record, ensured_record, error_object, failed_record
from lanekit.cli.output.streams import print_result
from lanekit.cli.output.text import ensured_line, error_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanekit.cli.output.session import Session
    from lanekit.core.domain.watch_schedule import Report

_ENGINE = {
    "engine lost": "podman cannot be reached; waiting for it",
    "engine back": "podman can be reached again",
}


class WatchPrinter:
    """Prints reports, each with its time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._json = session.settings.json
        self._width = session.width
        self._writing = threading.Lock()

    def report(self, report: Report) -> None:
        """Print a report; see `lanekit.core.domain.watch_schedule.Report`."""
        if self._json:
            self._print_record(report.kind, _record(report))
        else:
            self._print_line(_text(report, self._width))

    def note(self, event: str, message: str, lanes: int | None = None) -> None:
        """Print something that concerns no one lane."""
        if self._json:
            count: dict[str, object] = {} if lanes is None else {"lanes": lanes}
            self._print_record(event, {"message": message, **count})
        else:
            self._print_line(f"{event}: {message}")

    def _print_record(self, event: str, more: Mapping[str, object]) -> None:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        stamp += f".{int(now % 1 * 1000):03}Z"
        self._print(json.dumps({"time": stamp, "event": event, **more}))

    def _print_line(self, text: str) -> None:
        self._print(f"{time.strftime('%H:%M:%S')}  {text}")

    def _print(self, line: str) -> None:
        with self._writing:
            self._session.progress.pause()
            print_result(line)


def _record(report: Report) -> dict[str, object]:
    if report.lane is None:
        return {"error": None if report.error is None else error_object(report.error)}
    if report.error is not None:
        return asdict(failed_record(report.lane, report.error))
    if report.result is not None:
        return asdict(ensured_record(report.result))
    return asdict(Record(report.lane.name, report.lane.container_name))


def _text(report: Report, width: int) -> str:
    if report.lane is None:
        cause = "" if report.error is None else f": {error_text(report.error)}"
        return f"{_ENGINE[report.kind]}{cause}"
    if report.error is not None:
        return f"{report.lane.name:<{width}}  failing: {error_text(report.error)}"
    if report.result is not None:
        return ensured_line(report.result, width)
    return f"{report.lane.name:<{width}}  no longer watched; its container was left as it is"
