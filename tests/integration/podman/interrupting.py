"""Ctrl-C and SIGTERM for a command at the moment it tells podman something, by either engine.

A terminal sends its Ctrl-C to the process group, `kill` its signal to one process.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable

from tests.integration.podman.between import lanekit
from tests.integration.podman.conftest import RealLane
from tests.integration.podman.counting_proxy import counting_proxy
from tests.support.sandbox.podman_sandbox import LOG_VARIABLE, read_log

FIRST = "lanekit: interrupted, rolling back; press Ctrl-C again to exit immediately"
# Podman's own stop is waited for: the grace is 2 s here.
SOON = 15.0
REQUESTS = {
    "create": "POST containers create",
    "cp": "PUT containers archive",
    "stop": "POST containers stop",
    "rename": "POST containers rename",
    "start": "POST containers start",
    "rm": "DELETE containers",
}
"""What the socket is asked where the command has this verb."""

Process = subprocess.Popen[str]


def send(process: Process, way: str) -> None:
    """The signal: by "Ctrl-C" to its group, "SIGTERM", or else SIGINT."""
    if way == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGINT)


def code_of(way: str) -> int:
    """The exit code that it leads to."""
    return 143 if way == "SIGTERM" else 130


def interrupted(
    real: RealLane,
    command: tuple[str, ...],
    point: tuple[str, int],
    way: str,
    then: Callable[[Process], object] = lambda _process: None,
) -> tuple[Process, float]:
    """The command that got its signal at the verb of the point, after so many others of that verb,
    and when that was. Over the socket `then` comes next, and the process has ended.
    """
    verb, count = point
    if real.socket is None:
        log = real.folder / "interrupted"
        process = lanekit(real, *command, **{LOG_VARIABLE: str(log)})
        deadline = time.monotonic() + 60
        while [call[0] for call in read_log(log)].count(verb) <= count:
            assert time.monotonic() < deadline, "the operation never came"
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        begun = time.monotonic()
        send(process, way)
        return process, begun
    service = real.socket
    sent: list[float] = []
    processes: list[Process] = []

    def before(request: str) -> None:
        if request == REQUESTS[verb] and proxy.requests.count(request) == count + 1 and not sent:
            sent.append(time.monotonic())
            send(processes[0], way)

    with counting_proxy(real.folder, service, before) as proxy:
        real.socket = proxy.path
        processes.append(lanekit(real, *command))
        _ = then(processes[0])
        _ = processes[0].wait(60)
    real.socket = service
    assert sent, "the request never came"
    return processes[0], sent[0]
