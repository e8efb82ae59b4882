"""Two calls at once, without the half dozen modules that an executor imports."""

import threading
from collections.abc import Callable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """What both return; `other` runs in a thread of its own. What either raises is raised."""
    results: list[B] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            results.append(other())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        first = one()
    finally:
        thread.join()
    if raised:
        raise raised[0]
    return first, results[0]
