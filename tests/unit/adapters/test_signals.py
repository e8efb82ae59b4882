"""Signal handlers that hold for a while."""

import os
import signal
import threading

from lanekit.adapters.host.signals import signal_handlers


def test_signal_calls_handler_and_old_handler_is_restored() -> None:
    received: list[int] = []
    before = signal.getsignal(signal.SIGUSR1)
    with signal_handlers((signal.SIGUSR1,), received.append):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert received == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGUSR1) == before


def test_ignored_signal_stays_ignored() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with signal_handlers((signal.SIGUSR1,), received.append):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
    finally:
        _ = signal.signal(signal.SIGUSR1, before)
    assert received == []


def test_other_thread_changes_no_handler() -> None:
    handlers: list[object] = []

    def run() -> None:
        with signal_handlers((signal.SIGUSR1,), lambda _: None):
            handlers.append(signal.getsignal(signal.SIGUSR1))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGUSR1)]
