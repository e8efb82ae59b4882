"""The contract of start, unpause, stop, rename and remove, in every state."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from lanekit.contract.base import (
    NO_SUCH_ID,
    OK,
    STATES,
    Base,
    bring,
    gone,
    kind,
    look,
    until,
    value,
)
from lanekit.contract.harness import CRASH_CODE, LAST_WORDS, Harness
from lanekit.core.domain.containers import Limits, Port
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import ObservedContainer, State
from lanekit.core.ports.engine import ContainerEngine

# state before, method, its answer, state after ("": gone)
Row = tuple[State, str, str, str]
TABLE: tuple[Row, ...] = (
    ("created", "start", OK, "running"),
    ("running", "start", OK, "running"),
    ("paused", "start", "InvalidState", "paused"),
    ("exited", "start", OK, "running"),
    ("created", "unpause", "InvalidState", "created"),
    ("running", "unpause", "InvalidState", "running"),
    ("paused", "unpause", OK, "running"),
    ("exited", "unpause", "InvalidState", "exited"),
    ("created", "stop", OK, "created"),
    ("running", "stop", OK, "exited"),
    ("paused", "stop", "InvalidState", "paused"),
    ("exited", "stop", OK, "exited"),
    ("created", "remove", OK, ""),
    ("running", "remove", OK, ""),
    ("paused", "remove", OK, ""),
    ("exited", "remove", OK, ""),
)


def _do(engine: ContainerEngine, method: str, identifier: str) -> str:
    calls: dict[str, Callable[[], Outcome[object]]] = {
        "start": lambda: engine.start(identifier),
        "unpause": lambda: engine.unpause(identifier),
        "stop": lambda: engine.stop(identifier, 5),
        "rename": lambda: engine.rename(identifier, "contract-nobody"),
        "put_archive": lambda: engine.put_archive(identifier, [bytes(1024)]),
        "logs": lambda: engine.logs(identifier, 5),
        "remove": lambda: engine.remove(identifier, 5),
        "diff": lambda: engine.diff(identifier),
        "update": lambda: engine.update(identifier, Limits(memory=64 << 20)),
    }
    return kind(calls[method]())


def _assert_same(now: ObservedContainer, before: ObservedContainer) -> None:
    """Nothing but what podman adds to the environment at the first start, and its complaint."""
    assert replace(now, env=before.env, error=before.error) == before
    assert {key: now.env.get(key) for key in before.env} == before.env


class Living(Base):
    """What a container goes through."""

    @pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join(row[:2]))
    def test_each_method_in_each_state_leads_to_expected_state(
        self, harness: Harness, name: str, row: Row
    ) -> None:
        before, method, answer, after = row
        identifier = bring(harness, f"{name}-a", before)
        assert _do(harness.engine, method, identifier) == answer
        assert gone(harness.engine, identifier) == (after == "")
        if after:
            assert look(harness.engine, identifier).state == after

    @pytest.mark.parametrize(
        "method", [*("start", "unpause", "stop", "rename", "put_archive", "logs"), "diff", "update"]
    )
    def test_method_with_unknown_id_reports_not_found(
        self, engine: ContainerEngine, method: str
    ) -> None:
        assert _do(engine, method, NO_SUCH_ID) == "NotFound"

    def test_removal_of_unknown_id_succeeds(self, engine: ContainerEngine) -> None:
        assert _do(engine, "remove", NO_SUCH_ID) == OK

    def test_id_is_unknown_after_removal(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        value(harness.engine.remove(identifier, 5))
        assert kind(harness.engine.start(identifier)) == "NotFound"
        assert kind(harness.engine.remove(identifier, 5)) == OK

    def test_started_at_increases_with_each_start(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        first = look(harness.engine, identifier)
        value(harness.engine.stop(identifier, 5))
        assert look(harness.engine, identifier).started_at == first.started_at != ""
        value(harness.engine.start(identifier))
        assert look(harness.engine, identifier).started_at > first.started_at

    def test_host_ports_chosen_at_create_survive_restarts(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        ports = look(harness.engine, identifier).ports
        assert [(p.key, p.host_ip) for p in ports] == [("31417/tcp", "127.0.0.1")]
        assert ports[0].host_port
        value(harness.engine.start(identifier))
        value(harness.engine.stop(identifier, 5))
        value(harness.engine.start(identifier))
        assert look(harness.engine, identifier).ports == ports

    @pytest.mark.parametrize("before", ["created", "exited"])
    def test_start_with_port_in_use_fails_and_changes_nothing(
        self, harness: Harness, name: str, before: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", before)
        seen = look(harness.engine, identifier)
        with harness.occupy_port(seen.ports[0].host_port or 0):
            assert kind(harness.engine.start(identifier)) == "PortInUse"
            assert kind(harness.engine.start(identifier)) == "PortInUse"
            _assert_same(look(harness.engine, identifier), seen)
        value(harness.engine.start(identifier))
        assert look(harness.engine, identifier).state == "running"

    def test_only_one_container_of_a_shared_port_can_run(self, harness: Harness, name: str) -> None:
        first = bring(harness, f"{name}-a", "running")
        number = look(harness.engine, first).ports[0].host_port
        spec = harness.spec(f"{name}-b", ports=(Port(31417, host_port=number),))
        second = value(harness.engine.create(spec, spec.name))
        assert kind(harness.engine.start(second)) == "PortInUse"
        assert look(harness.engine, second).state == "created"
        value(harness.engine.stop(first, 5))
        value(harness.engine.start(second))
        assert kind(harness.engine.start(first)) == "PortInUse"

    def test_port_in_use_depends_on_host_address(self, harness: Harness, name: str) -> None:
        first = bring(harness, f"{name}-a", "running")
        number = look(harness.engine, first).ports[0].host_port
        answers: dict[str, str] = {}
        for n, address in enumerate(("127.0.0.2", "0.0.0.0")):
            ports = (Port(31417, host_ip=address, host_port=number),)
            spec = harness.spec(f"{name}-{n}", ports=ports)
            identifier = value(harness.engine.create(spec, spec.name))
            answers[address] = kind(harness.engine.start(identifier))
        assert answers == {"127.0.0.2": OK, "0.0.0.0": "PortInUse"}

    def test_unstartable_process_reports_start_failed(self, harness: Harness, name: str) -> None:
        spec = harness.unstartable(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        assert kind(harness.engine.start(identifier)) == "StartFailed"
        seen = look(harness.engine, identifier)
        assert (seen.state, seen.exit_code, seen.started_at) == ("created", 0, "")
        assert kind(harness.engine.stop(identifier, 5)) == OK

    def test_start_with_lost_mount_source_reports_start_failed(
        self, harness: Harness, name: str
    ) -> None:
        spec = harness.losable(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        value(harness.engine.start(identifier))
        harness.kill(spec.name)
        before = until(harness.engine, identifier, "exited")
        harness.lose_source(spec.name)
        assert kind(harness.engine.start(identifier)) == "StartFailed"
        _assert_same(look(harness.engine, identifier), before)

    def test_crashing_worker_leaves_exit_code_and_logs(self, harness: Harness, name: str) -> None:
        spec = harness.crashing(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        for runs in (1, 2):
            assert kind(harness.engine.start(identifier)) == OK
            assert until(harness.engine, identifier, "exited").exit_code == CRASH_CODE
            logs = value(harness.engine.logs(identifier, 20))
            assert logs == "".join(f"{line}\n" for line in LAST_WORDS * runs)

    @pytest.mark.parametrize("before", ["running", "paused"])
    def test_killed_container_exits_with_137_and_can_restart(
        self, harness: Harness, name: str, before: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", before)
        harness.kill(f"{name}-a")
        assert until(harness.engine, identifier, "exited").exit_code == 137
        value(harness.engine.start(identifier))
        seen = look(harness.engine, identifier)
        assert (seen.state, seen.exit_code) == ("running", 0)

    def test_stop_lets_worker_end_within_grace(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        begun = time.monotonic()
        value(harness.engine.stop(identifier, 20))
        assert time.monotonic() - begun < 10
        assert look(harness.engine, identifier).exit_code == 0

    def test_stop_kills_stubborn_worker_after_grace(self, harness: Harness, name: str) -> None:
        spec = harness.stubborn(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        value(harness.engine.start(identifier))
        begun = time.monotonic()
        value(harness.engine.stop(identifier, 1))
        assert 0.9 < time.monotonic() - begun < 8
        seen = look(harness.engine, identifier)
        assert (seen.state, seen.exit_code) == ("exited", 137)

    def test_stop_without_grace_kills_at_once(self, harness: Harness, name: str) -> None:
        spec = harness.stubborn(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        value(harness.engine.start(identifier))
        begun = time.monotonic()
        value(harness.engine.stop(identifier, 0))
        assert time.monotonic() - begun < 5
        assert look(harness.engine, identifier).exit_code == 137


class Naming(Base):
    """Renames and removals."""

    @pytest.mark.parametrize("state", STATES)
    def test_rename_in_each_state_keeps_id_ports_and_labels(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        before = look(harness.engine, identifier)
        value(harness.engine.rename(identifier, f"{name}-b"))
        assert gone(harness.engine, f"{name}-a")
        after = look(harness.engine, f"{name}-b")
        assert (after.id, after.state) == (identifier, state)
        assert (after.ports, after.labels) == (before.ports, before.labels)

    @pytest.mark.parametrize("state", STATES)
    def test_rename_to_name_in_use_changes_nothing(
        self, harness: Harness, name: str, state: State
    ) -> None:
        mine, other = bring(harness, f"{name}-a", state), bring(harness, f"{name}-b", "created")
        before = value(harness.engine.inspect([mine, other]))
        assert kind(harness.engine.rename(mine, f"{name}-b")) == "NameInUse"
        assert value(harness.engine.inspect([mine, other])) == before

    def test_rename_to_own_name_succeeds(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        assert kind(harness.engine.rename(identifier, f"{name}-a")) == OK
        assert look(harness.engine, f"{name}-a").id == identifier

    @pytest.mark.parametrize("bad", ["with blank", "-option", ".dot", "sla/sh", "ümlaut"])
    def test_rename_to_invalid_name_changes_nothing(
        self, harness: Harness, name: str, bad: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        assert kind(harness.engine.rename(identifier, bad)) == "InvalidLane"
        assert look(harness.engine, identifier).name == f"{name}-a"

    def test_rename_frees_the_old_name(self, harness: Harness, name: str) -> None:
        first = bring(harness, f"{name}-a", "running")
        value(harness.engine.rename(first, f"{name}-b"))
        second = bring(harness, f"{name}-a", "created")
        assert look(harness.engine, f"{name}-a").id == second != first

    def test_removal_frees_the_name(self, harness: Harness, name: str) -> None:
        first = bring(harness, f"{name}-a", "created")
        value(harness.engine.remove(first, 0))
        assert bring(harness, f"{name}-a", "created") != first

    def test_removal_deletes_anonymous_volumes(self, harness: Harness, name: str) -> None:
        before = harness.volumes()
        spec = harness.spec(f"{name}-a", image=harness.rich_image)
        identifier = value(harness.engine.create(spec, spec.name))
        assert len(harness.volumes() - before) == 1
        value(harness.engine.start(identifier))
        value(harness.engine.remove(identifier, 5))
        assert harness.volumes() == before
