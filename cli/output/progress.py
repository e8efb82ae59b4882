"""What lanes are doing now, on stderr: a live table or line at a terminal, lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

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
# Seconds: a wait is told of when it begins to be one, and then from time to time.
_SOON, _SELDOM = 2, 10


class LaneProgress:
    """What the events told of one lane. `began` is a monotonic reading in seconds.

    `now` is what is under way or waited for; `result` what became of the lane, once it is known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended: float | None = None
        self.operations: list[Operation] = []
        self.undone = 0
        self.stuck = 0
        self.now = ""
        self.result = ""

    @property
    def rolled_back(self) -> bool:
        """Whether something was undone, and nothing was left that could not be."""
        return self.undone > 0 and not self.stuck

    @property
    def seconds(self) -> float:
        """How long it has been, or was, worked on."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began


class Progress:
    """Hears the events of all lanes, from whatever thread works on them, and shows them on stderr.

    At a terminal a table that lives while they are worked on (a line, for one lane); elsewhere a
    line an event. With `as_json` events are objects on stdout, if `verbose`, and nothing else.
    """

    def __init__(self, lanes: Sequence[Lane], *, verbose: bool, as_json: bool = False) -> None:
        self._lock = threading.RLock()
        self._verbose = verbose
        self._as_json = as_json
        self._live = is_terminal(sys.stderr) and not verbose
        self._secrets = {lane.name: lane.profile.env for lane in lanes if lane.profile}
        self._graces = {lane.name: lane.profile.stop_grace for lane in lanes if lane.profile}
        self._heard: dict[str, LaneProgress] = {}
        self._news = EventFilter()
        self._names = [lane.name for lane in lanes]
        self._began = time.monotonic()
        self._shows = False
        self._quiet = False
        self._table: Live | None = None

    def be_quiet(self) -> None:
        """Listen only: somebody else tells of what is done."""
        self._quiet = True

    def hear(self, event: Event) -> None:
        """The listener for `Lanes`."""
        with self._lock:
            heard = self._heard.setdefault(event.lane, LaneProgress(time.monotonic()))
            match event:
                case OperationStarted(_, operation):
                    heard.operations.append(operation)
                case OperationUndone(failed=failed):
                    heard.stuck += bool(failed)
                    heard.undone += not failed
                case _:
                    pass
            words = event_words(event, self._graces.get(event.lane))
            words = redact(words, self._secrets.get(event.lane, {}))
            if not isinstance(event, OperationFinished):
                heard.now = words
            self._show(event, words)

    def of(self, lane: str) -> LaneProgress:
        """What was heard of a lane so far."""
        with self._lock:
            return self._heard.get(lane) or LaneProgress(self._began)

    def done(self, lane: str, result: str) -> None:
        """What became of a lane is known."""
        with self._lock:
            heard = self._heard.setdefault(lane, LaneProgress(self._began))
            heard.result, heard.ended = result, time.monotonic()

    def rows(self) -> list[tuple[str, str, str, float | None]]:
        """Each lane, in the order of the file: its name, what is under way, its result, seconds."""
        with self._lock:
            heard = [(name, self._heard.get(name)) for name in self._names]
            return [(n, h.now, h.result, h.seconds) if h else (n, "", "", None) for n, h in heard]

    def seconds(self, lane: str) -> float:
        """How long the lane has been worked on."""
        return self.of(lane).seconds

    @property
    def holds_back(self) -> bool:
        """Whether a table is shown now: lines would tear it, so they wait for its end."""
        return self._table is not None

    def pause(self) -> None:
        """Take the changing line or the table away: something else is about to be written."""
        with self._lock:
            if self._table is not None:
                self._table.stop()
                self._table = None
            if self._shows:
                self._draw("")

    def _show(self, event: Event, words: str) -> None:
        if self._quiet:
            return
        if self._as_json:
            self._say_json(event)
        elif self._verbose or (not self._live and self._news.has(event)):
            print_message(f"{event.lane}: {words}")
        elif self._live and not isinstance(event, OperationFinished):
            self._draw_live(event, words)

    def _say_json(self, event: Event) -> None:
        if self._verbose:
            from lanekit.cli.output.event_json import event_line  # noqa: PLC0415 - costs start-up

            print_result(redact(event_line(event), self._secrets.get(event.lane, {})))

    def _draw_live(self, event: Event, words: str) -> None:
        if len(self._names) == 1:
            self._draw(f"{event.lane}: {words}")
        elif self._table is None and self._news.has(event):
            from lanekit.cli.output.progress_table import (  # noqa: PLC0415 - rich costs 60 ms
                live_table,
            )

            # Not for a fleet that is just as asked: that is over before anybody could read it.
            self._table = live_table(self.rows)
            self._table.start()

    def _draw(self, words: str) -> None:
        room = shutil.get_terminal_size().columns - 1
        line = "".join(char if char.isprintable() else " " for char in words)[:room]
        try:
            _ = sys.stderr.write(f"{_ERASE}{line}")
            _ = sys.stderr.flush()
        except OSError:
            return
        self._shows = bool(line)


class EventFilter:
    """What people want to hear of unasked: what changes something, fails, or takes long."""

    def __init__(self) -> None:
        self._waits: dict[str, Waiting] = {}

    def has(self, event: Event) -> bool:
        """Whether this event is of that kind; to be asked once about each that would be told."""
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


def _is_news(before: Waiting, now: Waiting) -> bool:
    """Whether it is another wait than before, or has become long since."""
    another = before.what != now.what or now.seconds < max(_SOON, before.seconds)
    return another or now.seconds // _SELDOM > before.seconds // _SELDOM


def event_words(event: Event, grace: float | None) -> str:
    """An event, for people. `grace`: the seconds after which a stop kills, where that is known."""
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
