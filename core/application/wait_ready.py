"""Wait until a lane's worker answers, or until it is sure that it will not."""

from collections.abc import Callable

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.endpoint import endpoint_of
from lanekit.core.domain.errors import NotFound, NotReady, Outcome, WorkerExited
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import Endpoint, ObservedContainer
from lanekit.core.domain.progress import Waiting

_FIRST_PAUSE_SECONDS = 0.01
_MAX_PAUSE_SECONDS = 0.25
# A container that went away a moment ago may leave its port hanging: the first try is short, so
# that it is soon looked at. A worker that takes longer is asked once more.
_FIRST_TIMEOUT_SECONDS = 1.0
_MAX_TIMEOUT_SECONDS = 5.0
_INSPECT_EVERY_SECONDS = 0.5
_PROGRESS_SECONDS = 1.0
LOG_LINES = 20
_KILLED = 128 + 9  # by SIGKILL


@dataclass(frozen=True)
class Wait:
    """One wait: for which container of which lane, and whom to tell.

    `fresh`: it was just started, so an answer counts only if it still runs after the answer. A
    container that was seen running a moment ago and answers at the first try needs no second look.
    """

    world: Ports
    target: PreparedLane
    seen: ObservedContainer
    fresh: bool
    tell: Callable[[Waiting], None]


def await_ready(wait: Wait) -> Outcome[Endpoint]:
    """The endpoint; `WorkerExited` as soon as the container ended, `NotReady` at the deadline.

    The deadline is `ready_timeout` seconds from now. The probe backs off from 10 ms to 250 ms;
    between tries the container is looked at every half second.
    """
    found = endpoint_of(wait.seen)
    if isinstance(found, Failure):
        return found
    endpoint, clock, profile = found.unwrap(), wait.world.clock, wait.target.profile
    begun = clock.now()
    deadline = begun + profile.ready_timeout
    look_at, tell_at, pause, tries = (
        begun + _INSPECT_EVERY_SECONDS,
        begun + _PROGRESS_SECONDS,
        _FIRST_PAUSE_SECONDS,
        0,
    )
    while True:
        tries += 1
        longest = _MAX_TIMEOUT_SECONDS if tries > 1 else _FIRST_TIMEOUT_SECONDS
        allowed = min(max(deadline - clock.now(), _FIRST_PAUSE_SECONDS), longest)
        answered = wait.world.probe.answers(endpoint, profile.ready_path, allowed)
        now = clock.now()
        if answered and not wait.fresh and tries == 1:
            return Success(endpoint)
        if answered or now >= look_at or now >= deadline:
            alive = _still_runs(wait)
            if isinstance(alive, Failure):
                return alive
            if answered:
                return Success(endpoint)
            if now >= deadline:
                return Failure(_not_ready(wait, endpoint))
            look_at = now + _INSPECT_EVERY_SECONDS
        if now >= tell_at:
            wait.tell(Waiting(wait.target.lane.name, f"an answer at {endpoint.url}", now - begun))
            tell_at = now + _PROGRESS_SECONDS
        clock.sleep(max(0.0, min(pause, deadline - clock.now())))
        pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def _still_runs(wait: Wait) -> Outcome[None]:
    looked = wait.world.engine.inspect([wait.seen.id])
    if isinstance(looked, Failure):
        return looked
    now = looked.unwrap().get(wait.seen.id)
    if now is None:
        return Failure(NotFound(f"container {wait.seen.name} was removed while it was awaited"))
    if now.state in ("running", "paused"):
        return Success(None)
    return Failure(_exited(wait, now))


def _exited(wait: Wait, now: ObservedContainer) -> WorkerExited:
    killed = ", killed for lack of memory" if now.oom_killed else ""
    return WorkerExited(
        f"the worker of {wait.target.spec.name} exited with code {now.exit_code}{killed} "
        "before it answered",
        detail=_last_lines(wait, now.error),
        hints=(_hint(now),),
        exit_code=now.exit_code,
    )


def _hint(ended: ObservedContainer) -> Hint:
    if ended.oom_killed:
        return Hint("raise-memory")
    # Not every podman learns from its kernel why a process was killed.
    killed = ended.exit_code == _KILLED and ended.memory is not None
    return Hint("check-memory" if killed else "fix-worker")


def _not_ready(wait: Wait, endpoint: Endpoint) -> NotReady:
    profile = wait.target.profile
    return NotReady(
        f"{wait.target.spec.name} runs, but did not answer at {endpoint.url}{profile.ready_path} "
        f"within {profile.ready_timeout:g} s",
        detail=_last_lines(wait),
        hints=(Hint("wait-longer"), Hint("show-logs")),
    )


def _last_lines(wait: Wait, error: str = "") -> str:
    logs = wait.world.engine.logs(wait.seen.id, LOG_LINES)
    text = "" if isinstance(logs, Failure) else logs.unwrap().strip("\n")
    said = f"its last lines:\n{text}" if text else "it wrote nothing"
    return f"{error}\n{said}" if error else said
