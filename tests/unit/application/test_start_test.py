"""doctor's own container: made once, always removed, nobody else's touched."""

from dataclasses import dataclass, field, replace

import pytest
from returns.result import Success
from tests.support.lane_world import NoLock

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.adapters.podman.failure_causes import diagnosis_of
from lanekit.adapters.podman.start_programs import archive
from lanekit.core.application.start_test import LABEL, DoctorPorts, StartTest
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import (
    Connection,
    ConnectionCheck,
    Diagnosis,
    PodmanHost,
    StartAttempt,
    StartTestResult,
    UlimitSettings,
    Workaround,
)
from lanekit.core.domain.errors import EngineFailed, LaneError, Outcome, PortInUse, StartFailed
from lanekit.core.domain.lanes import DEFAULT_IMAGE
from lanekit.core.domain.observed import Endpoint, ImageInfo, ObservedContainer
from lanekit.core.ports.diagnostics import DiagnosticEngine, StartProgram

OWN_IMAGE = "localhost/lanekit-doctor:start"
LIMITS = UlimitSettings(1024, 4096)
RLIMIT = "error setting rlimit type 7: operation not permitted: OCI permission denied"
HYBRID = "crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2"


INFO = PodmanHost("4.3.1", False, "crun", "v2", (), False, "overlay", "/s", "amd64")
BUSYBOX = StartProgram(("/busybox", "httpd"), archive("/busybox", b"elf"))
SHELL = StartProgram(("/bin/sh", "-c", "exec x"), listening="listening")
MISSING = 'runc: exec: "/x": stat /x: no such file or directory: OCI runtime attempted to invoke it'


@dataclass
class Host:
    """A host with these programs and one podman."""

    programs: tuple[StartProgram, ...] = (BUSYBOX,)
    asked: list[str] = field(default_factory=lambda: [])

    def command(self) -> ConnectionCheck:
        raise NotImplementedError

    def socket(self) -> ConnectionCheck:
        raise NotImplementedError

    def preferred(self) -> Connection:
        raise NotImplementedError

    def engine(self, connection: Connection) -> DiagnosticEngine:
        raise NotImplementedError

    def containers_conf(self, podman: PodmanHost | None, connection: Connection | None) -> str:
        raise NotImplementedError

    def git_version(self) -> str:
        raise NotImplementedError

    def diagnosis(self, error: LaneError) -> Diagnosis:
        return diagnosis_of(error.detail or error.message)

    def limits(self) -> UlimitSettings:
        return LIMITS

    def start_programs(self, podman: PodmanHost, image: str) -> tuple[StartProgram, ...]:
        assert podman == INFO
        self.asked.append(image)
        return self.programs

    def empty_image(self) -> bytes:
        return b"tar"

    def knows_its_host(self, container: ObservedContainer) -> bool | None:
        return container.state == "running"


