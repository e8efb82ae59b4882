"""What a lane is doing now, on stderr: one changing line at a terminal, lines when asked for."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

from lanekit.cli.output import is_terminal, tell
from lanekit.core.operations import (
    Event,
    Operation,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
    Stop,
    Waiting,
)
from lanekit.core.secrets import hide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.core.model import Lane

_ERASE = "\r\x1b[K"


class Heard:
    """What the events told of one lane. `began` is a monotonic reading in seconds."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.operations: list[Operation] = []
        self.undone = 0
        self.stuck = 0

    @property
    def rolled_back(self) -> bool:
        """Whether something was undone, and nothing was left that could not be."""
        return self.undone > 0 and not self.stuck


class Progress:
    """Hears the events of all lanes, from whatever thread works on them."""

    def __init__(self, lanes: Sequence[Lane], *, verbose: bool) -> None:
        self._lock = threading.Lock()
        self._verbose = verbose
        self._live = is_terminal(sys.stderr) and not verbose
        self._secrets = {lane.name: lane.profile.env for lane in lanes if lane.profile}
        self._graces = {lane.name: lane.profile.stop_grace for lane in lanes if lane.profile}
        self._heard: dict[str, Heard] = {}
        self._began = time.monotonic()
        self._shows = False

    def hear(self, event: Event) -> None:
        """The listener for `Lanes`."""
        with self._lock:
            heard = self._heard.setdefault(event.lane, Heard(time.monotonic()))
            match event:
                case OperationStarted(_, operation):
                    heard.operations.append(operation)
                case OperationUndone(failed=failed):
                    heard.stuck += bool(failed)
                    heard.undone += not failed
                case _:
                    pass
            self._show(event)

    def of(self, lane: str) -> Heard:
        """What was heard of a lane so far."""
        with self._lock:
            return self._heard.get(lane) or Heard(self._began)

    def seconds(self, lane: str) -> float:
        """How long the lane has been worked on."""
        return time.monotonic() - self.of(lane).began

    def pause(self) -> None:
        """Take the changing line away: something else is about to be written."""
        with self._lock:
            if self._shows:
                self._draw("")

    def _show(self, event: Event) -> None:
        if not self._verbose and not self._live:
            return
        words = f"{event.lane}: {_words(event, self._graces.get(event.lane))}"
        words = hide(words, self._secrets.get(event.lane, {}))
        if self._verbose:
            tell(words)
        elif not isinstance(event, OperationFinished):
            self._draw(words)

    def _draw(self, words: str) -> None:
        room = shutil.get_terminal_size().columns - 1
        line = "".join(char if char.isprintable() else " " for char in words)[:room]
        try:
            _ = sys.stderr.write(f"{_ERASE}{line}")
            _ = sys.stderr.flush()
        except OSError:
            return
        self._shows = bool(line)


def _words(event: Event, grace: float | None) -> str:
    match event:
        case OperationStarted(_, Stop() as operation) if operation.runs and grace is not None:
            return f"{operation} (killed after {grace:g} s), because {operation.cause}"
        case OperationStarted(_, operation):
            return f"{operation}, because {operation.cause}"
        case OperationFinished(_, operation, seconds):
            return f"{operation}: done in {seconds:.2f}s"
        case OperationFailed(_, operation, reason):
            return f"{operation}: failed: {reason}"
        case OperationUndone(_, operation, failed):
            return f"{operation}: " + (f"could not be undone: {failed}" if failed else "undone")
        case Waiting(_, what, seconds):
            return f"waits for {what}" + (f", {seconds:.0f}s" if seconds else "")
