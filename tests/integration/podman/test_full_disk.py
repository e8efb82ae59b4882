"""podman has no room for what a replacement needs: the old container is not the one that pays."""

import json
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.integration.podman.between import lanekit, results
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.counting_proxy import counting_proxy

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman

ALWAYS = 99
FULL = "write /var/lib/containers/storage/overlay: no space left on device"
REQUESTS = {
    "create": "POST containers create",
    "cp": "PUT containers archive",
    "start": "POST containers start",
}


@contextmanager
def _full_disk(real: RealLane, verb: str, times: int) -> Generator[dict[str, str]]:
    """What to give lanekit's environment, so that the first calls of this verb fail."""
    if real.socket is None:
        yield {"PATH": f"{_program(real, verb, times)}:{real.environ()['PATH']}"}
        return
    service, request = real.socket, REQUESTS[verb]
    body = json.dumps({"cause": "no space left on device", "message": FULL, "response": 500})
    head = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    answer = f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    def before(told: str) -> None:
        if told == request and proxy.requests.count(request) > times:
            _ = proxy.answers.pop(request, None)

    with counting_proxy(real.folder, service, before) as proxy:
        proxy.answers[request] = answer
        real.socket = proxy.path
        yield {}
    real.socket = service


def _program(real: RealLane, verb: str, times: int) -> str:
    folder = real.folder / f"full-{verb}-{times}"
    folder.mkdir()
    program = folder / "podman"
    # A copy is refused in the middle of what it is given.
    _ = program.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = {verb} ] && echo >> {folder}/calls && '
        f"[ $(wc -l < {folder}/calls) -le {times} ]\n"
        f'then head -c 512 > /dev/null; echo "Error: {FULL}" >&2; exit 125; fi\n'
        f'exec "{real.sandbox.bin}/podman" "$@"\n'
    )
    program.chmod(0o755)
    return str(folder)


def _ensure_fails(real: RealLane, verb: str, times: int) -> str:
    real.other_worker(WORKER.format(word="two"))
    with _full_disk(real, verb, times) as env:
        ((code, _, err),) = results([lanekit(real, "ensure", **env)])
    assert code == 1
    assert "no space left on device" in err
    return err


def _is_replaced(real: RealLane) -> bool:
    replaced = or_raise(real.lanes().ensure(real.lane)).action == "replaced"
    return replaced and [c.name for c in real.containers()] == [real.lane.container_name]


def test_full_disk_leaves_old_container_untouched(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    name = real_lane.lane.container_name
    before = real_lane.sandbox.run("container", "inspect", name)
    for verb in ("create", "cp"):
        _ = _ensure_fails(real_lane, verb, ALWAYS)
        assert real_lane.sandbox.run("container", "inspect", name) == before, verb
        assert len(real_lane.containers()) == 1, verb
    assert _is_replaced(real_lane)


def test_full_disk_at_start_loses_nothing(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    (before,) = real_lane.containers()
    assert "could not be undone" not in _ensure_fails(real_lane, "start", 1)
    (now,) = real_lane.containers()
    assert (now.id, now.name, now.state) == (before.id, before.name, "running")
    assert HttpProbe().answers(or_raise(endpoint_of(now)), "/", 5)
    # Too full even for the old one, which was stopped for the new one's sake.
    err = _ensure_fails(real_lane, "start", ALWAYS)
    assert "could not be undone" in err
    assert "run `lanekit ensure " in err
    assert before.id in [seen.id for seen in real_lane.containers()]
    assert _is_replaced(real_lane)
