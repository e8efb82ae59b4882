"""What the in-memory engine plays that podman cannot be asked to do; the rest is the contract."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.adapters.memory_world import SPEC, answers_of, make

from lanekit.adapters.host.clock import SystemClock, VirtualClock
from lanekit.adapters.memory.engine import InMemory, InvalidScenario, Worker
from lanekit.contract.base import OK, kind, look, value
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.drift import drift
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import ImageInfo, ObservedContainer
from lanekit.core.ports.clock import Clock
from lanekit.core.ports.engine import ContainerEngine
from lanekit.core.ports.probe import Probe


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def engine(clock: VirtualClock) -> InMemory:
    return InMemory(clock=clock)


def test_in_memory_engine_implements_engine_and_probe() -> None:
    made = InMemory()
    engine: ContainerEngine = made
    assert isinstance(made, Probe)
    assert engine.description == "in-memory"
    assert set(value(engine.images([DEFAULT_IMAGE]))) == {DEFAULT_IMAGE}


def test_virtual_clock_skips_and_system_clock_waits() -> None:
    clocks: list[Clock] = [VirtualClock(5), SystemClock()]
    virtual, system = clocks
    virtual.sleep(3600)
    virtual.sleep(-1)
    assert virtual.now() == 3605
    before = system.now()
    system.sleep(0.01)
    system.sleep(-1)
    assert system.now() - before >= 0.01


def test_same_seed_gives_the_same_ids() -> None:
    def identifiers(seed: int | None) -> list[str]:
        engine = InMemory(seed=seed)
        return [value(engine.create(SPEC, f"c{n}")) for n in range(3)]

    assert identifiers(7) == identifiers(7) != identifiers(8)
    assert identifiers(None) != identifiers(None)


def test_occupied_port_makes_start_fail(engine: InMemory) -> None:
    identifier = value(engine.create(SPEC, "ws-a"))
    port = engine.containers[0].ports[0].host_port or 0
    engine.occupy_port(port, answers=True)
    assert answers_of(engine), "an answer, but not from our worker"
    assert kind(engine.start(identifier)) == "PortInUse"
    engine.occupy_port(port)
    assert not answers_of(engine)
    engine.free_port(port)
    assert kind(engine.start(identifier)) == OK


def test_ports_differ_unless_one_is_chosen(engine: InMemory) -> None:
    for n in range(30):
        _ = value(engine.create(SPEC, f"c{n}"))
    ports = [seen.ports[0].host_port for seen in engine.containers]
    assert len(set(ports)) == 30
    engine.choose_port(ports[0] or 0)
    _ = value(engine.create(SPEC, "twin"))
    assert look(engine, "twin").ports[0].host_port == ports[0]


def test_port_in_use_is_not_assigned(engine: InMemory) -> None:
    first = value(engine.create(SPEC, "c1"))
    port = look(engine, first).ports[0].host_port or 0
    engine.occupy_port(port + 1)
    second = value(engine.create(SPEC, "c2"))
    assert look(engine, second).ports[0].host_port == port + 2


def test_every_container_start_has_its_own_started_at(engine: InMemory) -> None:
    identifiers = [value(engine.create(SPEC, f"c{n}")) for n in range(3)]
    for identifier in identifiers:
        value(engine.start(identifier))
    assert len({look(engine, identifier).started_at for identifier in identifiers}) == 3


def test_failed_start_sets_the_hostname_variable(engine: InMemory) -> None:
    # As podman 4.3.1; later ones may not, so the contract does not ask for it.
    identifier = value(engine.create(SPEC, "ws-a"))
    assert "HOSTNAME" not in look(engine, identifier).env
    engine.occupy_port(look(engine, identifier).ports[0].host_port or 0)
    assert kind(engine.start(identifier)) == "PortInUse"
    assert look(engine, identifier).env["HOSTNAME"] == identifier[:12]


def test_images_can_be_added_replaced_and_removed(engine: InMemory) -> None:
    _ = value(engine.create(SPEC, "ws-a"))
    second = engine.add_image(DEFAULT_IMAGE)
    assert value(engine.images([DEFAULT_IMAGE])) == {DEFAULT_IMAGE: second}
    fields = [d.field for d in drift(SPEC, look(engine, "ws-a"), second)]
    assert fields == ["image.id"]
    third = ImageInfo("e" * 64, {"by": "image"}, ("/data",))
    assert engine.add_image("localhost/other", third, env={"FROM": "image"}) == third
    for reference in ("localhost/other", "other", "localhost/other:latest", "e" * 64, "eeee"):
        assert value(engine.images([reference])) == {reference: third}
    engine.remove_image(DEFAULT_IMAGE)
    assert value(engine.images([DEFAULT_IMAGE, "ee", "no"])) == {}
    assert kind(engine.create(SPEC, "b")) == "ImageMissing"
    with pytest.raises(InvalidScenario):
        engine.remove_image(DEFAULT_IMAGE)


def test_tampered_fields_appear_as_drift(engine: InMemory) -> None:
    _ = make(engine)
    engine.tamper("ws-a", privileged=True, user="nobody")
    image = value(engine.images([DEFAULT_IMAGE]))[DEFAULT_IMAGE]
    fields = [d.field for d in drift(SPEC, look(engine, "ws-a"), image)]
    assert sorted(fields) == ["privileged", "user"]
    with pytest.raises(InvalidScenario):
        engine.tamper("ws-a", id="x")


def test_external_container_can_be_created_and_run(engine: InMemory) -> None:
    identifier = engine.external_create("theirs", labels={"by": "hand"})
    seen = look(engine, "theirs")
    assert (seen.id, seen.state, seen.labels, seen.ports) == (
        identifier,
        "created",
        {"by": "hand"},
        (),
    )
    engine.external_start("theirs")
    engine.external_stop("theirs")
    assert look(engine, "theirs").state == "exited"
    with pytest.raises(InvalidScenario, match="taken"):
        _ = engine.external_create("theirs", image=DEFAULT_IMAGE)


def test_exit_sets_state_code_and_oom_flag(engine: InMemory) -> None:
    _ = make(engine)
    engine.write_logs("ws-a", "one", "two")
    engine.exit("ws-a", 137, "three", oom_killed=True)
    seen = look(engine, "ws-a")
    assert (seen.state, seen.exit_code, seen.oom_killed) == ("exited", 137, True)
    assert value(engine.logs(seen.id, 2)) == "two\nthree\n"
    value(engine.start(seen.id))
    assert not look(engine, "ws-a").oom_killed


_REFUSED: list[Callable[[InMemory], object]] = [
    lambda engine: engine.pause("c"),
    lambda engine: engine.kill("c"),
    lambda engine: engine.exit("c", 1),
    lambda engine: engine.pause("missing"),
    lambda engine: engine.files("missing"),
    lambda engine: engine.external_rename("c", "with blank"),
]


@pytest.mark.parametrize("by_hand", _REFUSED)
def test_impossible_external_change_raises_invalid_scenario(
    engine: InMemory, by_hand: Callable[[InMemory], object]
) -> None:
    _ = value(engine.create(SPEC, "c"))
    with pytest.raises(InvalidScenario):
        _ = by_hand(engine)
    assert look(engine, "c").state == "created"


def test_container_being_stopped_cannot_be_started(engine: InMemory, clock: VirtualClock) -> None:
    identifier = make(engine)
    engine.simulate_stopping("ws-a", 2)
    assert kind(engine.start(identifier)) == "InvalidState"
    assert look(engine, "ws-a").state == "stopping"
    clock.sleep(2)
    assert look(engine, "ws-a").state == "exited"
    assert kind(engine.start(identifier)) == OK


def test_container_being_removed_rejects_most_operations(
    engine: InMemory, clock: VirtualClock
) -> None:
    # Seen on podman 4.3.1 by writing that state into its database.
    identifier = value(engine.create(SPEC, "ws-a"))
    engine.simulate_removing("ws-a", 2)
    assert look(engine, "ws-a").state == "removing"
    answers = {
        "start": kind(engine.start(identifier)),
        "stop": kind(engine.stop(identifier, 1)),
        "unpause": kind(engine.unpause(identifier)),
        "put_archive": kind(engine.put_archive(identifier, [])),
        "create": kind(engine.create(SPEC, "ws-a")),
        "logs": kind(engine.logs(identifier, 1)),
        "rename": kind(engine.rename(identifier, "other")),
    }
    assert answers == dict.fromkeys(["start", "stop", "unpause", "put_archive"], "InvalidState") | {
        "create": "NameInUse",
        "logs": OK,
        "rename": OK,
    }
    clock.sleep(2)
    assert engine.containers == ()


def test_abandoned_removal_is_finished_by_the_next_remove(engine: InMemory) -> None:
    identifier = value(engine.create(SPEC, "ws-a"))
    engine.simulate_removing("ws-a")
    value(engine.remove(identifier, 0))
    assert engine.containers == ()


def test_auto_remove_container_disappears_at_exit(engine: InMemory) -> None:
    _ = make(engine)
    engine.tamper("ws-a", auto_remove=True)
    engine.exit("ws-a", 0)
    assert engine.containers == ()


def test_concurrent_calls_are_never_seen_half_done() -> None:
    # Real time: each stop sleeps a little, and others look meanwhile.
    engine = InMemory(worker=Worker(stop_seconds=0.001))
    odd: list[ObservedContainer] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            odd.extend(s for s in engine.containers if (s.state == "running") and not s.started_at)

    def work(end: int) -> None:
        spec: ContainerSpec = replace(SPEC, name=f"c{end}")
        for _ in range(20):
            identifier = value(engine.create(spec, spec.name))
            value(engine.start(identifier))
            value(engine.rename(identifier, f"{spec.name}.prev"))
            value(engine.remove(identifier, 1))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert (odd, engine.containers) == ([], ())
    assert len(engine.calls) == 6 * 20 * 4
