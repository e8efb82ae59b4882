"""What doctor says of a machine, word for word: it is read by whoever cannot start anything."""

from dataclasses import replace

import pytest
from tests.unit.domain.test_doctor import HOST, WELL

from lanekit.core.domain.diagnostics.facts import (
    ConnectionCheck,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartAttempt,
    StartTestResult,
)
from lanekit.core.domain.diagnostics.findings import Finding, Status, findings
from lanekit.core.domain.diagnostics.remedies import REASONS, REMEDIES
from lanekit.core.domain.hints import START_SERVICE

STUCK = StartAttempt((), Diagnosis("no-conmon", "conmon: not found"))
RLIMIT = StartAttempt((), Diagnosis("ulimits", "setrlimit: not permitted"))
CRUN = Diagnosis("hybrid-cgroups", "cgroup file not found")
RUNC = ("[engine]", 'runtime = "runc"')
HIGH = ("[containers]", 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]')
HELPED = "tried for one container: with these lines it starts"
NOWHERE = replace(
    WELL,
    over=None,
    host=None,
    command=ConnectionCheck("podman", fault="not found"),
    socket=ConnectionCheck("", fault="no socket"),
    start=StartTestResult(),
)
_HOST_CHECKS = ("podman", "rootless", "storage", "cgroups", "selinux")


def _of(seen: Facts, check: str) -> Finding:
    return next(finding for finding in findings(seen) if finding.check == check)


def _on(**changes: object) -> Facts:
    return replace(WELL, host=replace(HOST, **changes))  # type: ignore[arg-type]  # any field


def _tried(*tries: StartAttempt, host: PodmanHost = HOST) -> Facts:
    return replace(WELL, host=host, start=StartTestResult(tries))


def test_all_that_is_well() -> None:
    said = {
        "command": "podman 4.3.1",
        "socket": "podman 4.3.1 at unix:///s",
        "version": "4.3.1, lanekit needs 4.3",
        "podman": "`podman info` works",
        "rootless": "no: containers are root's",
        "storage": "overlay at /var/lib/containers/storage",
        "cgroups": "cgroups v2, systemd, runtime runc",
        "selinux": "off",
        "image": "localhost/x:1",
        "start": "a container of localhost/x:1 starts",
        "as asked": "podman makes a container as it is asked to",
        "port": "a port published on 127.0.0.1 leads into the container",
        "host name": "a container knows host.containers.internal",
        "fleet file": "lanes.toml",
        "locks": "lanekit can keep its locks",
        "git": "git version 2.39.5",
    }
    assert findings(WELL) == tuple(Finding(check, "ok", found) for check, found in said.items())


@pytest.mark.parametrize(
    ("seen", "check", "status", "found"),
    [
        (replace(WELL, over="command"), "socket", "ok", "podman 4.3.1 at unix:///s; not used"),
        (NOWHERE, "version", "not tried", "there is no podman"),
        (NOWHERE, "image", "not tried", "there is no podman"),
        (NOWHERE, "start", "not tried", "there is no podman"),
        (replace(WELL, over=None), "image", "not tried", "there is no podman"),
        (
            NOWHERE,
            "port",
            "not tried",
            "no container ran a program that listens at a port",
        ),
        (NOWHERE, "as asked", "not tried", "no container was made"),
        (NOWHERE, "host name", "not tried", "a container's files could not be looked at"),
        (
            replace(WELL, start=StartTestResult(skipped="asked not to")),
            "start",
            "not tried",
            "asked not to",
        ),
        (
            replace(WELL, start=StartTestResult((RLIMIT,), skipped="another runs")),
            "start",
            "not tried",
            "another runs",
        ),
        (
            replace(WELL, start=StartTestResult((StartAttempt(),))),
            "start",
            "ok",
            "a container starts",
        ),
        (replace(WELL, fleet=FleetFacts()), "image", "not tried", "no fleet file names one"),
        (
            replace(WELL, fleet=FleetFacts("f", images=("a", "b")), images=("b", "a")),
            "image",
            "ok",
            "a, b",
        ),
        (
            replace(WELL, fleet=FleetFacts()),
            "fleet file",
            "not tried",
            "no lanes.toml in this folder or one above it",
        ),
        (_on(rootless=True), "rootless", "ok", "yes"),
        (_on(runtime=""), "cgroups", "ok", "cgroups v2, systemd, runtime ?"),
        (_on(rootless=True), "cgroups", "ok", "cgroups v2, systemd, runtime runc"),
        *((NOWHERE, check, "not tried", "there is no podman") for check in _HOST_CHECKS),
        *(
            (
                replace(WELL, host=Diagnosis("storage", "read-only")),
                check,
                "not tried",
                "`podman info` does not work",
            )
            for check in _HOST_CHECKS[1:]
        ),
    ],
)
def test_what_needs_no_cure(seen: Facts, check: str, status: Status, found: str) -> None:
    assert _of(seen, check) == Finding(check, status, found)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            replace(WELL, command=ConnectionCheck("podman", fault="not found")),
            Finding(
                "command",
                "warn",
                "the podman command cannot be used: podman",
                "not found",
                ("nothing: the socket is enough",),
            ),
        ),
        (
            NOWHERE,
            Finding(
                "command",
                "FAIL",
                "the podman command cannot be used: podman",
                "not found",
                ("install podman 4.3 or later (`apt-get install podman`), or put it on PATH",),
            ),
        ),
        (
            NOWHERE,
            Finding(
                "socket", "FAIL", "podman's service does not answer", "no socket", (START_SERVICE,)
            ),
        ),
        (
            replace(WELL, over="command", socket=ConnectionCheck("unix:///s", fault="refused")),
            Finding(
                "socket",
                "warn",
                "podman's service does not answer",
                "unix:///s: refused",
                (START_SERVICE, "the command is enough, but slower"),
            ),
        ),
    ],
)
def test_a_way_to_podman_that_is_barred(seen: Facts, expected: Finding) -> None:
    assert _of(seen, expected.check) == expected


