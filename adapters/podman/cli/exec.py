"""An exec by the podman command, whose process has the caller's own streams."""

import os
import signal
from collections.abc import Mapping, Sequence
from functools import partial

from lanekit.adapters.host.exec_io import PIPE_CLOSED, SignalNotForwarded, forward_signals
from lanekit.adapters.host.exec_signals import EXEC_ID_ENV, forward_signal, new_token
from lanekit.adapters.host.processes import spawn, wait_exit_status
from lanekit.adapters.host.stdin_pump import StdinPump
from lanekit.adapters.host.terminal import saved_terminal
from lanekit.core.ports.engine import Streams

PODMAN_STATUSES = (125, 255)
"""Statuses with which podman says that it could not; 4.3.1 says 255 of one that does not run."""


def run_exec(  # noqa: PLR0913 - what an exec has
    podman: Sequence[str],
    env: Mapping[str, str],
    container: str,
    command: Sequence[str],
    streams: Streams,
    *,
    tty: bool,
) -> int:
    """Run the command; return its exit status. Raises OSError: podman cannot be executed."""
    token = new_token()
    # Without detach keys: Ctrl-P, the first of podman's own, is a key that shells use.
    options = ("-i", *(("-t", "--detach-keys=") if tty else ()), "--env", f"{EXEC_ID_ENV}={token}")
    argv = (*podman, "exec", *options, container, *command)
    forward = partial(forward_signal, container, token)
    try:
        with saved_terminal(streams.stdin, raw=False), forward_signals(forward):
            status = _wait(argv, env, streams, tty=tty)
    except SignalNotForwarded as lost:
        return lost.status
    if status == PIPE_CLOSED:
        # podman ended so, and left its command behind.
        _ = forward(signal.SIGPIPE)
    return status


def _wait(argv: Sequence[str], env: Mapping[str, str], streams: Streams, *, tty: bool) -> int:
    if tty or not os.isatty(streams.stdin):
        return wait_exit_status(spawn(argv, env, _three(streams, streams.stdin), alone=not tty))
    # A Ctrl-C would end podman, and leave its command behind. In a group of its own it does not
    # get the signal, but may not read from the terminal either: so that is read for it.
    source, sink = os.pipe()
    try:
        process = spawn(argv, env, _three(streams, source), alone=True)
    except BaseException:
        os.close(sink)
        raise
    finally:
        os.close(source)
    os.set_blocking(sink, False)
    pump = StdinPump(streams.stdin, sink, partial(os.write, sink), partial(os.close, sink))
    pump.start()
    try:
        return wait_exit_status(process)
    finally:
        pump.stop()


def _three(streams: Streams, stdin: int) -> tuple[int, int, int]:
    return stdin, streams.stdout, streams.stderr
