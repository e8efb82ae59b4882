"""What an ensure reports, writes into the journal, and tries again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import (
    LANE,
    UNFINISHED,
    LaneWorld,
    MemoryJournal,
    copying,
    settled,
)

from lanekit.adapters.memory.engine import Worker
from lanekit.core.application.context import Ports, PreparedLane
from lanekit.core.application.ensure import EnsureAttempts, EnsureOptions
from lanekit.core.application.observe import ObserveRequest, observe_one_quickly
from lanekit.core.application.planning import drift_check, plan_for, plan_with_idle_check
from lanekit.core.application.prepare import prepare
from lanekit.core.domain.errors import (
    EngineFailed,
    InvalidState,
    LaneError,
    NameInUse,
    NotFound,
    Outcome,
    PortInUse,
    SpecMismatch,
    WorkerBusy,
    or_raise,
)
from lanekit.core.domain.journal import EMPTY, ChangeStarted, Journal, StoppedForChange
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import ImageInfo, MountHealth, ObservedLane
from lanekit.core.domain.operations import Create, Start
from lanekit.core.domain.progress import Event, Listener, OperationFinished, OperationStarted
from lanekit.core.domain.results import EnsureResult

NAME = "ws-a"


@pytest.fixture
def world() -> LaneWorld:
    """A lane that is as asked and answers."""
    return LaneWorld().made()


class _Journals(MemoryJournal):
    """Keeps all that was written, and what of it has to be durable."""

    def __init__(self, journal: Journal = EMPTY) -> None:
        super().__init__(journal)
        self.all: list[Journal] = []
        self.durable: list[Journal] = []

    def write(self, journal: Journal, *, durable: bool) -> Outcome[None]:
        self.all.append(journal)
        if durable:
            self.durable.append(journal)
        return super().write(journal, durable=durable)


def _target(world: LaneWorld) -> PreparedLane:
    return or_raise(prepare(world.files, LANE, world.profile))


def _ensure(world: LaneWorld, journal: MemoryJournal, begun: float = 0.0) -> EnsureAttempts:
    ports = Ports(world.engine, world.engine, world.files, world.lock, world.clock)
    return EnsureAttempts(
        ports, _target(world), journal, EnsureOptions("strict", world.events.append), begun
    )


def _looks(world: LaneWorld) -> list[str]:
    return [str(call) for call in world.engine.calls if call.method in ("inspect", "images")]


def test_the_report_of_a_new_lane() -> None:
    world = LaneWorld()
    world.clock.sleep(5.0)
    world.new_worker(Worker(answers_after=2.0))
    done = or_raise(_ensure(world, _Journals(), begun=4.0).run())
    port = world.ours()[0].ports[0].host_port
    assert port
    assert done == EnsureResult(
        "ws/a",
        NAME,
        replace(done.endpoint, host="127.0.0.1", port=port),
        "created",
        (),
        done.operations,
        world.clock.now() - 4.0,
    )
    assert [str(op) for op in done.operations] == [
        "create ws-a.next",
        "copy config into ws-a.next",
        "verify ws-a.next",
        "rename ws-a.next to ws-a",
        "start ws-a",
    ]


def test_journal_says_what_is_done_and_then_which_container_it_is() -> None:
    world, journal = LaneWorld(), _Journals()
    _ = or_raise(_ensure(world, journal).run())
    (own,) = world.ours()
    assert journal.all == [UNFINISHED, settled(own.id)]
    _ = or_raise(_ensure(world, journal).run())
    assert journal.all == [UNFINISHED, settled(own.id)], "it says so already"
    assert journal.durable == [], "what is lost of this is found by its name"
    world.engine.tamper(NAME, pid=7)
    world.files.lost = MountHealth(config_missing=True)
    _ = or_raise(_ensure(world, journal).run())
    assert journal.all[2:] == [copying(own.id), settled(own.id)]
    assert journal.durable == [copying(own.id)]
    world.files.lost = MountHealth()
    world.engine.exit(NAME, 0)
    _ = or_raise(_ensure(world, journal).run())
    assert journal.all[4:] == [UNFINISHED, settled(own.id)]
    world.drift()
    _ = or_raise(_ensure(world, journal).run())
    (new,) = world.ours()
    stop = StoppedForChange(own.id, "two containers of a lane never run at once")
    stopping = Journal((ChangeStarted(), stop))
    assert journal.all[6:] == [stopping, settled(new.id)]
    assert journal.durable == [copying(own.id), stopping]


def test_a_look_that_was_made_is_used_once(world: LaneWorld) -> None:
    (own,) = world.ours()
    seen = observe_one_quickly(world.engine, ObserveRequest(NAME, DEFAULT_IMAGE, settled(own.id)))
    world.engine.forget_calls()
    assert or_raise(_ensure(world, _Journals(settled(own.id))).run(seen)).action == "none"
    assert _looks(world) == []
    assert or_raise(_ensure(world, _Journals(settled(own.id))).run()).action == "none"
    assert _looks(world) == [f"inspect {NAME}", f"images {DEFAULT_IMAGE}"]
    lost = EngineFailed("podman said no")
    assert _ensure(world, _Journals()).run(Failure(lost)) == Failure(replace(lost, lane="ws/a"))
    # What was seen is not so any more: it is looked at again, and not a third time.
    world.engine.external_remove(NAME)
    world.engine.forget_calls()
    world.drift()
    assert or_raise(_ensure(world, _Journals(settled(own.id))).run(seen)).action == "created"
    assert len([look for look in _looks(world) if look.startswith(f"inspect {NAME} ")]) <= 1


@pytest.mark.parametrize("name", [NAME, f"{NAME}.next", f"{NAME}.prev"])
def test_whatever_of_the_lane_is_being_removed_is_waited_for(world: LaneWorld, name: str) -> None:
    (own,) = world.ours()
    if name != NAME:
        _ = world.engine.external_create(name, labels=own.labels)
    world.engine.simulate_removing(name, 0.5)
    begun = world.clock.now()
    _ = or_raise(_ensure(world, _Journals(UNFINISHED)).run())
    assert world.clock.now() - begun == pytest.approx(0.6), "0.2 s, and 0.4 s more"
    assert [one.name for one in world.ours()] == [NAME]


RACES: list[LaneError] = [NotFound("x"), NameInUse("x"), InvalidState("x"), PortInUse("x")]


@pytest.mark.parametrize("error", RACES)
def test_a_race_that_is_lost_once_is_run_again(world: LaneWorld, error: LaneError) -> None:
    world.drift()
    world.engine.fail("rename", error)
    begun = world.clock.now()
    assert or_raise(world.lanes().ensure(LANE)).action == "replaced"
    # A moment to see whether the old one is up, and one for whoever else is at it.
    assert world.clock.now() - begun == pytest.approx(0.3 + 0.2)


@pytest.mark.parametrize("error", [EngineFailed("x"), WorkerBusy("x"), SpecMismatch("x")])
def test_what_is_no_race_is_not_run_again(world: LaneWorld, error: LaneError) -> None:
    world.drift()
    world.engine.fail("rename", error)
    outcome = world.lanes().ensure(LANE)
    if isinstance(error, WorkerBusy):
        assert isinstance(outcome, Success)
    else:
        assert outcome.failure().kind == error.kind


def test_what_was_done_before_a_race_is_in_the_report(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.drift()
    world.engine.fail("start", InvalidState("x"))
    done = or_raise(world.lanes().ensure(LANE))
    assert [str(op) for op in done.operations].count("create ws-a.next") == 2


@pytest.mark.parametrize(
    ("ran", "config", "looks"), [(False, True, 1), (True, True, 0), (False, False, 0)]
)
def test_only_what_was_started_with_a_config_is_looked_at_again(
    world: LaneWorld, ran: bool, config: bool, looks: int
) -> None:
    if not config:
        world.with_profile(config_dir="")
        _ = or_raise(world.lanes().ensure(LANE))
    if not ran:
        world.engine.exit(NAME, 0)
    (own,) = world.ours()
    world.engine.forget_calls()
    _ = or_raise(_ensure(world, _Journals(settled(own.id))).run())
    # The ids are asked for once before a change, and an answer is looked behind once.
    before = 0 if ran else 2
    assert _looks(world).count(f"inspect {own.id}") == before + looks


def test_a_config_that_does_not_come_back_is_not_copied_for_ever(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.files.lost = MountHealth(config_missing=True)

    def runs(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.engine.tamper(NAME, pid=7)

    done = or_raise(world.lanes(runs).ensure(LANE))
    assert [str(op) for op in done.operations] == [f"start {NAME}", f"copy config into {NAME}"]
    started = [event for event in world.events if isinstance(event, OperationStarted)]
    assert [str(event.operation) for event in started].count(f"copy config into {NAME}") == 1


def test_what_stays_lost_after_a_start_is_mended_once(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.files.lost = MountHealth(("/workspace",), config_missing=True)

    def runs(event: Event) -> None:
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.engine.tamper(NAME, pid=7)

    done = or_raise(world.lanes(runs).ensure(LANE))
    assert [str(op) for op in done.operations] == [
        *(f"start {NAME}", f"copy config into {NAME}", f"stop {NAME}", f"start {NAME}")
    ]
    assert done.action == "started"


def test_what_is_left_is_left_also_by_a_mend_after_the_start(world: LaneWorld) -> None:
    world.with_profile(on_drift="report")
    _ = world.engine.add_image(DEFAULT_IMAGE)
    world.engine.exit(NAME, 0)
    world.files.lost = MountHealth(config_missing=True)

    def runs(event: Event) -> None:
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.engine.tamper(NAME, pid=7)

    done = or_raise(world.lanes(runs).ensure(LANE))
    assert ([d.field for d in done.drift], [d.field for d in done.remaining_drift]) == (
        ["config"],
        ["image.id"],
    )


def test_a_mend_after_the_start_that_fails_is_the_error(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.files.lost = MountHealth(config_missing=True)
    world.engine.fail("put_archive", EngineFailed("disk full"))

    def runs(event: Event) -> None:
        if isinstance(event, OperationFinished) and isinstance(event.operation, Start):
            world.engine.tamper(NAME, pid=7)

    assert world.lanes(runs).ensure(LANE).failure().message == "disk full"


def test_a_stranger_is_the_lanes_error_and_the_policy_is_minded(world: LaneWorld) -> None:
    target = _target(world)
    (own,) = world.ours()
    alien = ObservedLane(replace(own, labels={"lanekit.lane": "z"}))
    stranger = plan_for(target, alien, "strict").failure()
    assert (stranger.kind, stranger.lane) == ("NotOwned", "ws/a")
    odd = ObservedLane(
        replace(own, privileged=True, user="x"), mount_health=MountHealth(("/workspace",))
    )
    strict = [d.field for d in or_raise(plan_for(target, odd, "strict")).drift]
    assert strict == ["user", "privileged"]
    tampered = replace(odd, current=replace(own, privileged=True))
    reference = or_raise(plan_for(target, tampered, "reference"))
    assert (reference.action, reference.drift) == ("none", ())
    image = ImageInfo("2" * 64)
    assert [d.field for d in drift_check(target, image, "strict")(own)] == ["image.id"]
    assert drift_check(target, image, "reference")(own) == ()
    assert [d.field for d in drift_check(target, None, "reference")(replace(own, user="x"))] == [
        "user"
    ]


def test_a_worker_is_asked_only_when_its_container_is_to_be_stopped(world: LaneWorld) -> None:
    world.with_profile(on_drift="when-idle", idle_path="/busy")
    target = _target(world)
    (own,) = world.ours()

    def asks(seen: ObservedLane) -> tuple[str, int]:
        world.engine.forget_calls()
        plan = or_raise(plan_with_idle_check(target, seen, "strict", world.engine))
        return plan.remaining_reason, [c.method for c in world.engine.calls].count("status")

    world.engine.replace_worker(NAME, Worker(busy=True))
    assert asks(ObservedLane(own)) == ("", 0)
    assert asks(ObservedLane(replace(own, user="x"))) == ("its worker is busy", 1)
    assert asks(ObservedLane(replace(own, user="x", state="exited"))) == ("", 0)
    stopping = asks(ObservedLane(replace(own, user="x", state="stopping")))
    assert stopping == ("it is stopping, so its worker cannot say that it is idle", 0)
    world.engine.replace_worker(NAME, Worker())
    assert asks(ObservedLane(replace(own, user="x"))) == ("", 1)


def test_what_is_left_to_a_busy_worker_is_what_the_policy_sees(world: LaneWorld) -> None:
    world.with_profile(on_drift="when-idle", idle_path="/busy")
    world.engine.replace_worker(NAME, Worker(busy=True))
    (own,) = world.ours()
    odd = ObservedLane(replace(own, user="x", privileged=True))
    plan = or_raise(plan_with_idle_check(_target(world), odd, "reference", world.engine))
    assert [each.field for each in plan.remaining_drift] == ["user"]


def _while_created(world: LaneWorld, deed: Callable[[], object]) -> Listener:
    def hear(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, OperationFinished) and isinstance(event.operation, Create):
            _ = deed()

    return hear


def test_a_new_container_is_verified_by_the_policy_and_with_the_image_that_was_seen(
    world: LaneWorld,
) -> None:
    def rebuilt() -> None:
        world.engine.tamper(f"{NAME}.next", image_id="2" * 64)

    world.drift()
    error = world.lanes(_while_created(world, rebuilt)).ensure(LANE).failure()
    assert error.detail.startswith("image.id: expected ")
    world.policy = "reference"
    world.events.clear()

    def tampered() -> None:
        world.engine.tamper(f"{NAME}.next", privileged=True, restart_policy="always")

    done = or_raise(world.lanes(_while_created(world, tampered)).ensure(LANE))
    assert (done.action, world.ours()[0].privileged) == ("replaced", True)
