"""The contract of calls that come from several threads at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lanekit.contract.base import OK, Base, bring, gone, kind, look, until, value
from lanekit.contract.harness import Harness
from lanekit.core.ports.engine import ContainerEngine

_THREADS = 4


def _at_once(*calls: Callable[[], str]) -> list[str]:
    """What these answer, sorted, when they begin at the same moment."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], str]) -> str:
        _ = barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


class Racing(Base):
    """Several threads; several processes are no different to podman."""

    def test_concurrent_creates_of_one_name_let_one_succeed(
        self, harness: Harness, name: str
    ) -> None:
        spec = harness.spec(f"{name}-a")
        answers = _at_once(
            *[lambda: kind(harness.engine.create(spec, spec.name)) for _ in range(_THREADS)]
        )
        assert answers == ["NameInUse"] * (_THREADS - 1) + [OK]
        assert len(value(harness.engine.list_by_labels({"lanekit.lane": f"{name}-a"}))) == 1

    def test_concurrent_renames_to_one_name_let_one_succeed(
        self, harness: Harness, name: str
    ) -> None:
        engine = harness.engine
        identifiers = [bring(harness, f"{name}-{n}", "created") for n in range(_THREADS)]

        def rename(identifier: str) -> Callable[[], str]:
            return lambda: kind(engine.rename(identifier, f"{name}-new"))

        answers = _at_once(*map(rename, identifiers))
        assert answers == ["NameInUse"] * (_THREADS - 1) + [OK]
        assert look(engine, f"{name}-new").id in identifiers

    def test_concurrent_starts_all_succeed(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        start = lambda: kind(harness.engine.start(identifier))  # noqa: E731
        assert _at_once(*[start] * _THREADS) == [OK] * _THREADS
        assert look(harness.engine, identifier).state == "running"

    def test_concurrent_stops_all_succeed(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        stop = lambda: kind(harness.engine.stop(identifier, 5))  # noqa: E731
        assert _at_once(*[stop] * _THREADS) == [OK] * _THREADS
        assert look(harness.engine, identifier).state == "exited"

    def test_concurrent_removals_all_succeed(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        remove = lambda: kind(harness.engine.remove(identifier, 5))  # noqa: E731
        assert _at_once(*[remove] * _THREADS) == [OK] * _THREADS
        assert gone(harness.engine, identifier)

    def test_concurrent_calls_on_different_containers_succeed(
        self, harness: Harness, name: str
    ) -> None:
        engine = harness.engine

        def whole(end: int) -> Callable[[], str]:
            def run() -> str:
                identifier = bring(harness, f"{name}-{end}", "running")
                value(engine.rename(identifier, f"{name}-{end}.prev"))
                value(engine.remove(identifier, 5))
                return kind(engine.start(identifier))

            return run

        assert _at_once(*map(whole, range(_THREADS))) == ["NotFound"] * _THREADS

    def test_stopping_container_refuses_start_accepts_shorter_stop(
        self, harness: Harness, name: str
    ) -> None:
        identifier = _stubborn(harness, f"{name}-a")
        with ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(lambda: kind(harness.engine.stop(identifier, 4)))
            _ = until(harness.engine, identifier, "stopping")
            self._cannot_be_used(harness.engine, identifier)
            assert kind(harness.engine.rename(identifier, f"{name}-b")) == OK
            begun = time.monotonic()
            assert kind(harness.engine.stop(identifier, 0)) == OK
            assert time.monotonic() - begun < 3, "the shorter grace counts"
            assert stopping.result() == OK
        assert look(harness.engine, f"{name}-b").exit_code == 137

    def test_container_being_removed_refuses_start_and_keeps_name(
        self, harness: Harness, name: str
    ) -> None:
        identifier = _stubborn(harness, f"{name}-a")
        with ThreadPoolExecutor(1) as pool:
            removing = pool.submit(lambda: kind(harness.engine.remove(identifier, 3)))
            _ = until(harness.engine, identifier, "stopping", "removing")
            self._cannot_be_used(harness.engine, identifier)
            spec = harness.spec(f"{name}-a")
            assert kind(harness.engine.create(spec, spec.name)) == "NameInUse"
            assert removing.result() == OK
        assert gone(harness.engine, identifier)
        assert kind(harness.engine.start(identifier)) == "NotFound"

    def _cannot_be_used(self, engine: ContainerEngine, identifier: str) -> None:
        assert kind(engine.start(identifier)) == "InvalidState"
        assert kind(engine.unpause(identifier)) == "InvalidState"


def _stubborn(harness: Harness, name: str) -> str:
    spec = harness.stubborn(name)
    identifier = value(harness.engine.create(spec, spec.name))
    value(harness.engine.start(identifier))
    return identifier
