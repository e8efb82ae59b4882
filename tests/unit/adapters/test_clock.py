"""The clocks: a wait ends with its event or with its time, and a virtual one waits for nobody."""

import threading
import time
from collections.abc import Callable

import pytest

from lanekit.adapters.host.clock import SystemClock, VirtualClock
from lanekit.core.ports.clock import Clock

CLOCKS: dict[str, Callable[[], Clock]] = {
    "system": SystemClock,
    "auto": VirtualClock,
    "manual": lambda: VirtualClock(auto=False),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_wait_for_an_event_that_is_set_takes_no_time(clock: str) -> None:
    tested, event = CLOCKS[clock](), threading.Event()
    event.set()
    before = tested.now()
    assert tested.wait(event, 60)
    assert tested.wait(event, 0)
    assert tested.wait(event, -1)
    assert tested.wait(event)
    assert tested.now() - before < 5


@pytest.mark.parametrize("clock", CLOCKS)
def test_wait_ends_when_the_event_is_set_by_another(clock: str) -> None:
    tested, event = CLOCKS[clock](), threading.Event()
    setter = threading.Timer(0.02, event.set)
    setter.start()
    assert tested.wait(event)
    event.clear()
    assert not tested.wait(event, 0)
    setter.join()


def test_wait_of_the_system_clock_ends_with_its_time() -> None:
    began = time.monotonic()
    assert not SystemClock().wait(threading.Event(), 0.05)
    assert 0.04 < time.monotonic() - began < 5


def test_auto_clock_passes_by_what_is_waited_for() -> None:
    clock = VirtualClock(10)
    clock.sleep(2)
    assert not clock.wait(threading.Event(), 5)
    assert clock.now() == 17
    clock.sleep(-1)
    assert clock.now() == 17
    clock.advance(3)
    assert clock.now() == 20


@pytest.mark.parametrize("how", ["sleep", "wait"])
def test_manual_clock_wakes_a_sleeper_when_its_time_has_come(how: str) -> None:
    clock, woke = VirtualClock(auto=False), threading.Event()

    def rest() -> None:
        if how == "sleep":
            clock.sleep(10)
        else:
            assert not clock.wait(threading.Event(), 10)
        woke.set()

    sleeper = threading.Thread(target=rest)
    sleeper.start()
    clock.advance(9.5)
    assert not woke.wait(0.05), "its time has not come"
    clock.advance(0.5)
    assert woke.wait(20)
    sleeper.join()
    assert clock.now() == 10


def test_manual_clock_wakes_who_waits_for_an_event() -> None:
    clock, event = VirtualClock(auto=False), threading.Event()
    setter = threading.Timer(0.02, event.set)
    setter.start()
    assert clock.wait(event, 1000)
    assert clock.now() == 0
    setter.join()
