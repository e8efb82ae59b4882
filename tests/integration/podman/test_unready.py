"""Workers that never listen, or only after a restart: kept, restarted when asked, taken back."""

import json
import time
from typing import cast
from urllib.request import urlopen

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane

from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ObservedContainer

pytestmark = pytest.mark.podman

BEGIN = "#!/bin/sh\necho >> /workspace/starts\necho starting\ntrap 'exit 0' TERM\n"
SILENT = BEGIN + "sleep 600 &\nwait\n"
SECOND = f"""{BEGIN}
[ "$(wc -l < /workspace/starts)" -gt 1 ] || {{ sleep 600 & wait; }}
{WORKER.format(word="second")}"""
# A worker that listens at its second start has to be there within this, however busy the host is.
AMPLE = "5"


def _starts(real: RealLane) -> int:
    return (real.folder / "tree/starts").read_text().count("\n")


def _only(real: RealLane) -> ObservedContainer:
    (only,) = real.containers()
    assert (only.name, only.state) == (real.lane.container_name, "running")
    return only


def _said_at(url: str) -> str:
    """What a worker says that was started a moment ago."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urlopen(url, timeout=5) as answer:
                return cast("bytes", answer.read()).decode()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_one_that_never_listens_is_kept_and_told_of_and_restarted_once_when_asked(
    both_lanes: list[RealLane],
) -> None:
    for real in both_lanes:
        real.worker(SILENT)
    begun = time.monotonic()
    told = results([lanekit(real, "ensure", "--timeout", "1.5") for real in both_lanes])
    assert time.monotonic() - begun >= 1.5
    kept = [_only(real) for real in both_lanes]
    for real, seen, (code, out, err) in zip(both_lanes, kept, told, strict=True):
        at = f"http://127.0.0.1:{seen.ports[0].host_port}/"
        assert (code, _starts(real)) == (1, 1), err
        assert "because NotReady" in out
        assert f"{seen.name} runs, but did not answer at {at} within 1.5 s\n" in err
        assert "    its last lines:\n    starting\n  -> run `lanekit ensure " in err
        assert "rolled back" not in err
    asked = ("ensure", "--timeout", "1", "--restart-unready")
    told = results([lanekit(real, *asked) for real in both_lanes])
    for real, seen, (code, out, err) in zip(both_lanes, kept, told, strict=True):
        assert (code, _starts(real), _only(real).id) == (1, 2, seen.id), err
        assert "because NotReady" in out
        line = f"{seen.name} (killed if it takes 2 s), because its worker did not answer"
        assert err.count(line) == 1
        assert "within 1 s\n" in err


def test_one_that_listens_from_its_second_start_on_is_restarted(
    both_lanes: list[RealLane],
) -> None:
    for real in both_lanes:
        real.worker(SECOND)
    asked = ("ensure", "--timeout", AMPLE, "--restart-unready", "--json")
    for real, (code, out, err) in zip(
        both_lanes, results([lanekit(real, *asked) for real in both_lanes]), strict=True
    ):
        assert code == 0, err
        report = json.loads(out)
        assert (report["action"], _starts(real)) == ("restarted", 2)
        assert _said_at(report["endpoint"]) == "second\n"
        _ = _only(real)


def test_a_replacement_that_never_listens_gives_way_to_the_old_one(
    both_lanes: list[RealLane],
) -> None:
    made = [or_raise(real.lanes().ensure(real.lane)) for real in both_lanes]
    before = [_only(real) for real in both_lanes]
    for real in both_lanes:
        real.other_worker(SILENT)
    asked = ("ensure", "--timeout", "1", "--restart-unready")
    told = results([lanekit(real, *asked) for real in both_lanes])
    for real, old, there, (code, _, err) in zip(both_lanes, before, made, told, strict=True):
        assert (code, _starts(real)) == (1, 1), err
        assert "did not answer at" in err
        assert "    its last lines:\n    starting\n  the changes were rolled back\n" in err
        assert _only(real).id == old.id
        assert _said_at(there.endpoint.url) == "one\n"
