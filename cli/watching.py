"""`lanekit watch`: lanes kept so until it is told to end."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import (
    JOBS,
    JobsOption,
    LanesArgument,
    PolicyName,
    PolicyOption,
    Settings,
    each_time,
)
from lanekit.cli.output.streams import print_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from lanekit.cli.session import Session
    from lanekit.core.application.watcher import Watcher
    from lanekit.core.domain.watch_schedule import Report

_POLL = 0.5
_STOPPING = "lanekit: ends; finishing or undoing what was begun (once more: leave at once)"


def watch(  # noqa: PLR0913, PLR0917 - options, all by name
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    restart_unready: Annotated[
        bool,
        typer.Option(
            "--restart-unready", help="restart a container once whose worker does not answer"
        ),
    ] = False,
    resync: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="how often all lanes are looked at", callback=each_time(0.5)
        ),
    ] = 10.0,
    jobs: JobsOption = JOBS,
) -> None:
    """Make lanes so, and keep them so.

    A line for each thing that is done or goes wrong. The fleet file is read again when it changes;
    a lane that leaves it is left as it is. Ctrl-C and SIGTERM end it; the lanes run on.
    """
    from lanekit.cli.session import open_session  # noqa: PLC0415 - costs start-up

    session = open_session(
        settings, lanes, policy, restart_unready=restart_unready, shows_progress=False
    )
    board = WatchPrinter(session)
    watcher = session.runtime.watch(session.lanes, resync=resync, jobs=jobs, on_report=board.report)
    received = _until_signals(watcher)
    over = threading.Event()
    file = _File(session.path, lanes or (), watcher, board)
    reader = threading.Thread(target=file.follow, args=(over,), name="lanekit file")
    board.note("watching", f"{len(session.lanes)} lanes of {session.path}", len(session.lanes))
    reader.start()
    try:
        watcher.run()
    finally:
        over.set()
        reader.join()
    # systemd takes 0 for a clean end, as a SIGTERM is answered; a shell's loop ends by 130.
    if signal.SIGINT in received:
        raise typer.Exit(128 + signal.SIGINT)


def _until_signals(watcher: Watcher) -> list[int]:
    """Let Ctrl-C and SIGTERM stop it, a second one at once; gives what will be received."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            os._exit(128 + number)
        _ = os.write(2, f"{_STOPPING}\n".encode())
        watcher.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            _ = signal.signal(number, handle)
    return received


class _File:
    """The fleet file, read again when it is another."""

    def __init__(
        self, path: str, names: Sequence[str], watcher: Watcher, board: WatchPrinter
    ) -> None:
        self._path = path
        self._names = frozenset(names)
        self._watcher = watcher
        self._board = board
        # What it was when it was read first is not known, and reading it again does no harm.
        self._seen: object = None
        self._fault = ""

    def follow(self, over: threading.Event) -> None:
        """Look at it, until all is over."""
        while not over.wait(_POLL):
            now = self._stat()
            if now != self._seen:
                self._seen = now
                self._read()

    def _stat(self) -> object:
        try:
            found = os.stat(self._path)
        except OSError as error:
            return error.errno
        return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev)

    def _read(self) -> None:
        from lanekit.adapters.fleet_file.load import (  # noqa: PLC0415 - costs start-up
            InvalidFleetFile,
            load_fleet,
        )

        fleet = load_fleet(self._path)
        if isinstance(fleet, InvalidFleetFile):
            fault = "\n  ".join(fleet.lines)
        elif not fleet.lanes:
            fault = f"{self._path} has no lane"
        else:
            fault = ""
            asked = [lane for lane in fleet.lanes if not self._names or lane.name in self._names]
            self._watcher.update(asked)
        if fault and fault != self._fault:
            self._board.note("file broken", f"the lanes go on as they were asked for\n  {fault}")
        elif self._fault and not fault:
            self._board.note("file sound", f"{self._path} is read again")
        self._fault = fault


class WatchPrinter:
    """Prints reports, each with its time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._json = session.settings.json
        self._width = session.width
        self._writing = threading.Lock()

    def report(self, report: Report) -> None:
        """See `lanekit.core.domain.watch_schedule.Report`."""
        if self._json:
            self._record(report.kind, _record(report))
        else:
            self._line(_words(report, self._width))

    def note(self, event: str, words: str, lanes: int | None = None) -> None:
        """Something that concerns no one lane."""
        if self._json:
            self._record(event, {"message": words} | ({} if lanes is None else {"lanes": lanes}))
        else:
            self._line(f"{event}: {words}")

    def _record(self, event: str, more: Mapping[str, object]) -> None:
        import json  # noqa: PLC0415 - costs start-up

        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        stamp += f".{int(now % 1 * 1000):03}Z"
        self._put(json.dumps({"time": stamp, "event": event, **more}))

    def _line(self, words: str) -> None:
        self._put(f"{time.strftime('%H:%M:%S')}  {words}")

    def _put(self, line: str) -> None:
        with self._writing:
            self._session.progress.pause()
            print_result(line)


def _record(report: Report) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415 - costs start-up

    from lanekit.cli.output.json import (  # noqa: PLC0415 - costs start-up
        Record,
        ensured_record,
        error_object,
        failed_record,
    )

    if report.lane is None:
        return {"error": None if report.error is None else error_object(report.error)}
    if report.error is not None:
        return asdict(failed_record(report.lane, report.error))
    if report.result is not None:
        return asdict(ensured_record(report.result))
    return asdict(Record(report.lane.name, report.lane.container_name))


def _words(report: Report, width: int) -> str:
    from lanekit.cli.output.text import ensured_line, error_text  # noqa: PLC0415 - costs start-up

    if report.lane is None:
        text = "" if report.error is None else f": {error_text(report.error)}"
        return f"{_ENGINE[report.kind]}{text}"
    if report.error is not None:
        return f"{report.lane.name:<{width}}  failing: {error_text(report.error)}"
    if report.result is not None:
        return ensured_line(report.result, width)
    return f"{report.lane.name:<{width}}  not watched any more; its container is left as it is"


_ENGINE = {"engine lost": "podman is lost", "engine back": "podman is back"}
