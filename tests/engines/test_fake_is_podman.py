"""The in-memory engine answers and shows what real podman does, whatever is done to both."""

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure, Success
from tests.engines.fake_machine import drive
from tests.engines.harness_memory import MemoryHarness
from tests.engines.harness_podman import PodmanHarness, make_rich_image
from tests.engines.twins import Side
from tests.podman_sandbox import Sandbox

from lanekit.adapters.memory import InMemory
from lanekit.adapters.podman_socket import PodmanSocket
from lanekit.core.errors import NotFound, Outcome
from lanekit.core.model import ContainerSpec, Snapshot

_LONG = os.environ.get("LANEKIT_LONG") == "1"
_STEPS = int(os.environ.get("LANEKIT_STEPS", "2000" if _LONG else "100"))
_SEED = int(os.environ.get("LANEKIT_SEED", random.randrange(2**32) if _LONG else 1))
_A_RUN = 40


@pytest.fixture(scope="module")
def real(
    podman: Sandbox, podman_service: Path, tmp_path_factory: pytest.TempPathFactory
) -> PodmanHarness:
    """podman by its socket, for the steps are many."""
    make_rich_image(podman)
    engine = PodmanSocket(str(podman_service))
    return PodmanHarness(engine, podman, tmp_path_factory.mktemp("twins"))


def test_the_fake_does_what_podman_does(
    real: PodmanHarness, record_property: Callable[[str, object], None]
) -> None:
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(real), Side(MemoryHarness()), real.remove_all

    done = 0
    number = _SEED
    while done < _STEPS:
        steps = min(_A_RUN, _STEPS - done)
        done += drive(pair, examples=max(1, (_STEPS - done) // 80), steps=steps, number=number)
        number += 1
    record_property("steps on real podman", done)
    print(f"{done} operations on real podman, seeds from {_SEED}")  # noqa: T201 - for -s
    assert done >= _STEPS


class _PausedStarts(InMemory):
    def start(self, container: str) -> Outcome[None]:
        seen = self.inspect([container]).unwrap().get(container)
        return Success(None) if seen and seen.state == "paused" else super().start(container)


class _TakesTakenNames(InMemory):
    def rename(self, container: str, name: str) -> Outcome[None]:
        outcome = super().rename(container, name)
        taken = isinstance(outcome, Failure) and outcome.failure().kind == "NameTaken"
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
    def copy_in(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        outcome = super().copy_in(container, archive)
        bad = isinstance(outcome, Failure) and outcome.failure().kind == "EngineFailed"
        return Success(None) if bad else outcome


class _FindsTooMuch(InMemory):
    def find(self, labels: Mapping[str, str]) -> Outcome[tuple[Snapshot, ...]]:
        return super().find(dict.fromkeys(labels, ""))


class _LooksNotAtSources(InMemory):
    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        mounts = tuple(mount for mount in spec.mounts if mount.target != "/x")
        return super().create(replace(spec, mounts=mounts), name)


class _ForgetsTheExitCode(InMemory):
    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, Snapshot]]:
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
def test_the_machine_finds_a_fake_that_is_broken(broken: type[InMemory]) -> None:
    # Against the whole fake, in place of podman: that one is the same is the other test's matter.
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(MemoryHarness()), Side(MemoryHarness(broken)), lambda _prefix: None

    with pytest.raises(AssertionError):
        _ = drive(pair, examples=100, steps=_A_RUN, number=1, shrink=False)


def test_the_machine_finds_nothing_between_two_of_the_same() -> None:
    def pair() -> tuple[Side, Side, Callable[[str], None]]:
        return Side(MemoryHarness()), Side(MemoryHarness()), lambda _prefix: None

    assert drive(pair, examples=30, steps=_A_RUN, number=1) > 500
