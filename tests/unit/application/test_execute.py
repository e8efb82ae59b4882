"""A plan being run: what is asked of podman with what, what is told, and what is taken back."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, Files, LaneWorld

from lanekit.adapters.memory.engine import InMemory, SimulatedKill, Worker
from lanekit.core.application.context import Ports
from lanekit.core.application.execute import make_run
from lanekit.core.application.planning import drift_check
from lanekit.core.application.prepare import prepare
from lanekit.core.domain.errors import (
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    InvalidLane,
    InvalidResponse,
    InvalidState,
    LaneError,
    NotFound,
    Outcome,
    StartFailed,
    or_raise,
)
from lanekit.core.domain.git_mounts import RequiredPath
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import ObservedContainer, ObservedLane
from lanekit.core.domain.operations import (
    AwaitReady,
    CopyIn,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Verify,
)
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.progress import (
    Event,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
)

NAME = "ws-a"
NO = EngineFailed("no")


class _Graces(InMemory):
    """Notes the graces that containers are stopped and removed with."""

    def __init__(self, world: LaneWorld) -> None:
        super().__init__((DEFAULT_IMAGE,), clock=world.clock, seed=1)
        self.graces: list[str] = []
        self.blind = 0

    def stop(self, container: str, grace: float) -> Outcome[None]:
        self.graces.append(f"stop {grace:g}")
        return super().stop(container, grace)

    def remove(self, container: str, grace: float) -> Outcome[None]:
        self.graces.append(f"remove {grace:g}")
        return super().remove(container, grace)

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        """Once it is blind, what it just made is not there any more."""
        if self.blind and len(names) == 1:
            self.blind -= 1
            return Success(dict[str, ObservedContainer]())
        return super().inspect(names)


@pytest.fixture
def world() -> LaneWorld:
    """A lane that is as asked and answers; its workers take 3 s to stop."""
    world = LaneWorld()
    world.engine = _Graces(world)
    world.with_profile(stop_grace=4.0)
    world.new_worker(Worker(stop_seconds=3.0))
    return world.made()


def _graces(world: LaneWorld) -> list[str]:
    assert isinstance(world.engine, _Graces)
    return world.engine.graces


def _shown(event: Event) -> str:
    match event:
        case OperationStarted():
            return f"{event.operation} .."
        case OperationFinished():
            return f"{event.operation}: {event.seconds:g} s"
        case OperationFailed():
            return f"{event.operation}: {event.reason}"
        case OperationUndone():
            return f"{event.operation} undone{event.failed and f': {event.failed}'}"
        case _:
            return str(event)


def _told(world: LaneWorld) -> list[str]:
    assert all(event.lane == "ws/a" for event in world.events)
    return [_shown(event) for event in world.events]


def _calls(world: LaneWorld) -> list[str]:
    """What was changed, in order."""
    looks = ("inspect", "images", "answers")
    return [str(call) for call in world.engine.calls if call.method not in looks]


def _run(world: LaneWorld, *operations: Operation) -> Outcome[object]:
    """Run just these, on the lane as it is."""
    ports = Ports(world.engine, world.engine, world.files, world.lock, world.clock)
    target = or_raise(prepare(world.files, LANE, world.profile))
    there = {one.name: one for one in world.ours()}
    seen = ObservedLane(there.get(NAME), there.get(f"{NAME}.next"), there.get(f"{NAME}.prev"))
    run = make_run(ports, target, seen, drift_check(target, None, "strict"), world.events.append)
    return run.execute(Plan("ws/a", NAME, "none", (), operations))


# --- what is told ---------------------------------------------------------------------------------


def test_each_operation_of_a_replace_is_told_with_its_time(world: LaneWorld) -> None:
    world.drift()
    done = or_raise(world.lanes().ensure(LANE))
    steps = [
        ("create ws-a.next", "0"),
        ("copy config into ws-a.next", "0"),
        ("verify ws-a.next", "0"),
        ("stop ws-a", "3"),
        ("rename ws-a to ws-a.prev", "0"),
        ("rename ws-a.next to ws-a", "0"),
        ("start ws-a", "0"),
        ("await ws-a", "0"),
        ("remove ws-a.prev", "0"),
    ]
    assert _told(world) == [
        line for step, took in steps for line in (f"{step} ..", f"{step}: {took} s")
    ]
    assert [str(op) for op in done.operations] == [s for s, _ in steps if not s.startswith("await")]
    assert _graces(world) == ["stop 4", "remove 0"]


UNDONE = [
    "rename ws-a.next to ws-a undone",
    "rename ws-a to ws-a.prev undone",
    "stop ws-a undone",
    "create ws-a.next undone",
]


def test_what_surely_was_not_done_is_not_undone(world: LaneWorld) -> None:
    world.drift()
    (old,) = world.ours()
    world.engine.fail("start", StartFailed("no"))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _told(world)[-5:] == ["start ws-a: no", *UNDONE]
    assert [one.id for one in world.running()] == [old.id]


@pytest.mark.parametrize(
    "error",
    [EngineTimeout("no"), EngineFailed("no"), EngineUnavailable("no"), InvalidResponse("no")],
)
def test_what_may_have_been_done_is_undone_too(world: LaneWorld, error: LaneError) -> None:
    world.drift()
    (old,) = world.ours()
    world.engine.fail("start", error, when="after")
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _told(world)[-6:] == ["start ws-a: no", "start ws-a undone", *UNDONE]
    assert [one.id for one in world.running()] == [old.id]
    # The old one was stopped, the new one was, and removed.
    assert _graces(world) == ["stop 4", "stop 4", "remove 0"]


def test_a_create_that_gave_no_id_has_nothing_to_undo(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("create", EngineTimeout("no answer"))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _told(world) == ["create ws-a.next ..", "create ws-a.next: no answer"]
    assert _graces(world) == []


def test_an_old_one_whose_stop_was_cut_off_is_ended_and_started_again(world: LaneWorld) -> None:
    world.drift()
    (old,) = world.ours()

    def cut_off(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFailed):
            world.engine.simulate_stopping(NAME)

    world.engine.fail("stop", EngineTimeout("no answer"))
    assert isinstance(world.lanes(cut_off).ensure(LANE), Failure)
    assert _told(world)[-3:] == ["stop ws-a: no answer", "stop ws-a undone", UNDONE[-1]]
    assert [one.id for one in world.running()] == [old.id]
    assert _calls(world)[-5:] == [
        *("stop ws-a", "start ws-a", "stop ws-a", "start ws-a", "remove ws-a.next"),
    ]
    assert _graces(world) == ["stop 4", "stop 4", "remove 0"]


AGAIN = {"nor stop": "was started again", "no": "could not be started again: nor stop"}


@pytest.mark.parametrize("error", [InvalidState("it is stopping"), NO])
def test_an_old_one_that_cannot_be_ended_is_told(world: LaneWorld, error: LaneError) -> None:
    world.drift()

    def cut_off(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFailed):
            world.engine.simulate_stopping(NAME)
            world.engine.fail("stop", EngineFailed("nor stop"))
            world.engine.fail("start", error)

    world.engine.fail("stop", EngineTimeout("no answer"))
    outcome = world.lanes(cut_off).ensure(LANE)
    words = "nor stop" if isinstance(error, InvalidState) else "no"
    assert _told(world)[-1] == f"stop ws-a undone: {words}"
    first, again = outcome.failure().detail.split("\n")
    assert first == f"and `stop ws-a` could not be undone: {words}"
    stopped = "ws-a, which lanekit had stopped (two containers of a lane never run at once), "
    assert again == stopped + AGAIN[words]
    assert "remove" not in str(_calls(world)), "nothing more is undone"


def test_what_answered_stays_though_its_old_one_cannot_be_removed(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("remove", EngineTimeout("no answer"))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _told(world)[-2:] == ["remove ws-a.prev ..", "remove ws-a.prev: no answer"]
    assert sorted(one.name for one in world.ours()) == ["ws-a", "ws-a.prev"]


def test_a_leftover_that_cannot_be_removed_ends_it(world: LaneWorld) -> None:
    world.drift()
    world.engine.crash("stop", "before")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(LANE)
    world.events.clear()
    world.engine.fail("remove", NO)
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert _told(world) == ["remove ws-a.next ..", "remove ws-a.next: no"]


# --- an interrupt ---------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["stop ws-a", "rename ws-a to ws-a.prev", "start ws-a"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_undoes_and_is_handed_on(
    world: LaneWorld, when: str, interrupt: type[BaseException]
) -> None:
    world.drift()
    (old,) = world.ours()

    def press(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFinished) and str(event.operation) == when:
            raise interrupt

    with pytest.raises(interrupt):
        _ = world.lanes(press).ensure(LANE)
    assert [one.id for one in world.running()] == [old.id]
    assert [one.name for one in world.ours()] == [NAME]
    assert f"{when} undone" in _told(world)


def test_an_interrupt_in_the_midst_of_an_operation_undoes_that_one_too(world: LaneWorld) -> None:
    world.drift()
    (old,) = world.ours()
    begin = world.engine.start

    def start(container: str) -> Outcome[None]:
        _ = begin(container)
        vars(world.engine).pop("start")
        raise KeyboardInterrupt

    vars(world.engine)["start"] = start
    with pytest.raises(KeyboardInterrupt):
        _ = world.lanes().ensure(LANE)
    assert _told(world)[-5:] == ["start ws-a undone", *UNDONE]
    assert [one.id for one in world.running()] == [old.id]


def test_an_interrupt_is_handed_on_though_not_all_can_be_undone(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("rename", NO, skip=2)

    def press(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ = world.lanes(press).ensure(LANE)
    assert _told(world)[-2:] == ["start ws-a undone", "rename ws-a.next to ws-a undone: no"]


def test_a_leftover_beside_an_unfinished_replace_does_not_make_it_final(world: LaneWorld) -> None:
    (old,) = world.ours()
    world.drift()
    world.new_worker(Worker(answers_after=None))
    world.engine.crash("start", "after")
    with pytest.raises(SimulatedKill):
        _ = world.lanes().ensure(LANE)
    _ = world.engine.external_create(f"{NAME}.next", labels=old.labels)
    world.events.clear()
    assert world.lanes().ensure(LANE).failure().kind == "NotReady"
    assert _told(world)[0] == "remove ws-a.next .."
    assert [(one.id, one.name) for one in world.running()] == [(old.id, NAME)]


@pytest.mark.parametrize("drifts", [False, True])
def test_a_name_that_was_given_back_stays_whatever_fails_then(
    world: LaneWorld, drifts: bool
) -> None:
    (old,) = world.ours()
    world.engine.external_rename(NAME, f"{NAME}.prev")
    if drifts:
        world.drift()
        world.new_worker(Worker(answers_after=None))
        world.engine.exit(f"{NAME}.prev", 0)
    else:
        world.engine.exit(f"{NAME}.prev", 0)
        world.engine.fail("start", StartFailed("no"))
    assert isinstance(world.lanes().ensure(LANE), Failure)
    assert [(one.id, one.name) for one in world.ours()] == [(old.id, NAME)]


# --- single operations ----------------------------------------------------------------------------


def test_operations_on_what_is_not_there_say_so(world: LaneWorld) -> None:
    for operation in (Stop("ws-a.next", ""), Rename("ws-a.next", "x", "")):
        failed = _run(world, operation).failure()
        assert failed == NotFound("container ws-a.next is gone")
    assert _calls(world) == []


def test_what_was_made_and_is_not_there_is_told(world: LaneWorld) -> None:
    assert isinstance(world.engine, _Graces)
    (own,) = world.ours()
    world.engine.blind = 2
    assert str(_run(world, Verify(NAME, "")).failure()) == (
        f"container {own.id[:12]} vanished after its creation"
    )


def test_a_look_that_fails_is_the_failure_of_what_looks(world: LaneWorld) -> None:
    world.engine.fail("inspect", NO, skip=1)
    assert _run(world, Verify(NAME, "")).failure() == NO
    world.engine.fail("inspect", NO)
    assert _run(world, Verify(NAME, "")).failure() == NO
    assert _told(world) == ["verify ws-a ..", "verify ws-a: no"], "the ids were not sound to ask"


def test_names_follow_the_renames_and_what_is_removed_is_gone(world: LaneWorld) -> None:
    (own,) = world.ours()
    found = _run(
        world,
        Rename(NAME, f"{NAME}.prev", ""),
        Rename(f"{NAME}.prev", NAME, ""),
        AwaitReady(NAME, "", fresh=False),
    )
    assert found == Success(or_raise(world.lanes().endpoint(LANE)))
    assert [(one.id, one.name) for one in world.ours()] == [(own.id, NAME)]
    gone = _run(world, Remove(NAME, ""), Start(NAME, ""))
    assert gone.failure() == NotFound("container ws-a is gone")


def test_a_plan_that_makes_no_sense_is_a_bug(world: LaneWorld) -> None:
    with pytest.raises(AssertionError, match=r"^a plan that awaits nothing: ws/a"):
        _ = _run(world)
    world.with_profile(config_dir="")
    with pytest.raises(
        AssertionError, match=r"^a plan copies a config that the lane does not have$"
    ):
        _ = _run(world, CopyIn(NAME, ""))


def test_a_plan_that_only_looks_asks_for_no_ids(world: LaneWorld) -> None:
    _ = _run(world, AwaitReady(NAME, "", fresh=False))
    assert [call.method for call in world.engine.calls] == ["answers"]


# --- what has to be on the host -------------------------------------------------------------------


class _Full(Files):
    """Files of a disk that is full."""

    def ensure_paths(self, wanted: Sequence[RequiredPath]) -> Outcome[None]:
        _ = super().ensure_paths(wanted)
        return Failure(InvalidLane("the disk is full"))


def test_what_a_mount_needs_is_made_before_a_create_and_before_a_start() -> None:
    world = LaneWorld()
    world.with_profile(git="safe")
    _ = or_raise(world.lanes().ensure(LANE))
    once = [one.path for one in world.files.made[:4]]
    assert once == [
        *("/r/.git/logs", "/r/.git/objects/info"),
        *("/r/.git/worktrees/tree/config.worktree", "/r/.git/worktrees/tree/modules"),
    ]
    assert len(world.files.made) == 8
    _ = or_raise(world.lanes().ensure(LANE))
    assert len(world.files.made) == 8, "a look makes nothing"


def test_what_cannot_be_made_is_told_and_nothing_is_created() -> None:
    world = LaneWorld(files=_Full())
    world.with_profile(git="safe")
    outcome = world.lanes().ensure(LANE)
    assert str(outcome.failure()) == "ws/a: the disk is full"
    assert world.ours() == []


# --- an old one that does not come back -----------------------------------------------------------

STATES: list[tuple[Callable[[LaneWorld], None], bool]] = [
    (lambda _: None, False),
    (lambda world: world.engine.replace_worker(NAME, Worker(exits_after=0.2)), True),
    (lambda world: world.engine.replace_worker(NAME, Worker(exits_after=0.4)), False),
    (lambda world: world.engine.fail("inspect", NO, skip=3), False),
]


@pytest.mark.parametrize(("spoil", "told"), STATES)
def test_it_is_looked_at_a_moment_after_it_was_started_again(
    world: LaneWorld, spoil: Callable[[LaneWorld], None], told: bool
) -> None:
    world.drift()
    world.engine.replace_worker(NAME, Worker())
    spoil(world)
    world.engine.fail("rename", StartFailed("no"))
    begun = world.clock.now()
    error = world.lanes().ensure(LANE).failure()
    assert ("which ran before" in error.detail) is told
    assert world.clock.now() - begun == pytest.approx(0.3)
