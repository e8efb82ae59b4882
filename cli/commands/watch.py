"""lanekit watch."""

import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from lanekit.adapters.fleet_file.load import InvalidFleetFile
from lanekit.api import JOBS
from lanekit.cli import wiring
from lanekit.cli.arguments import (
    JobsOption,
    LanesArgument,
    PolicyOption,
    RestartUnreadyOption,
    interval,
)
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.text import counted
from lanekit.cli.output.watch_printer import WatchPrinter
from lanekit.cli.session import open_session
from lanekit.core.application.watcher import Watcher

_FILE_POLL_SECONDS = 0.5
_STOPPING = (
    "lanekit: stopping; finishing or rolling back what is under way "
    "(press Ctrl-C again to exit immediately)"
)


def run(  # noqa: PLR0913, PLR0917 - options, all by name
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    restart_unready: RestartUnreadyOption = False,
    resync: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="how often all lanes are checked, also without an event from podman",
            callback=interval(0.5),
        ),
    ] = 10.0,
    jobs: JobsOption = JOBS,
) -> None:
    """Reconcile lanes, and keep reconciling until stopped.

    Prints one line for each thing that it does or that fails. It reads the fleet file again when
    that changes; a lane that leaves the file keeps running. Ctrl-C or SIGTERM stops it; the lanes
    keep running.
    """
    session = open_session(
        settings, lanes, policy, restart_unready=restart_unready, shows_progress=False
    )
    printer = WatchPrinter(session)
    watcher = session.runtime.watch(
        session.lanes, resync=resync, jobs=jobs, on_report=printer.report
    )
    received = _stop_on_signals(watcher)
    over = threading.Event()
    file = _FleetFile(session.path, lanes or (), watcher, printer)
    reader = threading.Thread(target=file.follow, args=(over,), name="lanekit file")
    count = len(session.lanes)
    printer.note("watching", f"{counted(count, 'lane')} of {session.path}", count)
    reader.start()
    try:
        watcher.run()
    finally:
        over.set()
        reader.join()
    # systemd takes 0 for a clean end, as a SIGTERM is answered; a shell's loop ends by 130.
    if signal.SIGINT in received:
        raise typer.Exit(128 + signal.SIGINT)


def _stop_on_signals(watcher: Watcher) -> list[int]:
    """Let Ctrl-C and SIGTERM stop it, a second one at once; return what will be received."""
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


class _FleetFile:
    """The fleet file, read again when it changes."""

    def __init__(
        self, path: str, names: Sequence[str], watcher: Watcher, printer: WatchPrinter
    ) -> None:
        self._path = path
        self._names = frozenset(names)
        self._watcher = watcher
        self._printer = printer
        # The stat of the first reading is not known, and reading it again does no harm.
        self._stamp: object = None
        self._fault = ""

    def follow(self, over: threading.Event) -> None:
        """Look at the file until `over` is set."""
        while not over.wait(_FILE_POLL_SECONDS):
            stamp = self._read_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read()

    def _read_stamp(self) -> object:
        try:
            stat = os.stat(self._path)
        except OSError as error:
            return error.errno
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_dev)

    def _read(self) -> None:
        fleet = wiring.load_fleet(self._path)
        if isinstance(fleet, InvalidFleetFile):
            fault = "\n  ".join(fleet.lines)
        elif not fleet.lanes:
            fault = f"{self._path} has no lanes"
        else:
            fault = ""
            chosen = [lane for lane in fleet.lanes if not self._names or lane.name in self._names]
            self._watcher.update(chosen)
        if fault and fault != self._fault:
            self._printer.note("file invalid", f"the previous lanes stay in force\n  {fault}")
        elif self._fault and not fault:
            self._printer.note("file valid", f"{self._path} was read again")
        self._fault = fault
