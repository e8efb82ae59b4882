"""A Ctrl-C may come between any two lines: a change that podman began is over before it goes on."""

import gc
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.unit.adapters.scripted_service import http as answer
from tests.unit.adapters.scripted_service import service

from lanekit.adapters.podman.address import Address
from lanekit.adapters.podman.rest.http_client import Client

FILES = tuple(
    f"rest/{name}.py"
    for name in ("http_client", "connection", "deadline_socket", "response_parser")
)


Trace = Callable[[FrameType, str, object], Any]


def _interrupt_at(line: int) -> Trace:
    """Raises at that many lines of ours, as a signal's handler does between any two."""
    left = [line]

    def trace(frame: FrameType, event: str, _argument: object) -> Trace | None:
        if not frame.f_code.co_filename.endswith(FILES):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    return trace


# A socket that was made a line ago belongs to nobody yet: it is closed when it is collected, here.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kept", [False, True])
def test_interrupt_at_any_line_waits_for_the_started_change(tmp_path: Path, kept: bool) -> None:
    begun: list[int] = []
    over: list[int] = []

    def slow(request: str) -> bytes:
        if request.startswith("POST"):
            begun.append(1)
            time.sleep(0.01)
            over.append(1)
        return answer(204)

    with service(tmp_path, slow) as running:
        for line in count(1):
            client = Client(Address(path=str(running.path)))
            if kept:
                _ = client.request("GET", "/", 5)
            begun.clear()
            over.clear()
            before = sys.gettrace()
            sys.settrace(_interrupt_at(line))
            try:
                _ = client.request("POST", "/containers/x/stop", 5)
                assert line > 50, "these are not the lines of a request"
                break
            except KeyboardInterrupt:
                sys.settrace(before)
                known = list(over)
            finally:
                sys.settrace(before)
            time.sleep(0.005)
            assert len(known) == len(begun), f"line {line}: it went on, and podman too"
    _ = gc.collect()
