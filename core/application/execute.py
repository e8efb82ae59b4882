"""Run a Plan over the engine, one operation at a time; undo what was done when one fails."""

from dataclasses import field, replace

from returns.result import Failure, Success

from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.observe import check_ids_unambiguous
from lanekit.core.application.restart_stopped import start_again
from lanekit.core.application.wait_ready import Wait, await_ready
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import NEXT, PREV
from lanekit.core.domain.errors import (
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    InvalidResponse,
    LaneError,
    NotFound,
    Outcome,
    SpecMismatch,
    WorkerBusy,
)
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.observed import Endpoint, ObservedContainer, ObservedLane
from lanekit.core.domain.operations import (
    AwaitReady,
    CheckIdle,
    CopyIn,
    Create,
    Existing,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Unpause,
    Update,
    Verify,
    undo,
)
from lanekit.core.domain.plan import DriftCheck, Plan
from lanekit.core.domain.progress import (
    Listener,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
)
from lanekit.core.domain.redaction import redact_for_spec

_SETTLE_SECONDS = 0.3  # seconds in which a process that cannot run has ended
# After these nobody knows whether the operation was done, so it is undone as if it had been.
_UNSURE = (EngineTimeout, EngineFailed, EngineUnavailable, InvalidResponse)


@dataclass
class PlanRun:
    """One plan being run: which container has which name now, and what can be undone."""

    world: Ports
    target: PreparedLane
    judge: DriftCheck
    listen: Listener
    snapshots: dict[str, ObservedContainer]
    undoable: list[tuple[Operation, str]] = field(default_factory=lambda: [])
    done: list[Operation] = field(default_factory=lambda: [])
    endpoint: Endpoint | None = None
    ids: dict[str, str] = field(default_factory=lambda: {})
    started: set[str] = field(default_factory=set[str])
    """The containers that were started, also by undoing a stop."""

    def execute(self, plan: Plan) -> Outcome[Endpoint]:
        """The lane's endpoint; or the first error, after undoing what was done before it."""
        sound = self._sound(plan)
        if isinstance(sound, Failure):
            return sound
        self.undoable = list(plan.resumed)
        try:
            for operation in plan.operations:
                failed = self._step(operation)
                if isinstance(failed, Failure):
                    return Failure(self._roll_back(failed.failure()))
        except (KeyboardInterrupt, SystemExit):
            # Not every BaseException: a test's simulated kill -9 must find things as they are.
            _ = self._roll_back(EngineFailed("interrupted"))
            raise
        if self.endpoint is None:
            raise AssertionError(f"a plan that awaits nothing: {plan}")
        return Success(self.endpoint)

    def _sound(self, plan: Plan) -> Outcome[None]:
        there = list(self.ids.values())
        return (
            check_ids_unambiguous(self.world.engine, there)
            if plan.changes and there
            else Success(None)
        )

    def _step(self, operation: Operation) -> Outcome[None]:
        lane, clock = self.target.lane.name, self.world.clock
        begun = clock.now()
        commits = isinstance(operation, Remove) and operation.name.endswith(PREV)
        if commits or (isinstance(operation, AwaitReady) and operation.keep):
            # Before it is told: whoever has heard of it finds nothing undone.
            self.undoable.clear()
        self.listen(OperationStarted(lane, operation))
        container = self.ids.get(operation.name, "")
        try:
            result = self._perform(operation, container)
        except (KeyboardInterrupt, SystemExit):
            self._remember_for_undo(operation, container)
            raise
        if isinstance(result, Failure):
            error = result.failure()
            if isinstance(error, _UNSURE) or isinstance(operation, Update):
                self._remember_for_undo(operation, container)
            self.listen(
                OperationFailed(lane, operation, redact_for_spec(error, self.target.spec).message)
            )
            return result
        self._remember_for_undo(operation, container)
        self.done.append(operation)
        self.listen(OperationFinished(lane, operation, clock.now() - begun))
        return Success(None)

    def _remember_for_undo(self, operation: Operation, container: str) -> None:
        known = container or self.ids.get(operation.name, "")
        if known and undo(operation) is not None:
            self.undoable.append((operation, known))

    def _perform(self, operation: Operation, container: str) -> Outcome[None]:
        # A start mounts anew: what was there at the create may have been removed since.
        if self.target.required_paths and isinstance(operation, Create | Start):
            ready = self.world.files.ensure_paths(self.target.required_paths)
            if isinstance(ready, Failure):
                return ready
        if isinstance(operation, Create):
            return self._create(operation)
        if not container:
            return Failure(NotFound(f"container {operation.name} is gone"))
        return self._change(operation, container)

    def _change(  # noqa: C901, PLR0911 - one line for each operation, nothing nested
        self, operation: Existing, container: str
    ) -> Outcome[None]:
        match operation:
            case CopyIn():
                return self._copy_in(container)
            case Verify():
                return self._verify(container)
            case Stop():
                return self.world.engine.stop(container, self.target.profile.stop_grace)
            case Unpause():
                return self.world.engine.unpause(container)
            case Start():
                return self._noting_start(container, self.world.engine.start(container))
            case Rename(name, to):
                return self._rename(container, name, to)
            case AwaitReady():
                return self._await(operation, container)
            case Remove():
                return self._remove(operation, container)
            case Update():
                return self._update(operation, container)
            case CheckIdle():
                return self._check_idle(container)

    def _create(self, operation: Create) -> Outcome[None]:
        made = self.world.engine.create(self.target.spec, operation.name)
        if isinstance(made, Failure):
            return made
        self.ids[operation.name] = made.unwrap()
        return Success(None)

    def _copy_in(self, container: str) -> Outcome[None]:
        config = self.target.config
        if config is None:
            raise AssertionError("a plan copies a config that the lane does not have")
        return self.world.engine.put_archive(
            container, config.archive(self.target.spec.config_target)
        )

    def _verify(self, container: str) -> Outcome[None]:
        looked = self.world.engine.inspect([container])
        if isinstance(looked, Failure):
            return looked
        made = looked.unwrap().get(container)
        if made is None:
            return Failure(NotFound(f"container {container[:12]} vanished after its creation"))
        self.snapshots[container] = made
        drift = self.judge(made)
        if not drift:
            return Success(None)
        return Failure(
            SpecMismatch(
                "podman made a container that is not what was asked for",
                detail="\n".join(map(str, drift)),
                hints=(Hint("change-containers-conf"),),
            )
        )

    def _update(self, operation: Update, container: str) -> Outcome[None]:
        from lanekit.core.application.update_limits import update  # noqa: PLC0415 - few runs do it

        updated = update(self.world.engine, self.judge, container, operation.limits)
        if isinstance(updated, Failure):
            return updated
        self.snapshots[container] = updated.unwrap()
        return Success(None)

    def _check_idle(self, container: str) -> Outcome[None]:
        from lanekit.core.application.idle_check import why_busy  # noqa: PLC0415 - few runs ask

        busy = why_busy(self.world.probe, self.target.profile, self.snapshots[container])
        return Failure(WorkerBusy(busy)) if busy else Success(None)

    def _rename(self, container: str, name: str, to: str) -> Outcome[None]:
        renamed = self.world.engine.rename(container, to)
        if isinstance(renamed, Failure):
            return renamed
        self.ids[to] = self.ids.pop(name)
        return renamed

    def _remove(self, operation: Remove, container: str) -> Outcome[None]:
        removed = self.world.engine.remove(container, 0)
        if not isinstance(removed, Failure):
            _ = self.ids.pop(operation.name, None)
        return removed

    def _await(self, operation: AwaitReady, container: str) -> Outcome[None]:
        seen = self.snapshots[container]
        wait = Wait(self.world, self.target, seen, operation.fresh, self.listen)
        answer = await_ready(wait)
        if isinstance(answer, Failure):
            return answer
        self.endpoint = answer.unwrap()
        return Success(None)

    def _roll_back(self, error: LaneError) -> LaneError:
        lane, spec = self.target.lane.name, self.target.spec
        while self.undoable:
            operation, container = self.undoable.pop()
            undone = self._undo(operation, container)
            words = (
                redact_for_spec(undone.failure(), spec).reason
                if isinstance(undone, Failure)
                else ""
            )
            self.listen(OperationUndone(lane, operation, words))
            if words:
                # Going on could start a second container of the lane; the next ensure goes on
                # from the names that are there now.
                unable = f"and `{operation}` could not be undone: {words}"
                return replace(
                    error,
                    detail=f"{error.detail}\n{unable}".strip(),
                    hints=(Hint("ensure-again"),),
                )
            if isinstance(undo(operation), Start):
                error = self._told_if_down(container, error)
        return error

    def _told_if_down(self, container: str, error: LaneError) -> LaneError:
        """A container that was started again mounts the files that are there now, not its old."""
        self.world.clock.sleep(_SETTLE_SECONDS)
        looked = self.world.engine.inspect([container])
        now = None if isinstance(looked, Failure) else looked.unwrap().get(container)
        if now is None or now.state == "running":
            return error
        down = (
            f"{now.name}, which ran before, was kept and started again, and exited with code "
            f"{now.exit_code}: it mounts the worker and inbox that are on the host now"
        )
        return replace(error, detail=f"{error.detail}\n{down}".strip())

    def _undo(self, operation: Operation, container: str) -> Outcome[None]:
        engine, profile = self.world.engine, self.target.profile
        match undo(operation):
            case Remove():
                return engine.remove(container, 0)
            case Start():
                return self._noting_start(
                    container, start_again(engine, container, profile.stop_grace)
                )
            case Stop():
                return engine.stop(container, profile.stop_grace)
            case Rename(_, to):
                return engine.rename(container, to)
            case Update(limits=before):
                return engine.update(container, before)
            case _:
                return Success(None)

    def _noting_start(self, container: str, started: Outcome[None]) -> Outcome[None]:
        if not isinstance(started, Failure):
            self.started.add(container)
        return started


def make_run(
    world: Ports, target: PreparedLane, seen: ObservedLane, judge: DriftCheck, listen: Listener
) -> PlanRun:
    """A Run that knows the containers that were observed."""
    name = target.spec.name
    found = {name: seen.current, name + NEXT: seen.next, name + PREV: seen.prev}
    present = {key: snapshot for key, snapshot in found.items() if snapshot is not None}
    return PlanRun(
        world,
        target,
        judge,
        listen,
        snapshots={snapshot.id: snapshot for snapshot in present.values()},
        ids={key: snapshot.id for key, snapshot in present.items()},
    )
