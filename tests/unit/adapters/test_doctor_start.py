"""doctor's own container: made once, always removed, nobody else's touched."""

from dataclasses import dataclass, field, replace

import pytest
from returns.result import Success

from lanekit.adapters.memory.engine import InMemory
from lanekit.adapters.podman.start_test import LABEL, StartTest
from lanekit.adapters.podman.start_test_program import PATH, PROGRAMS, archive
from lanekit.contract.harness import Entry, make_tar
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import (
    PodmanHost,
    StartTestResult,
    UlimitSettings,
    Workaround,
)
from lanekit.core.domain.errors import EngineFailed, Outcome, PortInUse, StartFailed
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import ImageInfo

OWN_IMAGE = "localhost/lanekit-doctor:start"
LIMITS = UlimitSettings(1024, 4096)
RLIMIT = "error setting rlimit type 7: operation not permitted: OCI permission denied"
HYBRID = "crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2"


@dataclass
class Patient:
    """A podman in memory that starts nothing without these cures; `given`: those it was given."""

    engine: InMemory = field(default_factory=lambda: InMemory(seed=1))
    needs: dict[Workaround, str] = field(default_factory=lambda: {})
    supported_workarounds: frozenset[Workaround] = frozenset(
        ("ulimits", "low-ulimits", "hybrid-cgroups")
    )
    given: list[tuple[Workaround, ...]] = field(default_factory=lambda: [])

    def info(self) -> Outcome[PodmanHost]:
        raise NotImplementedError

    def create(
        self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        assert limits == LIMITS
        self.given.append(cures)
        words = [said for cure, said in self.needs.items() if cure not in cures]
        if words:
            self.engine.fail("start", StartFailed("could not start", words[0]))
        return self.engine.create(spec, spec.name)

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        assert tar
        name, _, value = label.partition("=")
        _ = self.engine.add_image(reference, ImageInfo("cd" * 32, labels={name: value}))
        return Success(None)

    def remove_image(self, reference: str) -> Outcome[None]:
        self.engine.remove_image(reference)
        return Success(None)

    def test(self, *images: str, machine: str = "amd64") -> StartTestResult:
        """Run the start test."""
        return StartTest(self, machine, LIMITS, lambda _host, _port: True).run(images)

    @property
    def left(self) -> list[str]:
        """The names of what is there."""
        images = self.engine.images([OWN_IMAGE]).unwrap()
        return [*(seen.name for seen in self.engine.containers), *images]


def test_a_container_that_starts_leaves_nothing() -> None:
    patient = Patient()
    done = patient.test(DEFAULT_IMAGE)
    assert [one.trouble for one in done.attempts] == [None]
    assert (done.image, done.port, done.leftover) == (DEFAULT_IMAGE, True, "")
    assert done.differences == ()
    assert patient.left == []


def test_what_was_made_other_than_asked_is_told() -> None:
    class Otherwise(Patient):
        def create(
            self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
        ) -> Outcome[str]:
            return super().create(replace(spec, memory=1 << 30), cures, limits)

    for patient in (
        Otherwise(),
        Otherwise(needs={"low-ulimits": RLIMIT}, supported_workarounds=frozenset()),
    ):
        done = patient.test(DEFAULT_IMAGE)
        assert done.differences is not None
        assert [difference.field for difference in done.differences] == ["memory"]
        assert patient.left == []


def test_what_the_image_brings_is_as_asked() -> None:
    patient = Patient()
    labels = {"maintainer": "somebody"}
    _ = patient.engine.add_image("i", ImageInfo("ab" * 32, labels=labels, volumes=("/data",)))
    assert patient.test("i").differences == ()


def test_without_an_image_one_is_made_and_removed() -> None:
    patient = Patient()
    done = patient.test()
    assert [one.trouble for one in done.attempts] == [None]
    assert (done.image, patient.left) == ("", [])


def test_the_cures_are_tried_one_after_the_other() -> None:
    patient = Patient(needs={"ulimits": RLIMIT, "hybrid-cgroups": HYBRID})
    done = patient.test(DEFAULT_IMAGE)
    assert patient.given == [(), ("ulimits",), ("ulimits", "hybrid-cgroups")]
    found = [one.trouble.cause if one.trouble else None for one in done.attempts]
    assert found == ["ulimits", "hybrid-cgroups", None]
    assert patient.left == []


def test_low_limits_are_tried_when_our_own_are_too_high() -> None:
    patient = Patient(needs={"low-ulimits": RLIMIT})
    done = patient.test(DEFAULT_IMAGE)
    assert [one.workarounds for one in done.attempts] == [(), ("ulimits",), ("low-ulimits",)]
    assert done.attempts[-1].trouble is None


def test_a_cure_that_cannot_be_given_is_not_tried() -> None:
    patient = Patient(
        needs={"hybrid-cgroups": HYBRID}, supported_workarounds=frozenset(("ulimits",))
    )
    assert len(patient.test(DEFAULT_IMAGE).attempts) == 1


@pytest.mark.parametrize("method", ["put_archive", "start", "inspect"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_fails_nothing_is_left(method: str, when: str) -> None:
    patient = Patient()
    error = EngineFailed("it failed", "words never heard")
    patient.engine.fail(method, error, when=when)  # type: ignore[arg-type]
    done = patient.test()
    assert done.attempts[0].trouble is not None
    assert done.attempts[0].trouble.words == "words never heard"
    assert patient.left == []


def test_a_ctrl_c_leaves_nothing() -> None:
    class Interrupted(Patient):
        def create(
            self, spec: ContainerSpec, cures: tuple[Workaround, ...], limits: UlimitSettings
        ) -> Outcome[str]:
            _ = super().create(spec, cures, limits)
            raise KeyboardInterrupt

    patient = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _ = patient.test()
    assert patient.left == []


def test_what_cannot_be_removed_is_told() -> None:
    patient = Patient()
    patient.engine.fail("remove", EngineFailed("it failed"))
    done = patient.test(DEFAULT_IMAGE)
    assert done.leftover.startswith("lanekit-doctor-")
    assert patient.left == [done.leftover]


def test_leftovers_of_doctors_that_were_killed_are_removed_and_nothing_else() -> None:
    patient = Patient()
    _ = patient.engine.external_create("lanekit-doctor-0001", labels={LABEL: "start"})
    patient.engine.external_start("lanekit-doctor-0001")
    _ = patient.import_image(b"x", OWN_IMAGE, f"{LABEL}=image")
    others = ["somebodys", "lanekit-doctor-2"]
    _ = patient.engine.external_create("somebodys", labels={LABEL: "start"})
    _ = patient.engine.external_create("lanekit-doctor-2")
    _ = patient.test(DEFAULT_IMAGE)
    assert sorted(patient.left) == sorted(others)


def test_an_image_of_somebody_elses_is_not_removed() -> None:
    patient = Patient()
    _ = patient.engine.add_image(OWN_IMAGE)
    _ = patient.test(DEFAULT_IMAGE)
    assert patient.left == [OWN_IMAGE]


def test_a_port_given_twice_is_no_fault() -> None:
    patient = Patient()
    patient.engine.fail("start", PortInUse("taken", "bind: address already in use"))
    done = patient.test(DEFAULT_IMAGE)
    assert [one.trouble for one in done.attempts] == [None]
    assert patient.given == [(), ()]


def test_a_machine_without_a_program_of_ours_is_judged_by_how_far_the_runtime_got() -> None:
    missing = "OCI runtime attempted to invoke a command that was not found"
    for words, good in ((missing, True), (RLIMIT, False)):
        patient = Patient(supported_workarounds=frozenset())
        patient.engine.fail("start", StartFailed("could not start", words))
        done = patient.test(DEFAULT_IMAGE, machine="riscv64")
        assert (done.attempts[0].trouble is None) == good
        assert done.port is None
        assert not any(call.method == "put_archive" for call in patient.engine.calls)


def test_podman_that_lists_nothing_is_the_fault_that_is_told() -> None:
    patient = Patient()
    patient.engine.fail("list_by_labels", EngineFailed("could not list", "opening database /x: y"))
    done = patient.test(DEFAULT_IMAGE)
    assert done.attempts[0].trouble is not None
    assert done.attempts[0].trouble.cause == "storage"


def test_the_tar_of_the_program() -> None:
    program = PROGRAMS["amd64"]
    assert archive(PATH, program)[:100].rstrip(b"\0") == b"lanekit-doctor"
    assert len(archive(PATH, program)) == len(make_tar({PATH: Entry("file", 0o755, program)}))