@dataclass
class Podman:
    """A podman in memory that starts nothing without these workarounds; `given`: the given ones."""

    engine: InMemory = field(default_factory=lambda: InMemory(seed=1))
    needs: dict[Workaround, str] = field(default_factory=lambda: {})
    supported_workarounds: frozenset[Workaround] = frozenset(
        ("ulimits", "low-ulimits", "hybrid-cgroups")
    )
    given: list[tuple[Workaround, ...]] = field(default_factory=lambda: [])
    programs: list[tuple[str, ...]] = field(default_factory=lambda: [])
    host: Host = field(default_factory=Host)

    def info(self) -> Outcome[PodmanHost]:
        raise NotImplementedError

    def create(
        self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        assert limits == LIMITS
        self.given.append(workarounds)
        self.programs.append(spec.entrypoint)
        words = [said for workaround, said in self.needs.items() if workaround not in workarounds]
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

    def test(self, *images: str) -> StartTestResult:
        """Run the start test; the in-memory engine answers for the containers' programs."""
        ports = DoctorPorts(self.host, NoLock(), self.engine, VirtualClock())
        return StartTest(ports, self, INFO).run(images)

    @property
    def left(self) -> list[str]:
        """The names of what is there."""
        images = self.engine.images([OWN_IMAGE]).unwrap()
        return [*(seen.name for seen in self.engine.containers), *images]


def test_a_container_that_starts_leaves_nothing() -> None:
    podman = Podman()
    done = podman.test(DEFAULT_IMAGE)
    assert [one.diagnosis for one in done.attempts] == [None]
    assert (done.image, done.port, done.host_name) == (DEFAULT_IMAGE, True, True)
    assert done.leftover == ""
    assert done.differences == ()
    assert podman.left == []


def test_what_was_made_other_than_asked_is_told() -> None:
    class Otherwise(Podman):
        def create(
            self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
        ) -> Outcome[str]:
            return super().create(replace(spec, memory=1 << 30), workarounds, limits)

    for podman in (
        Otherwise(),
        Otherwise(needs={"low-ulimits": RLIMIT}, supported_workarounds=frozenset()),
    ):
        done = podman.test(DEFAULT_IMAGE)
        assert done.differences is not None
        assert [difference.field for difference in done.differences] == ["memory"]
        assert podman.left == []


def test_what_the_image_brings_is_as_asked() -> None:
    podman = Podman()
    labels = {"maintainer": "somebody"}
    _ = podman.engine.add_image("i", ImageInfo("ab" * 32, labels=labels, volumes=("/data",)))
    assert podman.test("i").differences == ()


def test_without_an_image_one_is_made_and_removed() -> None:
    podman = Podman()
    done = podman.test()
    assert [one.diagnosis for one in done.attempts] == [None]
    assert (done.image, podman.left) == ("", [])


def test_the_workarounds_are_tried_one_after_the_other() -> None:
    podman = Podman(needs={"ulimits": RLIMIT, "hybrid-cgroups": HYBRID})
    done = podman.test(DEFAULT_IMAGE)
    assert podman.given == [(), ("ulimits",), ("ulimits", "hybrid-cgroups")]
    found = [one.diagnosis.cause if one.diagnosis else None for one in done.attempts]
    assert found == ["ulimits", "hybrid-cgroups", None]
    assert podman.left == []


def test_low_limits_are_tried_when_our_own_are_too_high() -> None:
    podman = Podman(needs={"low-ulimits": RLIMIT})
    done = podman.test(DEFAULT_IMAGE)
    assert [one.workarounds for one in done.attempts] == [(), ("ulimits",), ("low-ulimits",)]
    assert done.attempts[-1].diagnosis is None


def test_a_cure_that_cannot_be_given_is_not_tried() -> None:
    podman = Podman(needs={"hybrid-cgroups": HYBRID}, supported_workarounds=frozenset(("ulimits",)))
    assert len(podman.test(DEFAULT_IMAGE).attempts) == 1


@pytest.mark.parametrize("method", ["put_archive", "start", "inspect"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_fails_nothing_is_left(method: str, when: str) -> None:
    podman = Podman()
    error = EngineFailed("it failed", "words never heard")
    podman.engine.fail(method, error, when=when)  # type: ignore[arg-type]
    done = podman.test()
    assert done.attempts[0].diagnosis is not None
    assert done.attempts[0].diagnosis.words == "words never heard"
    assert podman.left == []


def test_a_ctrl_c_leaves_nothing() -> None:
    class Interrupted(Podman):
        def create(
            self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
        ) -> Outcome[str]:
            _ = super().create(spec, workarounds, limits)
            raise KeyboardInterrupt

    podman = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _ = podman.test()
    assert podman.left == []


def test_what_cannot_be_removed_is_told() -> None:
    podman = Podman()
    podman.engine.fail("remove", EngineFailed("it failed"))
    done = podman.test(DEFAULT_IMAGE)
    assert done.leftover.startswith("lanekit-doctor-")
    assert podman.left == [done.leftover]


def test_leftovers_of_doctors_that_were_killed_are_removed_and_nothing_else() -> None:
    podman = Podman()
    _ = podman.engine.external_create("lanekit-doctor-0001", labels={LABEL: "start"})
    podman.engine.external_start("lanekit-doctor-0001")
    _ = podman.import_image(b"x", OWN_IMAGE, f"{LABEL}=image")
    others = ["somebodys", "lanekit-doctor-2"]
    _ = podman.engine.external_create("somebodys", labels={LABEL: "start"})
    _ = podman.engine.external_create("lanekit-doctor-2")
    _ = podman.test(DEFAULT_IMAGE)
    assert sorted(podman.left) == sorted(others)


def test_an_image_of_somebody_elses_is_not_removed() -> None:
    podman = Podman()
    _ = podman.engine.add_image(OWN_IMAGE)
    _ = podman.test(DEFAULT_IMAGE)
    assert podman.left == [OWN_IMAGE]


def test_a_port_given_twice_is_no_fault() -> None:
    podman = Podman()
    podman.engine.fail("start", PortInUse("taken", "bind: address already in use"))
    done = podman.test(DEFAULT_IMAGE)
    assert [one.diagnosis for one in done.attempts] == [None]
    assert podman.given == [(), ()]


def _starting(*errors: str, programs: tuple[StartProgram, ...] = (BUSYBOX, SHELL)) -> Podman:
    podman = Podman(host=Host(programs), supported_workarounds=frozenset())
    for words in errors:
        podman.engine.fail("start", StartFailed("could not start", words))
    return podman


def test_next_program_is_tried_when_one_is_missing() -> None:
    podman = _starting(MISSING)
    done = podman.test(DEFAULT_IMAGE)
    assert podman.programs == [BUSYBOX.entrypoint, SHELL.entrypoint]
    assert podman.host.asked == [DEFAULT_IMAGE]
    assert done.attempts == (StartAttempt(),)
    assert podman.left == []


def test_other_failure_is_told_without_another_program() -> None:
    podman = _starting(RLIMIT)
    done = podman.test(DEFAULT_IMAGE)
    assert podman.programs == [BUSYBOX.entrypoint]
    assert done.attempts == (StartAttempt((), Diagnosis("ulimits", RLIMIT)),)


def test_no_program_that_runs_is_told_as_such() -> None:
    podman = _starting(MISSING, MISSING)
    done = podman.test(DEFAULT_IMAGE)
    assert done.attempts == (StartAttempt((), Diagnosis("no-program", MISSING)),)
    assert (done.port, done.host_name, podman.left) == (None, None, [])


def test_host_without_any_program_is_tested_up_to_the_start() -> None:
    podman = _starting(MISSING, programs=())
    done = podman.test()
    assert podman.host.asked == [""]
    assert podman.programs == [("/lanekit-doctor",)]
    assert not any(call.method == "put_archive" for call in podman.engine.calls)
    assert done.attempts == (StartAttempt((), Diagnosis("no-program", MISSING)),)
    assert done.differences == ()


class Ending(Podman):
    """A podman whose containers' first program ends, after its start, so many seconds later."""

    after: float = 0

    def create(
        self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        if spec.entrypoint == BUSYBOX.entrypoint:
            lines = ("exec /busybox: no such file or directory",)
            worker = Worker(
                answers_after=None, exits_after=self.after, exit_code=1, last_lines=lines
            )
            self.engine.set_worker(spec.name, worker)
        return super().create(spec, workarounds, limits)


@pytest.mark.parametrize("after", [0, 1])
def test_program_that_ends_at_once_gives_way_to_the_next(after: float) -> None:
    podman = Ending(host=Host((BUSYBOX, SHELL)))
    podman.after = after
    done = podman.test(DEFAULT_IMAGE)
    assert podman.programs == [BUSYBOX.entrypoint, SHELL.entrypoint]
    assert (done.attempts, done.port, podman.left) == ((StartAttempt(),), True, [])


def test_program_that_ends_at_once_is_told_with_its_words() -> None:
    done = Ending(host=Host((BUSYBOX,))).test(DEFAULT_IMAGE)
    words = "exec /busybox: no such file or directory"
    assert done.attempts == (StartAttempt((), Diagnosis("no-program", words)),)


@pytest.mark.parametrize(
    ("program", "log", "verdict"),
    [
        (BUSYBOX, "", False),
        (SHELL, "listening", False),
        (SHELL, "no python, no busybox", None),
    ],
)
def test_port_is_judged_if_the_program_listens(
    program: StartProgram, log: str, verdict: bool | None
) -> None:
    class Silent(InMemory):
        def answers(self, endpoint: Endpoint, path: str, timeout: float) -> bool:
            _ = endpoint, path, timeout
            return False

        def logs(self, container: str, tail: int) -> Outcome[str]:
            _ = container, tail
            return Success(log)

    podman = Podman(Silent(seed=1), host=Host((program,)))
    assert podman.test(DEFAULT_IMAGE).port is verdict


def test_podman_that_lists_nothing_is_the_fault_that_is_told() -> None:
    podman = Podman()
    podman.engine.fail("list_by_labels", EngineFailed("could not list", "opening database /x: y"))
    done = podman.test(DEFAULT_IMAGE)
    assert done.attempts[0].diagnosis is not None
    assert done.attempts[0].diagnosis.cause == "storage"
