"""`Watcher`: keeps lanes so until it is stopped. What is due when is decided in `core.watch`.

One thread, that of `run`, has the state and takes messages from one queue. Another listens to
podman's events. Each batch of due lanes has a thread that waits for its outcomes; their work is
`LaneBatch`'s. No more than `jobs` lanes are worked on at once, but in the first batch and at a
resync, where `LaneBatch` sees to that; a slow lane keeps none of the others waiting.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from returns.result import Failure

from lanekit.core.domain import watch_schedule as rules
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.errors import Interrupted, LaneError, Outcome
from lanekit.core.domain.lane_events import LaneEvent
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.results import EnsureResult
from lanekit.core.domain.watch_schedule import Report, Reports, WatchState
from lanekit.core.ports.backend import LaneBatch, LaneEvents
from lanekit.core.ports.clock import Clock

_EVENT_POLL_SECONDS = 0.5
"""Seconds between two tries to reach a podman that is away."""
_STOP_POLL_SECONDS = 1.0
_STEADY_SECONDS = 5.0
_MAX_RETRY_SECONDS = 10.0


@dataclass(frozen=True)
class _Stopped:
    """`stop` was called."""


@dataclass(frozen=True)
class _Listening:
    """Events from now on are heard."""


@dataclass(frozen=True)
class _Lost:
    """podman cannot be reached."""

    error: LaneError


@dataclass(frozen=True)
class _SetLanes:
    """`update` was called."""

    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class _Done:
    """A lane's ensure ended, or the thread of a batch did (lane None)."""

    lane: Lane | None
    run: LaneBatch
    result: Outcome[EnsureResult] | BaseException | None


_Message: TypeAlias = _Stopped | _Listening | _Lost | _SetLanes | _Done | LaneEvent


class _Inbox:
    """Messages for the watching thread; a `Waitable`, which has happened while there is one.

    `put` may be called from any thread, also by a signal's handler in the midst of another `put`.
    The others are for the watching thread alone.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._first: _Message | None = None

    def put(self, message: _Message) -> None:
        """Add a message."""
        self._queue.put(message)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a message, at most so many seconds; return whether there is one."""
        if self._first is None:
            try:
                self._first = self._queue.get(timeout=timeout)
            except queue.Empty:
                return False
        return True

    def take(self) -> _Message:
        """Return the first message, and wait for it if there is none."""
        _ = self.wait()
        message, self._first = self._first, None
        if message is None:
            raise AssertionError("a wait without an end has ended without a message")
        return message


