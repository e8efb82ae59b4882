"""The in-memory engine answers and shows what real podman does, whatever is done to both."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import pytest
from returns.result import Failure, Success
from tests.integration.engines.differential import Side
from tests.integration.engines.harness_memory import MemoryHarness
from tests.integration.engines.harness_podman import PodmanHarness, make_rich_image
from tests.integration.engines.state_machine import drive
from tests.support.sandbox.podman_sandbox import Sandbox

from lanekit.adapters.memory.engine import InMemory
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.errors import NotFound, Outcome
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine

# By the command a step takes several times as long.
_STEPS = {"socket": 60, "command": 40}
_NIGHTLY_STEPS = {"socket": 2000, "command": 1000}
# From 8 on, two short runs do all there is.
_SEED = 8
_A_RUN, _A_SHORT_RUN = 40, 20


@pytest.fixture(scope="module", params=["socket", "command"])
def real(
    request: pytest.FixtureRequest, podman: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> PodmanHarness:
    """podman by either way."""
    make_rich_image(podman)
    engine: ContainerEngine
    if request.param == "socket":
        engine = PodmanSocket(str(request.getfixturevalue("podman_service")))
    else:
        engine = PodmanCli(podman.argv, env=podman.env)
    return PodmanHarness(engine, podman, tmp_path_factory.mktemp("twins"))


@pytest.mark.every_podman
@pytest.mark.pids_limit  # the default limit is compared
@pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_in_memory_engine_behaves_like_podman(
    real: PodmanHarness,
    long: bool,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(real), Side(MemoryHarness()), real.remove_all

    way = request.node.callspec.params["real"]
    wanted = int(os.environ.get("LANEKIT_STEPS", (_NIGHTLY_STEPS if long else _STEPS)[way]))
    first = int(os.environ.get("LANEKIT_SEED", random.randrange(2**32) if long else _SEED))
    # Each run forbids itself some of the operations: a few short ones do more than a long one.
    steps = min(_A_RUN, max(_A_SHORT_RUN, wanted // 3))
    runs = max(1, wanted // 400)
    done: Counter[str] = Counter()
    number = first
    while done.total() < wanted:
        again = f"LANEKIT_SEED={number} LANEKIT_STEPS={wanted} pytest '{request.node.nodeid}'"
        print(f"to run this again: {again}")  # noqa: T201 - shown when it fails
        # To make a failure smaller takes minutes.
        done += drive(pair, examples=runs, steps=steps, number=number, shrink=long)
        number += 1
    record_property("steps on real podman", done.total())
    said = f"{done.total()} operations by the {way}, seeds {first} to {number - 1}: {dict(done)}"
    print(said)  # noqa: T201 - for -s


class _PausedStarts(InMemory):
    def start(self, container: str) -> Outcome[None]:
        seen = self.inspect([container]).unwrap().get(container)
        return Success(None) if seen and seen.state == "paused" else super().start(container)


class _TakesTakenNames(InMemory):
    def rename(self, container: str, name: str) -> Outcome[None]:
        outcome = super().rename(container, name)
        taken = isinstance(outcome, Failure) and outcome.failure().kind == "NameInUse"
        return Success(None) if taken else outcome


class _LosesNothing(InMemory):
    def remove(self, container: str, grace: float) -> Outcome[None]:
        known = self.inspect([container]).unwrap()
        return super().remove(container, grace) if known else Failure(NotFound("gone"))


class _StopsTooSoftly(InMemory):
    def stop(self, container: str, grace: float) -> Outcome[None]:
        outcome = super().stop(container, grace)
        return Success(None) if isinstance(outcome, Failure) else outcome


class _CopiesAnything(InMemory):
    def put_archive(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        outcome = super().put_archive(container, archive)
        bad = isinstance(outcome, Failure) and outcome.failure().kind == "EngineFailed"
        return Success(None) if bad else outcome


class _FindsTooMuch(InMemory):
    def list_by_labels(self, labels: Mapping[str, str]) -> Outcome[tuple[ObservedContainer, ...]]:
        return super().list_by_labels(dict.fromkeys(labels, ""))


class _LooksNotAtSources(InMemory):
    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        mounts = tuple(mount for mount in spec.mounts if mount.target != "/x")
        return super().create(replace(spec, mounts=mounts), name)


class _ForgetsTheExitCode(InMemory):
    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        found = super().inspect(names).unwrap()
        return Success({key: replace(seen, exit_code=0) for key, seen in found.items()})


@pytest.mark.parametrize(
    "broken",
    [
        _PausedStarts,
        _TakesTakenNames,
        _LosesNothing,
        _StopsTooSoftly,
        _CopiesAnything,
        _FindsTooMuch,
        _LooksNotAtSources,
        _ForgetsTheExitCode,
    ],
)
def test_state_machine_detects_each_broken_engine(broken: type[InMemory]) -> None:
    # Against the whole fake, in place of podman: that one is the same is the other test's matter.
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(MemoryHarness()), Side(MemoryHarness(broken)), lambda _prefix: None

    with pytest.raises(AssertionError):
        _ = drive(pair, examples=100, steps=_A_RUN, number=1, shrink=False)


def test_state_machine_finds_no_difference_between_equals() -> None:
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(MemoryHarness()), Side(MemoryHarness()), lambda _prefix: None

    assert drive(pair, examples=30, steps=_A_RUN, number=1).total() > 500


def test_seeds_choose_different_operations() -> None:
    # One that tried the same operation again and again would agree with anything.
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(MemoryHarness()), Side(MemoryHarness()), lambda _prefix: None

    did = [drive(pair, examples=1, steps=_A_SHORT_RUN, number=n) for n in range(1, 13)]
    assert len({tuple(sorted(done.items())) for done in did}) > 8
    together = sum(did, Counter[str]())
    verbs = (
        "create start stop pause unpause kill rename remove put_archive files logs list_by_labels"
    )
    assert together.keys() == set(verbs.split())
    assert max(together.values()) < together.total() / 3
