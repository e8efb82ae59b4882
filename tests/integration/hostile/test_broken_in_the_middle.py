"""podman breaks at one operation of a replacement: the lane runs on, as it was, on real podman.

What was asked is done each time; what podman says of it does not arrive, or is nonsense.
"""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from tests.integration.podman.conftest import WORKER, RealLane
from tests.integration.podman.counting_proxy import Damage, counting_proxy
from tests.support.tiers import with_nightly

from lanekit.adapters.host.processes import ProcessLimits
from lanekit.adapters.http.probe import HttpProbe
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine

pytestmark = pytest.mark.podman

# For an operation that is not answered; the others may take as long as they like.
SOON, LATE = 2.5, 30.0
REQUESTS = {
    "create": "POST containers create",
    "cp": "PUT containers archive",
    "container": "GET containers json",
    "stop": "POST containers stop",
    "rename": "POST containers rename",
    "start": "POST containers start",
    "rm": "DELETE containers",
}
# The operations in their order: podman's verb, and the one after whose first call it comes. The
# second is what tells of several with the same verb.
POINTS = (
    *(("create", ""), ("cp", ""), ("container", "cp"), ("stop", ""), ("rename", "")),
    *(("rename", "rename"), ("start", ""), ("container", "start"), ("rm", "")),
)
COMMANDS = {
    "closed": '"$@" > /dev/null; kill -9 $$',
    "silent": '"$@" > /dev/null; exec sleep 60',
    "half": '"$@" | head -c 40; exit 0',
    "page": '"$@" > /dev/null; echo "<html>Bad Gateway</html>" >&2; exit 1',
}
PAGE = (
    b"HTTP/1.1 500 Oh\r\nConnection: close\r\n"
    b"Content-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
)
ANSWERS: dict[str, Damage] = {
    "closed": lambda _answer: b"",
    "silent": lambda _answer: None,
    # Of one without a body, the half that says how it went.
    "half": lambda answer: answer[: 11 if answer.endswith(b"\r\n\r\n") else -20],
    "page": lambda _answer: PAGE,
}
KINDS = {
    "closed": ("EngineFailed", "EngineUnavailable"),
    "silent": ("EngineTimeout",),
    "half": ("EngineUnavailable", "InvalidResponse"),
    "page": ("EngineFailed", "InvalidResponse"),
}
# Of the command only these say something on their stdout that is read.
SPOKEN = ("create", "container")
TURNS = with_nightly(
    [("command", 0), ("socket", 1), ("socket", 3)],
    product(("command", "socket"), range(len(COMMANDS))),
    arguments=2,
)


class _Breaking:
    """Says of each call whether it is the one: a look each time, anything else once."""

    def __init__(self, verb: str, after: str) -> None:
        self._verb, self._after = verb, after
        self._seen = {""}
        self._done = False

    def now(self, verb: str) -> bool:
        """Whether this call breaks."""
        often = verb == REQUESTS["container"]
        breaks = verb == self._verb and self._after in self._seen and (often or not self._done)
        self._seen.add(verb)
        self._done = self._done or breaks
        return breaks


def _timeout(damage: str) -> float:
    return SOON if damage == "silent" else LATE


def _command(real: RealLane, verb: str, after: str, damage: str) -> PodmanCli:
    """The same of the command, by files that it makes."""
    folder = Path(tempfile.mkdtemp(dir=real.folder))
    again = "true" if verb == "container" else "[ ! -e broken ]"
    program = folder / "podman"
    _ = program.write_text(
        "#!/bin/sh\n"
        f'verb="$1"\nset -- {" ".join(real.sandbox.argv)} "$@"\ncd {folder}\n'
        f'if [ "$verb" = {verb} ] && [ -e "./{after}" ] && {again}\n'
        f"then touch broken; {COMMANDS[damage]}; fi\n"
        'touch "$verb"\nexec "$@"\n'
    )
    program.chmod(0o755)
    limits = ProcessLimits(0.3)
    timeout = _timeout(damage)
    return PodmanCli((str(program),), env=real.sandbox.env, timeout=timeout, limits=limits)


@contextmanager
def _broken(real: RealLane, verb: str, after: str, damage: str) -> Generator[ContainerEngine]:
    """The lane's engine on a podman that breaks so, at the call of this verb."""
    if real.socket is None:
        yield _command(real, verb, after, damage)
        return
    breaks = _Breaking(REQUESTS[verb], REQUESTS.get(after, ""))
    with counting_proxy(real.folder, real.socket) as proxy:
        proxy.damage = lambda told: ANSWERS[damage] if breaks.now(told) else None
        yield PodmanSocket(str(proxy.path), timeout=_timeout(damage))


def _damage(real: RealLane, verb: str, number: int) -> str:
    damage = tuple(COMMANDS)[number % len(COMMANDS)]
    heard = real.socket is not None or damage != "half" or verb in SPOKEN
    return damage if heard else "closed"


def _now(real: RealLane) -> ObservedContainer:
    """The lane's container, which runs and answers."""
    (seen,) = [c for c in real.containers() if c.name == real.lane.container_name]
    assert seen.state == "running"
    assert HttpProbe().answers(or_raise(endpoint_of(seen)), "/", 5)
    return seen


def _breaks(real: RealLane, verb: str, after: str, damage: str, old: str) -> None:
    """One replacement of the container of this id that breaks, and costs nothing."""
    where = f"{damage} at {verb} after {after or 'all'}"
    with _broken(real, verb, after, damage) as engine:
        error = Lanes(engine, real.profile).ensure(real.lane).failure()
    assert error.kind in KINDS[damage], f"{where}: {error}"
    assert "could not be undone" not in error.detail, f"{where}: {error}"
    if verb != "rm":
        assert _now(real).id == old, f"{where}: {error}"
        return
    # All was done: only nobody was told.
    assert _now(real).id != old, f"{where}: {error}"
    assert or_raise(real.lanes().ensure(real.lane)).action == "none"


@pytest.mark.parametrize(("real_lane", "turn"), TURNS, indirect=["real_lane"])
def test_podman_failure_during_replacement_loses_nothing(real_lane: RealLane, turn: int) -> None:
    real = real_lane
    _ = or_raise(real.lanes().ensure(real.lane))
    old = _now(real).id
    for number, (verb, after) in enumerate(POINTS):
        real.other_worker(WORKER.format(word=number))
        _breaks(real, verb, after, _damage(real, verb, turn + number), old)
    real.other_worker(WORKER.format(word="last"))
    assert or_raise(real.lanes().ensure(real.lane)).action == "replaced"
    assert [c.id for c in real.containers()] == [_now(real).id]