class Watcher:
    """Made by `Lanes.watch`."""

    def __init__(  # noqa: PLR0913, PLR0917 - put together in one place, `Lanes.watch`
        self,
        events: Callable[[], Outcome[LaneEvents]],
        clock: Clock,
        ensure: Callable[[Sequence[Lane], int], LaneBatch],
        lanes: Sequence[Lane],
        resync: float,
        jobs: int,
        on_report: Callable[[Report], None],
        mask: Callable[[LaneError, Sequence[Lane]], LaneError],
    ) -> None:
        self._ensure = ensure
        self._jobs = jobs
        self._tell = on_report
        self._mask = mask
        self._clock = clock
        self._inbox = _Inbox()
        self._state = rules.start_watch(lanes, clock.now(), resync)
        # Nothing is begun before podman is listened to: what happened in between would be missed.
        self._listens = False
        self._runs: dict[LaneBatch, int] = {}
        self._listener = _EventListener(events, clock, self._inbox)

    def stop(self) -> None:
        """Let `run` end soon: what is begun is finished or undone. From any thread, also twice."""
        self._inbox.put(_Stopped())

    def update(self, lanes: Sequence[Lane]) -> None:
        """These are the lanes from now on; those that are no more among them are left as they are.

        From any thread.
        """
        self._inbox.put(_SetLanes(tuple(lanes)))

    def run(self) -> None:
        """Keep the lanes so until `stop`; to be called once. Lanes run on when it returns."""
        self._listener.start()
        try:
            while self._take(self._wait()):
                self._begin_due()
        finally:
            self._listener.stop()
            for run in self._runs:
                run.interrupt()
            while self._runs:
                message = self._inbox.take()
                if isinstance(message, _Done):
                    self._done(message)
            self._listener.join()

    def _wait(self) -> _Message | None:
        wake_at = self._state.wake_at() if self._listens else None
        busy = self._room() <= 0
        seconds = None if wake_at is None or busy else max(0.0, wake_at - self._clock.now())
        return self._inbox.take() if self._clock.wait(self._inbox, seconds) else None

    def _take(self, message: _Message | None) -> bool:
        """Whether to go on."""
        now = self._clock.now()
        match message:
            case None:
                pass
            case _Stopped():
                return False
            case _Listening():
                self._listens = True
                self._apply(rules.engine_reconnected(self._state, now))
            case _Lost(error):
                self._apply(rules.engine_lost(self._state, error))
            case _SetLanes(lanes):
                self._apply(rules.set_lanes(self._state, lanes, now))
            case _Done():
                self._done(message)
            case LaneEvent():
                self._state = rules.on_event(self._state, message, now)
        return True

    def _apply(self, after: tuple[WatchState, Reports]) -> None:
        self._state, reports = after
        for report in reports:
            self._tell(self._masked(report))

    def _masked(self, report: Report) -> Report:
        """podman may quote a variable of any of the lanes, whichever it speaks of."""
        if report.error is None:
            return report
        lanes = [watched.lane for watched in self._state.lanes]
        return replace(report, error=self._mask(report.error, lanes))

    def _done(self, done: _Done) -> None:
        if isinstance(done.result, BaseException):
            _ = self._runs.pop(done.run, None)
            raise done.result
        if done.lane is None or done.result is None:
            del self._runs[done.run]
            return
        self._runs[done.run] -= 1
        if isinstance(done.result, Failure) and isinstance(done.result.failure(), Interrupted):
            return
        now = self._clock.now()
        jitter = rules.lane_jitter(done.lane.name)
        self._apply(rules.on_result(self._state, done.lane.name, done.result, now, jitter))

    def _room(self) -> int:
        return self._jobs - sum(self._runs.values())

    def _begin_due(self) -> None:
        room = self._room()
        if not self._listens or room <= 0:
            return
        # With nothing under way, all at once: they are looked at together.
        most = len(self._state.lanes) if room == self._jobs else room
        self._state, due = rules.take_due(self._state, self._clock.now(), most)
        if due:
            run = self._ensure(due, room)
            self._runs[run] = len(due)
            threading.Thread(target=self._await, args=(run,), name="lanekit outcomes").start()

    def _await(self, run: LaneBatch) -> None:
        end: BaseException | None = None
        try:
            for lane, result in run:
                self._inbox.put(_Done(lane, run, result))
        except BaseException as error:
            end = error
        self._inbox.put(_Done(None, run, end))


class _EventListener(threading.Thread):
    """Listens to the backend's events, and says when it can and when it cannot."""

    def __init__(
        self, events: Callable[[], Outcome[LaneEvents]], clock: Clock, inbox: _Inbox
    ) -> None:
        super().__init__(name="lanekit events", daemon=True)
        self._events = events
        self._clock = clock
        self._inbox = inbox
        self._over = threading.Event()
        self._stream: LaneEvents | None = None

    def stop(self) -> None:
        """Let it end soon."""
        self._over.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def run(self) -> None:
        """Until it is stopped."""
        pause = _EVENT_POLL_SECONDS
        while not self._over.is_set():
            begun = self._clock.now()
            listened = self._listen_once()
            # A stream that ends at once, of a podman that answers, is opened ever less often.
            short = listened and self._clock.now() - begun < _STEADY_SECONDS
            pause = min(2 * pause, _MAX_RETRY_SECONDS) if short else _EVENT_POLL_SECONDS
            _ = self._clock.wait(self._over, pause)

    def _listen_once(self) -> bool:
        """Listen until the subscription ends; return whether there was one."""
        opened = self._events()
        if isinstance(opened, Failure):
            self._inbox.put(_Lost(opened.failure()))
            return False
        self._stream = opened.unwrap()
        try:
            self._inbox.put(_Listening())
            self._listen(self._stream)
        finally:
            self._stream.close()
        return True

    def _listen(self, stream: LaneEvents) -> None:
        while not self._over.is_set():
            heard = stream.next(_STOP_POLL_SECONDS)
            if isinstance(heard, Failure):
                return
            event = heard.unwrap()
            if event is not None:
                self._inbox.put(event)
