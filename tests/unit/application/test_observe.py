"""What is asked of podman about lanes, by their journals; and who is told what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, PROFILE, UNFINISHED, Files, copying, settled
from tests.support.strategies.lanes import snapshot_of

from lanekit.adapters.memory.engine import InMemory
from lanekit.core.application.observe import (
    ObserveRequest,
    check_ids_unambiguous,
    containers_of,
    observe,
    observe_one_quickly,
    observe_quickly,
    with_mount_health,
)
from lanekit.core.domain.containers import Mount
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import EngineFailed, ImageMissing, Outcome
from lanekit.core.domain.journal import EMPTY, Journal
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import (
    ImageInfo,
    InspectResult,
    MountHealth,
    ObservedContainer,
    ObservedLane,
)
from lanekit.core.ports.engine import OnPartialResult

SPEC = container_spec(LANE, PROFILE, Digests())
IMAGES = {"i": ImageInfo("1" * 64), "j": ImageInfo("2" * 64)}
BROKEN = EngineFailed("podman said no")


def _seen(name: str, **fields: Any) -> ObservedContainer:
    return replace(snapshot_of(SPEC), **{"id": f"id-{name}", "name": name, **fields})


class _Podman(InMemory):
    """Has these containers and images; notes what it is asked, and tells in this order."""

    def __init__(self, *names: str, images: Sequence[str] = ("i", "j"), **fields: Any) -> None:
        super().__init__()
        self.have = {name: _seen(name, **fields) for name in names}
        self.stored = {name: IMAGES[name] for name in images}
        self.asked: list[str] = []
        self.order: list[str] = []
        self.fails_at = 99

    def inspect_many(
        self,
        names: Sequence[str],
        references: Sequence[str],
        on_partial: OnPartialResult | None = None,
    ) -> Outcome[InspectResult]:
        self.asked.append(" ".join([*names, "|", *references]))
        so_far = InspectResult({}, {})
        for what in self.order or (*references, *names):
            so_far = InspectResult(
                {**so_far.containers, **{n: c for n, c in self.have.items() if n == what}},
                {**so_far.images, **{n: i for n, i in self.stored.items() if n == what}},
            )
            if on_partial is not None:
                on_partial(what, so_far)
        if len(self.asked) >= self.fails_at:
            return Failure(BROKEN)
        containers = {n: c for n, c in self.have.items() if n in names}
        return Success(
            InspectResult(containers, {n: i for n, i in self.stored.items() if n in references})
        )


@dataclass
class _Ear:
    """Keeps what is told, and how much had been asked by then."""

    podman: _Podman
    told: dict[int, Outcome[ObservedLane]] = field(default_factory=lambda: {})
    when: list[tuple[int, int]] = field(default_factory=lambda: [])

    def __call__(self, at: int, outcome: Outcome[ObservedLane]) -> None:
        assert at not in self.told, "once each"
        self.told[at] = outcome
        self.when.append((at, len(self.podman.asked)))


def _glance(podman: _Podman, *lanes: ObserveRequest) -> _Ear:
    ear = _Ear(podman)
    observe_quickly(podman, lanes, ear)
    assert sorted(ear.told) == list(range(len(lanes)))
    return ear


@pytest.mark.parametrize(
    ("there", "journal", "asked"),
    [
        ("", EMPTY, ["a a.prev |"]),
        ("a", EMPTY, ["a a.prev |", "a.next | i"]),
        ("a.prev", EMPTY, ["a a.prev |", "a.next | i"]),
        ("a", settled("id-a"), ["a | i"]),
        ("a", settled("id-b"), ["a | i", "a.prev a.next |"]),
        ("", settled("id-a"), ["a | i", "a.prev |"]),
        ("", UNFINISHED, ["a a.next a.prev |"]),
        ("a", UNFINISHED, ["a a.next a.prev |", "| i"]),
        ("a.next", UNFINISHED, ["a a.next a.prev |", "| i"]),
        ("a", copying("id-a"), ["a a.next a.prev |", "| i"]),
    ],
)
def test_no_more_is_asked_than_the_note_leaves_open(
    there: str, journal: Journal, asked: list[str]
) -> None:
    podman = _Podman(*there.split())
    ear = _glance(podman, ObserveRequest("a", "i", journal))
    assert [" ".join(one.split()) for one in podman.asked] == asked
    image = IMAGES["i"] if there or journal == settled("id-a") else None
    seen = {end: podman.have.get(f"a{end}") for end in ("", ".next", ".prev")}
    half = journal == copying("id-a")
    assert ear.told[0] == Success(
        ObservedLane(seen[""], seen[".next"], seen[".prev"], image, config_copy_incomplete=half)
    )


def test_many_lanes_are_asked_for_together_and_each_image_once() -> None:
    podman = _Podman("a", "b", "c", "c.next")
    lanes = [
        ObserveRequest("a", "i", settled("id-a")),
        ObserveRequest("b", "j", EMPTY),
        ObserveRequest("c", "j", EMPTY),
        ObserveRequest("d", "j", EMPTY),
    ]
    ear = _glance(podman, *lanes)
    assert podman.asked == ["a b b.prev c c.prev d d.prev | i", "b.next c.next | j"]
    assert ear.when == [(0, 1), (1, 2), (2, 2), (3, 2)], "what is settled is told of at once"
    assert ear.told[2] == Success(
        ObservedLane(podman.have["c"], next=podman.have["c.next"], image=IMAGES["j"])
    )
    assert ear.told[3] == Success(ObservedLane(image=IMAGES["j"]))


def test_a_settled_lane_is_told_of_when_both_it_and_its_image_are_seen() -> None:
    podman = _Podman("a", "b", "c")
    podman.order = ["a", "b", "j", "i", "c"]
    lanes = [
        ObserveRequest("a", "i", settled("id-a")),
        ObserveRequest("b", "j", settled("id-b")),
        ObserveRequest("c", "i", settled("id-other")),
    ]
    ear = _glance(podman, *lanes)
    assert [at for at, _ in ear.when] == [1, 0, 2]
    assert ear.when[:2] == [(1, 1), (0, 1)]
    for at, name, image in ((0, "a", "i"), (1, "b", "j")):
        assert ear.told[at] == Success(ObservedLane(podman.have[name], image=IMAGES[image]))


def test_a_name_that_is_told_of_twice_is_heard_once() -> None:
    podman = _Podman("a", "b")
    podman.order = ["i", "a", "a", "i", "b"]
    ear = _glance(
        podman, ObserveRequest("a", "i", settled("id-a")), ObserveRequest("b", "i", settled("id-b"))
    )
    assert ear.when == [(0, 1), (1, 1)]


def test_a_missing_image_is_told_to_those_lanes_that_have_it() -> None:
    podman = _Podman("a", "b", "c", images=("j",))
    ear = _glance(
        podman,
        ObserveRequest("a", "i", settled("id-a")),
        ObserveRequest("b", "j", settled("id-b")),
        ObserveRequest("c", "i", EMPTY),
    )
    missing = [at for at, told in ear.told.items() if isinstance(told, Failure)]
    assert sorted(missing) == [0, 2]
    assert isinstance(ear.told[0].failure(), ImageMissing)
    # Without a container to be compared with it, creating one finds out.
    bare = _Podman(images=())
    assert _glance(bare, ObserveRequest("a", "i", EMPTY)).told[0] == Success(ObservedLane())


def test_a_podman_that_cannot_be_asked_is_told_to_those_that_are_left() -> None:
    first = _Podman("a", "b")
    first.fails_at = 1
    ear = _glance(first, ObserveRequest("a", "i", settled("id-a")), ObserveRequest("b", "i", EMPTY))
    assert ear.told == {
        0: Success(ObservedLane(first.have["a"], image=IMAGES["i"])),
        1: Failure(BROKEN),
    }
    second = _Podman("a", "b")
    second.fails_at = 2
    ear = _glance(
        second, ObserveRequest("a", "i", settled("id-a")), ObserveRequest("b", "i", EMPTY)
    )
    assert (ear.told[0].unwrap().current, ear.told[1]) == (second.have["a"], Failure(BROKEN))


def test_a_copy_that_was_broken_off_is_that_of_the_noted_container_alone() -> None:
    for journal, half in ((copying("id-a"), True), (copying("id-b"), False), (UNFINISHED, False)):
        seen = observe_one_quickly(_Podman("a"), ObserveRequest("a", "i", journal)).unwrap()
        assert seen.config_copy_incomplete is half
    gone = observe_one_quickly(
        _Podman("a.prev"), ObserveRequest("a", "i", copying("id-a"))
    ).unwrap()
    assert (gone.current, gone.config_copy_incomplete) == (None, False)
    lost = _Podman("a", images=())
    assert isinstance(observe_one_quickly(lost, ObserveRequest("a", "i", copying("id-a"))), Failure)


def test_lanes_without_notes_are_observed_in_one_look() -> None:
    podman = _Podman("a", "a.prev", "b.next", images=("i",))
    specs = [
        replace(SPEC, name="a", image="i"),
        replace(SPEC, name="b", image="j"),
        replace(SPEC, name="c", image="i"),
    ]
    one, two, three = observe(podman, specs, [EMPTY] * 3)
    assert podman.asked == ["a a.next a.prev b b.next b.prev c c.next c.prev | i j"]
    assert one == Success(
        ObservedLane(podman.have["a"], prev=podman.have["a.prev"], image=IMAGES["i"])
    )
    assert isinstance(two.failure(), ImageMissing)
    assert three == Success(ObservedLane(image=IMAGES["i"]))
    half, other, _ = observe(podman, specs[::2] + specs[:1], [copying("id-a")] * 3)
    assert half == Success(replace(one.unwrap(), config_copy_incomplete=True))
    assert other == three
    podman.fails_at = 1
    assert observe(podman, specs, [EMPTY] * 3) == [Failure(BROKEN)] * 3


@dataclass
class _Inside(Files):
    """Files of a host that can look into containers."""

    sees: MountHealth = MountHealth()  # noqa: RUF009 - it is frozen
    asked: list[tuple[object, ...]] = field(default_factory=lambda: [])

    def mount_health(
        self, seen: ObservedContainer, mounts: Sequence[Mount], config_target: str
    ) -> MountHealth:
        self.asked.append((seen, mounts, config_target))
        return self.sees


def test_only_what_runs_is_looked_into() -> None:
    files = _Inside(sees=MountHealth(("/workspace",)))
    asleep, runs = ObservedLane(_seen("a")), ObservedLane(_seen("a", pid=7))
    for nothing in (ObservedLane(), asleep):
        assert with_mount_health(files, SPEC, nothing) == nothing
    assert files.asked == []
    assert with_mount_health(files, SPEC, runs) == replace(runs, mount_health=files.sees)
    assert files.asked == [(runs.current, SPEC.mounts, "/root/.codex")]


def test_a_config_that_was_half_copied_is_gone_whatever_is_seen() -> None:
    half = ObservedLane(_seen("a"), config_copy_incomplete=True)
    assert with_mount_health(_Inside(), SPEC, half).mount_health == MountHealth(config_missing=True)
    runs = replace(half, current=_seen("a", pid=7))
    assert with_mount_health(_Inside(), SPEC, runs).mount_health == MountHealth(config_missing=True)
    gone = _Inside(sees=MountHealth(config_missing=True))
    whole = replace(runs, config_copy_incomplete=False)
    assert with_mount_health(gone, SPEC, whole).mount_health == MountHealth(config_missing=True)
    # A lane that has no config any more has none to be copied.
    bare = replace(SPEC, config_target="")
    assert with_mount_health(_Inside(), bare, half).mount_health == MountHealth()


def test_the_containers_of_a_lane_are_those_of_its_three_names() -> None:
    engine = InMemory()
    for name in ("a", "a.next", "a.prev", "a.other"):
        _ = engine.external_create(name)
    engine.forget_calls()
    seen = containers_of(engine, "a").unwrap()
    names = [one.name for one in (seen.current, seen.next, seen.prev) if one is not None]
    assert (names, seen.image) == (["a", "a.next", "a.prev"], None)
    assert [str(call) for call in engine.calls] == ["inspect a a.next a.prev"]
    engine.fail("inspect", BROKEN)
    assert containers_of(engine, "a") == Failure(BROKEN)


def test_ids_that_cannot_be_asked_for_are_not_sound() -> None:
    engine = InMemory()
    engine.fail("inspect", BROKEN)
    assert check_ids_unambiguous(engine, ["ab" * 32]) == Failure(BROKEN)
    assert check_ids_unambiguous(engine, [Lane("w", "a", "/t").name]) == Success(None)