@pytest.mark.parametrize(
    ("seen", "status", "old"),
    [
        (replace(WELL, socket=ConnectionCheck("s", "4.2.9")), "FAIL", "4.2.9"),
        (replace(WELL, over="command", socket=ConnectionCheck("s", "4.2.9")), "warn", "4.2.9"),
        (replace(WELL, command=ConnectionCheck("podman", "3.4.4")), "warn", "3.4.4"),
        (
            replace(WELL, over="command", command=ConnectionCheck("podman", "3.4.4")),
            "FAIL",
            "3.4.4",
        ),
        (replace(WELL, command=ConnectionCheck("podman", "4")), "warn", "4"),
    ],
)
def test_a_podman_that_is_too_old(seen: Facts, status: Status, old: str) -> None:
    remedy = ("install podman 4.3 or later",)
    expected = Finding("version", status, f"podman {old} is too old", remedy=remedy)
    assert _of(seen, "version") == expected


def test_the_version_that_is_told_is_that_of_a_podman_that_is_there() -> None:
    seen = replace(NOWHERE, socket=ConnectionCheck("unix:///s", "5.4.2"))
    assert _of(seen, "version").found == "5.4.2, lanekit needs 4.3"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            replace(WELL, host=Diagnosis("storage", "read-only")),
            Finding(
                "podman",
                "FAIL",
                f"`podman info` does not work: {REASONS['storage']}",
                "read-only",
                REMEDIES["storage"],
            ),
        ),
        (
            # It has no remedy of its own but lines, and those are for starts.
            replace(WELL, host=Diagnosis("ulimits", "w")),
            Finding(
                "podman",
                "FAIL",
                f"`podman info` does not work: {REASONS['ulimits']}",
                "w",
                REMEDIES["unknown"],
            ),
        ),
        (
            replace(WELL, images=Diagnosis("storage", "locked")),
            Finding(
                "image",
                "FAIL",
                f"images cannot be looked at: {REASONS['storage']}",
                "locked",
                REMEDIES["storage"],
            ),
        ),
        (
            _on(warnings=(Diagnosis("overlay", "x"), Diagnosis("no-subids", "no ids"))),
            Finding(
                "rootless",
                "warn",
                f"yes, but {REASONS['no-subids']}",
                "no ids",
                REMEDIES["no-subids"],
            ),
        ),
        (
            _on(driver="vfs"),
            Finding(
                "storage",
                "warn",
                "vfs at /var/lib/containers/storage: each container is a whole copy of its image, "
                "slow and large",
                remedy=REMEDIES["overlay"],
            ),
        ),
        *(
            (
                _on(rootless=True, controllers=controllers),
                Finding(
                    "cgroups",
                    "warn",
                    "cgroups v2, systemd, runtime runc: memory, cpus or pids_limit of a lane "
                    f"cannot be kept ({missing} is not delegated to you)",
                    remedy=REMEDIES["no-controllers"],
                ),
            )
            for controllers, missing in (
                ((), "memory"),
                (("memory", "pids"), "cpu"),
                (("cpu", "memory"), "pids"),
            )
        ),
        (
            _on(selinux=True),
            Finding(
                "selinux",
                "ok",
                "on: lanekit mounts with :z, which gives worktree, worker and inbox the label of "
                "container files",
                remedy=(
                    "keep worktrees out of system folders such as /usr, /etc and /home itself",
                ),
            ),
        ),
        (
            replace(WELL, fleet=FleetFacts("f", images=("a", "b", "c")), images=("b",)),
            Finding(
                "image",
                "FAIL",
                "not in podman's storage: a, c",
                remedy=("`podman pull a`, or build it: lanekit never does",),
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, leftover="lanekit-doctor-1")),
            Finding(
                "start",
                "warn",
                "a container of localhost/x:1 starts, but could not be removed",
                remedy=("remove it by hand: podman rm -f lanekit-doctor-1",),
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, port=False)),
            Finding(
                "port",
                "FAIL",
                "a port published on 127.0.0.1 does not lead into the container",
                remedy=(
                    "lanes are reached that way: look for a firewall or a proxy between 127.0.0.1 "
                    "and podman's network (`podman network inspect podman`)",
                ),
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, host_name=False)),
            Finding(
                "host name",
                "warn",
                "a container does not know host.containers.internal: workers cannot call their "
                "server by it",
                remedy=("is `no_hosts` or `host_containers_internal_ip` set in containers.conf?",),
            ),
        ),
        (
            replace(WELL, fleet=FleetFacts("lanes.toml", ("line 1", "line 2"))),
            Finding(
                "fleet file",
                "FAIL",
                "lanes.toml",
                "line 1\nline 2",
                ("correct these lines",),
            ),
        ),
        (
            replace(WELL, locks="/run/lanekit: not a folder"),
            Finding(
                "locks",
                "FAIL",
                "lanekit cannot keep its locks",
                "/run/lanekit: not a folder",
                ("it needs a folder of its own there, that nobody else may write to",),
            ),
        ),
        (
            replace(WELL, git=""),
            Finding(
                "git",
                "warn",
                "there is no git",
                remedy=(
                    "install it (`apt-get install git`): worktrees and `lanekit init` need it",
                ),
            ),
        ),
    ],
)
def test_what_has_a_cure(seen: Facts, expected: Finding) -> None:
    assert _of(seen, expected.check) == expected


