"""What lanes are doing now, on stderr: a live table or line on a terminal, lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

from lanekit.cli.output.json import event_line
from lanekit.cli.output.streams import is_terminal, print_message, print_result
from lanekit.core.domain.operations import AwaitReady, Operation, Stop
from lanekit.core.domain.progress import (
    Event,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
    Waiting,
)
from lanekit.core.domain.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.live import Live

    from lanekit.core.domain.lanes import Lane

_ERASE = "\r\x1b[K"
# A wait is reported when it begins, once it is longer than the first, and then each second one.
_REPORT_AFTER_SECONDS, _REPORT_EVERY_SECONDS = 2, 10


class LaneProgress:
    """What the events said about one lane. `began` is a monotonic time in seconds.

    `current` is the operation or wait under way; `result` the lane's action or "failed", once it
    is known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended: float | None = None
        self.operations: list[Operation] = []
        self.undone = 0
        self.not_undone = 0
        self.current = ""
        self.result = ""

    @property
    def rolled_back(self) -> bool:
        """Return whether something was undone, and everything that had to be."""
        return self.undone > 0 and not self.not_undone

    @property
    def seconds(self) -> float:
        """Return how long it has been, or was, worked on."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began


class Progress:
    """Receives the events of all lanes, from any thread, and shows them on stderr.

    On a terminal, a live table (for one lane, a line); elsewhere one line per event. With
    `as_json` and `verbose`, events are objects on stdout; with `as_json` alone they are not shown.
    """

    def __init__(self, lanes: Sequence[Lane], *, verbose: bool, as_json: bool = False) -> None:
        self._lock = threading.RLock()
        self._verbose = verbose
        self._as_json = as_json
        self._live = is_terminal(sys.stderr) and not verbose
        self._secrets = {lane.name: lane.profile.env for lane in lanes if lane.profile}
        self._graces = {lane.name: lane.profile.stop_grace for lane in lanes if lane.profile}
        self._lanes: dict[str, LaneProgress] = {}
        self._news = EventFilter()
        self._names = [lane.name for lane in lanes]
        self._began = time.monotonic()
        self._shows = False
        self._muted = False
        self._table: Live | None = None

    def mute(self) -> None:
        """Show nothing: somebody else prints what is done."""
        self._muted = True

    def on_event(self, event: Event) -> None:
        """Receive an event from `Lanes`."""
        with self._lock:
            lane = self._lanes.setdefault(event.lane, LaneProgress(time.monotonic()))
            match event:
                case OperationStarted(_, operation):
                    lane.operations.append(operation)
                case OperationUndone(failed=failed):
                    lane.not_undone += bool(failed)
                    lane.undone += not failed
                case _:
                    pass
            text = event_text(event, self._graces.get(event.lane))
            text = redact(text, self._secrets.get(event.lane, {}))
            if not isinstance(event, OperationFinished):
                lane.current = text
            self._show(event, text)

    def of(self, lane: str) -> LaneProgress:
        """Return the progress of a lane so far."""
        with self._lock:
            return self._lanes.get(lane) or LaneProgress(self._began)

    def done(self, lane: str, result: str) -> None:
        """Note the result of a lane."""
        with self._lock:
            progress = self._lanes.setdefault(lane, LaneProgress(self._began))
            progress.result, progress.ended = result, time.monotonic()

    def rows(self) -> list[tuple[str, str, str, float | None]]:
        """Return the rows of the table, in the order of the file; see `progress_table.Row`."""
        with self._lock:
            lanes = [(name, self._lanes.get(name)) for name in self._names]
            return [
                (name, lane.current, lane.result, lane.seconds) if lane else (name, "", "", None)
                for name, lane in lanes
            ]

    def seconds(self, lane: str) -> float:
        """Return how long the lane has been worked on."""
        return self.of(lane).seconds

    @property
    def table_is_shown(self) -> bool:
        """Return whether a table is shown now: lines would tear it, so they wait for its end."""
        return self._table is not None

    def pause(self) -> None:
        """Remove the changing line or the table, because something else is about to be written."""
        with self._lock:
            if self._table is not None:
                self._table.stop()
                self._table = None
            if self._shows:
                self._draw("")

    def _show(self, event: Event, text: str) -> None:
        if self._muted:
            return
        if self._as_json:
            self._print_json(event)
        elif self._verbose or (not self._live and self._news.has(event)):
            print_message(f"{event.lane}: {text}")
        elif self._live and not isinstance(event, OperationFinished):
            self._draw_live(event, text)

    def _print_json(self, event: Event) -> None:
        if self._verbose:
            print_result(redact(event_line(event), self._secrets.get(event.lane, {})))

    def _draw_live(self, event: Event, text: str) -> None:
        if len(self._names) == 1:
            self._draw(f"{event.lane}: {text}")
        elif self._table is None and self._news.has(event):
            from lanekit.cli.output.progress_table import (  # noqa: PLC0415 - rich costs 60 ms
                live_table,
            )

            # Not for a fleet that matches: that is over before anybody could read it.
            self._table = live_table(self.rows)
            self._table.start()

    def _draw(self, text: str) -> None:
        room = shutil.get_terminal_size().columns - 1
        line = "".join(char if char.isprintable() else " " for char in text)[:room]
        try:
            _ = sys.stderr.write(f"{_ERASE}{line}")
            _ = sys.stderr.flush()
        except OSError:
            return
        self._shows = bool(line)


class EventFilter:
    """Selects the events worth showing without --verbose: changes, failures and long waits."""

    def __init__(self) -> None:
        self._waits: dict[str, Waiting] = {}

    def has(self, event: Event) -> bool:
        """Return whether to show this event; call it once for each."""
        match event:
            case OperationStarted(_, operation):
                return not isinstance(operation, AwaitReady)
            case OperationFinished():
                return False
            case Waiting(lane):
                before, self._waits[lane] = self._waits.get(lane), event
                return before is None or _is_news(before, event)
            case _:
                return True


def _is_news(before: Waiting, after: Waiting) -> bool:
    """Return whether this is another wait than before, or has become long since."""
    another = before.what != after.what or after.seconds < max(
        _REPORT_AFTER_SECONDS, before.seconds
    )
    return (
        another or after.seconds // _REPORT_EVERY_SECONDS > before.seconds // _REPORT_EVERY_SECONDS
    )


def event_text(event: Event, grace: float | None) -> str:
    """Return an event for people. `grace`: seconds after which a stop kills, where known."""
    match event:
        case OperationStarted(_, Stop() as operation) if operation.runs and grace is not None:
            return f"{operation} (killed if it takes {grace:g} s), because {operation.cause}"
        case OperationStarted(_, operation):
            return f"{operation}, because {operation.cause}"
        case OperationFinished(_, operation, seconds):
            return f"{operation}: done in {seconds:.2f}s"
        case OperationFailed(_, operation, reason):
            return f"{operation}: failed: {reason}"
        case OperationUndone(_, operation, failed):
            return f"{operation}: " + (f"could not be undone: {failed}" if failed else "undone")
        case Waiting(_, what, seconds):
            return f"waiting for {what}" + (f", {seconds:.0f}s" if seconds else "")
