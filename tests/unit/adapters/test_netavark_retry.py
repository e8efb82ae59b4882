"""A start that lost the race for the firewall's chains is tried again; no other failure is."""

import pytest
from returns.result import Failure, Success

from lanekit.adapters.podman.netavark_retry import retry_start
from lanekit.core.domain.errors import EngineFailed, Outcome, PortInUse

# podman 4.3.1's words.
WORDS = (
    'Error: unable to start container "ab": netavark: unable to append rule '
    "'-d 10.88.0.0/16 -j ACCEPT' to table 'nat': code: 1, msg: iptables: "
    "No chain/target/match by that name."
)


PAUSES = (0.0, 0.0, 0.0)


class _Start:
    def __init__(self, *outcomes: Outcome[None]) -> None:
        self.left = list(outcomes)

    def __call__(self) -> Outcome[None]:
        return self.left.pop(0)


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_race_is_run_again(lost: int) -> None:
    start = _Start(*[Failure(EngineFailed("no", WORDS))] * lost, Success(None))
    assert retry_start(start, PAUSES) == Success(None)
    assert start.left == []


def test_one_that_is_lost_again_and_again_is_an_error_with_podmans_words() -> None:
    start = _Start(*[Failure(EngineFailed("no", WORDS))] * 9)
    assert retry_start(start, PAUSES).failure().detail == WORDS
    assert len(start.left) == 5


def test_no_other_failure_is_tried_again() -> None:
    taken = Failure(PortInUse("no", "listen tcp4 127.0.0.1:1: bind: address already in use"))
    start = _Start(taken, Success(None))
    assert retry_start(start, PAUSES) == taken