def _no_start(why: str, words: str, remedy: tuple[str, ...], *lines: str) -> Finding:
    file = WELL.conf if lines else ""
    return Finding("start", "FAIL", f"no container starts: {why}", words, remedy, file, lines)


ANEW = "then start podman's service anew: systemctl restart podman.service"
ALONE = "these lines alone are not enough: with them podman says the last of the above"
UNTRIED = "the last of these lines cannot be tried here: there may be more causes behind it"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            _tried(STUCK),
            _no_start(REASONS["no-conmon"], "conmon: not found", REMEDIES["no-conmon"]),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",))),
            _no_start(REASONS["ulimits"], "setrlimit: not permitted", (HELPED, ANEW), *HIGH),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",)), host=replace(HOST, rootless=True)),
            _no_start(
                REASONS["ulimits"],
                "setrlimit: not permitted",
                (HELPED, ANEW.replace("systemctl", "systemctl --user")),
                *HIGH,
            ),
        ),
        (
            replace(_tried(RLIMIT, StartAttempt(("ulimits",))), over="command"),
            _no_start(REASONS["ulimits"], "setrlimit: not permitted", (HELPED,), *HIGH),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",), STUCK.trouble)),
            _no_start(
                f"{REASONS['ulimits']}; then {REASONS['no-conmon']}",
                "setrlimit: not permitted\nconmon: not found",
                (*REMEDIES["no-conmon"], ALONE, ANEW),
                *HIGH,
            ),
        ),
        (
            _tried(StartAttempt((), CRUN)),
            _no_start(
                REASONS["hybrid-cgroups"],
                "cgroup file not found",
                (*REMEDIES["hybrid-cgroups"], UNTRIED, ANEW),
                *RUNC,
            ),
        ),
        (
            # The same cause twice, and the same words, are said once.
            _tried(StartAttempt((), CRUN), StartAttempt(("hybrid-cgroups",), CRUN)),
            _no_start(
                REASONS["hybrid-cgroups"],
                "cgroup file not found",
                (*REMEDIES["hybrid-cgroups"], ALONE, ANEW),
                *RUNC,
            ),
        ),
    ],
)
def test_a_start_that_fails(seen: Facts, expected: Finding) -> None:
    assert _of(seen, "start") == expected


def test_a_host_that_cannot_be_asked_is_taken_for_roots() -> None:
    seen = replace(_tried(RLIMIT, StartAttempt(("ulimits",))), host=Diagnosis("storage", "x"))
    assert ANEW in _of(seen, "start").remedy
