"""What doctor makes of what it saw: laws over machines of every kind."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from tests.support.strategies.diagnostics import ABLE, LIMITS, TROUBLES, facts, tries

from lanekit.core.domain.diagnostics.facts import (
    ConnectionCheck,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartAttempt,
    StartTestResult,
    UlimitSettings,
    Workaround,
    containers_conf_lines,
    next_workarounds,
)
from lanekit.core.domain.diagnostics.findings import Finding, findings, is_well
from lanekit.core.domain.differences import Difference

HOST = PodmanHost(
    version="4.3.1",
    rootless=False,
    runtime="runc",
    cgroups="cgroups v2, systemd",
    controllers=("cpu", "memory", "pids"),
    selinux=False,
    driver="overlay",
    storage="/var/lib/containers/storage",
    machine="amd64",
)
WELL = Facts(
    fleet=FleetFacts("lanes.toml", images=("localhost/x:1",)),
    command=ConnectionCheck("podman", "4.3.1"),
    socket=ConnectionCheck("unix:///s", "4.3.1"),
    over="socket",
    host=HOST,
    limits=UlimitSettings(1024, 4096),
    conf="/etc/containers/containers.conf",
    images=("localhost/x:1",),
    start=StartTestResult(
        (StartAttempt(),), image="localhost/x:1", port=True, host_name=True, differences=()
    ),
    locks="",
    git="git version 2.39.5",
)


def _of(facts_seen: Facts, check: str) -> Finding:
    return next(finding for finding in findings(facts_seen) if finding.check == check)


@given(facts())
def test_every_machine_gets_each_check_once(seen: Facts) -> None:
    checks = [finding.check for finding in findings(seen)]
    assert checks == [finding.check for finding in findings(WELL)]
    assert len(set(checks)) == len(checks)


@given(facts())
def test_what_fails_says_what_to_do(seen: Facts) -> None:
    for finding in findings(seen):
        if finding.status in ("FAIL", "warn"):
            assert finding.remedy or finding.lines, finding


@given(facts())
def test_lines_have_a_file_and_are_a_containers_conf(seen: Facts) -> None:
    for finding in findings(seen):
        assert bool(finding.lines) == bool(finding.file)
        assert set(tomllib.loads("\n".join(finding.lines))) <= {"containers", "engine"}


@given(facts())
def test_the_start_fails_when_no_container_started(seen: Facts) -> None:
    finding = _of(seen, "start")
    first = seen.start.attempts[0].diagnosis if seen.start.attempts else None
    assert (finding.status == "FAIL") == (first is not None and first.cause != "no-program")
    assert (finding.status == "ok") <= (first is None)
    for one in seen.start.attempts:
        if one.diagnosis is not None:
            assert one.diagnosis.words in finding.words


@given(facts())
def test_a_cure_that_helped_is_what_is_told(seen: Facts) -> None:
    if len(seen.start.attempts) > 1 and seen.start.attempts[-1].diagnosis is None:
        finding = _of(seen, "start")
        assert finding.lines == containers_conf_lines(
            seen.start.attempts[-1].workarounds, seen.limits
        )
        assert "tried for one container: with these lines it starts" in finding.remedy


@given(facts())
def test_a_machine_without_any_way_to_podman_is_not_well(seen: Facts) -> None:
    if seen.over is None:
        assert not is_well(findings(seen))


@given(tries())
def test_each_try_has_other_cures_and_there_are_few(made: tuple[StartAttempt, ...]) -> None:
    cures = [one.workarounds for one in made]
    assert cures[0] == ()
    assert len(set(cures)) == len(cures) <= 4
    assert all(len(set(given)) == len(given) for given in cures)
    assert all(one.diagnosis is not None for one in made[:-1])


@given(ABLE, TROUBLES)
def test_nothing_is_tried_that_cannot_be(able: frozenset[Workaround], diagnosis: Diagnosis) -> None:
    wanted = next_workarounds((StartAttempt((), diagnosis),), able)
    assert wanted is None or able.issuperset(wanted)


@given(LIMITS)
def test_no_limit_is_above_what_this_process_may_give(limits: UlimitSettings) -> None:
    choices: tuple[tuple[Workaround, ...], ...] = (("ulimits",), ("low-ulimits",))
    for cures in choices:
        for name, value in limits.ulimits(cures):
            own = limits.files if name == "nofile" else limits.processes
            assert 0 <= value <= (own if own >= 0 else 1 << 20)


ULIMITS, CRUN = Diagnosis("ulimits", "w"), Diagnosis("hybrid-cgroups", "w")


@pytest.mark.parametrize(
    ("cures", "diagnosis", "next_workarounds_expected"),
    [
        ((), ULIMITS, ("ulimits",)),
        (("ulimits",), ULIMITS, ("low-ulimits",)),
        (("hybrid-cgroups", "ulimits"), ULIMITS, ("hybrid-cgroups", "low-ulimits")),
        (("low-ulimits",), ULIMITS, None),
        ((), CRUN, ("hybrid-cgroups",)),
        (("ulimits",), CRUN, ("ulimits", "hybrid-cgroups")),
        (("hybrid-cgroups",), CRUN, None),
        ((), Diagnosis("overlay", "w"), None),
        ((), None, None),
    ],
)
def test_the_next_try_is_with_one_cure_more(
    cures: tuple[Workaround, ...],
    diagnosis: Diagnosis | None,
    next_workarounds_expected: tuple[Workaround, ...] | None,
) -> None:
    able: frozenset[Workaround] = frozenset(("ulimits", "low-ulimits", "hybrid-cgroups"))
    last = StartAttempt(cures, diagnosis)
    assert (
        next_workarounds((StartAttempt(("ulimits",), CRUN), last), able)
        == next_workarounds_expected
    )
    assert next_workarounds((), able) == ()
    if next_workarounds_expected:
        assert next_workarounds((last,), able - {next_workarounds_expected[-1]}) is None


def test_limits_that_need_no_privilege_by_their_names() -> None:
    unlimited, tight = UlimitSettings(-1, 1 << 20), UlimitSettings(7, 9)
    assert unlimited.ulimits(("ulimits",)) == (("nofile", 1 << 20), ("nproc", 1 << 20))
    assert tight.ulimits(("ulimits", "hybrid-cgroups")) == (("nofile", 7), ("nproc", 9))
    assert unlimited.ulimits(("low-ulimits",)) == (("nofile", 1024), ("nproc", 4096))
    assert tight.ulimits(("low-ulimits",)) == (("nofile", 7), ("nproc", 9))
    assert tight.ulimits(("hybrid-cgroups",)) == ()
    assert UlimitSettings(0, (1 << 20) - 1).ulimits(("ulimits",)) == (
        ("nofile", 0),
        ("nproc", 1048575),
    )


def test_all_is_well() -> None:
    assert {finding.status for finding in findings(WELL)} == {"ok"}
    assert is_well(findings(WELL))


@pytest.mark.parametrize(
    ("check", "status", "seen"),
    [
        ("command", "warn", replace(WELL, command=ConnectionCheck("podman", fault="none"))),
        ("socket", "warn", replace(WELL, over="command", socket=ConnectionCheck("", fault="none"))),
        (
            "socket",
            "FAIL",
            replace(WELL, over=None, host=None, socket=ConnectionCheck("", fault="none")),
        ),
        ("version", "FAIL", replace(WELL, socket=ConnectionCheck("s", "4.2.9"))),
        ("version", "warn", replace(WELL, command=ConnectionCheck("podman", "3.4.4"))),
        ("version", "ok", replace(WELL, command=ConnectionCheck("podman", "5.0.0-rc1"))),
        ("storage", "warn", replace(WELL, host=replace(HOST, driver="vfs"))),
        ("cgroups", "warn", replace(WELL, host=replace(HOST, rootless=True, controllers=()))),
        ("cgroups", "ok", replace(WELL, host=replace(HOST, controllers=()))),
        (
            "rootless",
            "warn",
            replace(WELL, host=replace(HOST, warnings=(Diagnosis("no-subids", "no ids"),))),
        ),
        ("podman", "FAIL", replace(WELL, host=Diagnosis("storage", "read-only"))),
        ("image", "FAIL", replace(WELL, images=())),
        ("image", "not tried", replace(WELL, fleet=FleetFacts())),
        ("start", "not tried", replace(WELL, start=StartTestResult(skipped="another doctor"))),
        ("start", "warn", replace(WELL, start=replace(WELL.start, leftover="lanekit-doctor-1"))),
        ("as asked", "not tried", replace(WELL, start=replace(WELL.start, differences=None))),
        (
            "as asked",
            "FAIL",
            replace(WELL, start=replace(WELL.start, differences=(Difference("f", "a", "b"),))),
        ),
        ("port", "FAIL", replace(WELL, start=replace(WELL.start, port=False))),
        ("host name", "warn", replace(WELL, start=replace(WELL.start, host_name=False))),
        ("fleet file", "FAIL", replace(WELL, fleet=FleetFacts("lanes.toml", ("line 1",)))),
        ("locks", "FAIL", replace(WELL, locks="/run/lanekit: not a folder")),
        ("git", "warn", replace(WELL, git="")),
    ],
)
def test_one_thing_that_is_wrong(check: str, status: str, seen: Facts) -> None:
    assert _of(seen, check).status == status
    assert is_well(findings(seen)) == (status != "FAIL")


def test_selinux_is_told_of() -> None:
    seen = replace(WELL, host=replace(HOST, selinux=True))
    assert ":z" in _of(seen, "selinux").found


def test_each_difference_of_what_was_made_is_told() -> None:
    differs = (Difference("memory", "4g", "2g"), Difference("cap_drop", "none", "CHOWN"))
    found = _of(replace(WELL, start=replace(WELL.start, differences=differs)), "as asked")
    assert found.words == "memory: expected 4g, actual 2g\ncap_drop: expected none, actual CHOWN"
    assert any("containers.conf" in line for line in found.remedy)


def test_a_command_that_is_there_is_not_to_be_installed() -> None:
    alone = replace(WELL, over=None, host=None, socket=ConnectionCheck("", fault="none"))
    broken = ConnectionCheck("podman", fault="containers.conf: no such file", there=True)
    told = _of(replace(alone, command=broken), "command")
    assert told.words == broken.fault
    assert not any("install" in line for line in told.remedy)
    missing = _of(
        replace(alone, command=ConnectionCheck("podman", fault="No such file")), "command"
    )
    assert any("apt-get install podman" in line for line in missing.remedy)


def test_two_causes_one_after_the_other_are_both_named() -> None:
    first = StartAttempt((), Diagnosis("ulimits", "first words"))
    second = StartAttempt(("ulimits",), Diagnosis("hybrid-cgroups", "second words"))
    third = StartAttempt(("ulimits", "hybrid-cgroups"))
    found = _of(replace(WELL, start=StartTestResult((first, second, third))), "start")
    assert found.words == "first words\nsecond words"
    assert found.lines == (
        "[containers]",
        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
        "[engine]",
        'runtime = "runc"',
    )


def test_missing_program_is_a_warning_that_claims_no_start() -> None:
    nothing = StartTestResult((StartAttempt((), Diagnosis("no-program", "exec: not found")),))
    found = _of(replace(WELL, start=nothing), "start")
    assert (found.status, found.words, found.lines) == ("warn", "exec: not found", ())
    assert "starts" not in found.found
    assert "busybox-static" in found.remedy[0]


def test_workaround_that_ends_at_a_missing_program_got_further() -> None:
    first = StartAttempt((), Diagnosis("ulimits", "first words"))
    second = StartAttempt(("ulimits",), Diagnosis("no-program", "second words"))
    found = _of(replace(WELL, start=StartTestResult((first, second))), "start")
    assert found.status == "FAIL"
    assert found.lines[0] == "[containers]"
    assert any("gets as far as to start a program" in line for line in found.remedy)
    assert not any("not enough" in line for line in found.remedy)


def test_what_could_not_be_tried_is_told_and_so_is_that_there_may_be_more() -> None:
    tried = (StartAttempt((), Diagnosis("hybrid-cgroups", "words")),)
    found = _of(replace(WELL, start=StartTestResult(tried)), "start")
    assert found.lines == ("[engine]", 'runtime = "runc"')
    assert any("may be more causes" in line for line in found.remedy)
    assert any("systemctl restart podman.service" in line for line in found.remedy)
