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
def test_firewall_race_is_retried_up_to_three_times(lost: int) -> None:
    start = _Start(*[Failure(EngineFailed("no", WORDS))] * lost, Success(None))
    assert retry_start(start, PAUSES) == Success(None)
    assert start.left == []


def test_repeated_firewall_race_reports_podman_error() -> None:
    start = _Start(*[Failure(EngineFailed("no", WORDS))] * 9)
    assert retry_start(start, PAUSES).failure().detail == WORDS
    assert len(start.left) == 5


def test_other_start_failures_are_not_retried() -> None:
    taken = Failure(PortInUse("no", "listen tcp4 127.0.0.1:1: bind: address already in use"))
    start = _Start(taken, Success(None))
    assert retry_start(start, PAUSES) == taken
