"""Each finding of doctor, whole, as a snapshot."""

from dataclasses import replace

import pytest
from inline_snapshot import snapshot
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
from lanekit.core.domain.diagnostics.findings import Finding, findings

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


def test_healthy_host_passes_every_check() -> None:
    assert findings(WELL) == snapshot(
        (
            Finding(check="command", status="ok", found="podman 4.3.1"),
            Finding(check="socket", status="ok", found="podman 4.3.1 at unix:///s"),
            Finding(check="version", status="ok", found="4.3.1, lanekit needs 4.3"),
            Finding(check="podman", status="ok", found="`podman info` works"),
            Finding(check="rootless", status="ok", found="no: containers are root's"),
            Finding(check="storage", status="ok", found="overlay at /var/lib/containers/storage"),
            Finding(check="cgroups", status="ok", found="cgroups v2, systemd, runtime runc"),
            Finding(check="selinux", status="ok", found="off"),
            Finding(check="image", status="ok", found="localhost/x:1"),
            Finding(check="start", status="ok", found="a container of localhost/x:1 starts"),
            Finding(
                check="as asked", status="ok", found="podman makes a container as it is asked to"
            ),
            Finding(
                check="port",
                status="ok",
                found="a port published on 127.0.0.1 leads into the container",
            ),
            Finding(
                check="host name", status="ok", found="a container knows host.containers.internal"
            ),
            Finding(check="fleet file", status="ok", found="lanes.toml"),
            Finding(check="locks", status="ok", found="lanekit can keep its locks"),
            Finding(check="git", status="ok", found="git version 2.39.5"),
        )
    )


@pytest.mark.parametrize(
    ("seen", "check", "finding"),
    [
        (
            replace(WELL, over="command"),
            "socket",
            snapshot(
                Finding(check="socket", status="ok", found="podman 4.3.1 at unix:///s; not used")
            ),
        ),
        (
            NOWHERE,
            "version",
            snapshot(Finding(check="version", status="not tried", found="there is no podman")),
        ),
        (
            NOWHERE,
            "image",
            snapshot(Finding(check="image", status="not tried", found="there is no podman")),
        ),
        (
            NOWHERE,
            "start",
            snapshot(Finding(check="start", status="not tried", found="there is no podman")),
        ),
        (
            replace(WELL, over=None),
            "image",
            snapshot(Finding(check="image", status="not tried", found="there is no podman")),
        ),
        (
            NOWHERE,
            "port",
            snapshot(
                Finding(
                    check="port",
                    status="not tried",
                    found="no container ran a program that listens at a port",
                )
            ),
        ),
        (
            NOWHERE,
            "as asked",
            snapshot(Finding(check="as asked", status="not tried", found="no container was made")),
        ),
        (
            NOWHERE,
            "host name",
            snapshot(
                Finding(
                    check="host name",
                    status="not tried",
                    found="a container's files could not be looked at",
                )
            ),
        ),
        (
            replace(WELL, start=StartTestResult(skipped="asked not to")),
            "start",
            snapshot(Finding(check="start", status="not tried", found="asked not to")),
        ),
        (
            replace(WELL, start=StartTestResult((RLIMIT,), skipped="another runs")),
            "start",
            snapshot(Finding(check="start", status="not tried", found="another runs")),
        ),
        (
            replace(WELL, start=StartTestResult((StartAttempt(),))),
            "start",
            snapshot(Finding(check="start", status="ok", found="a container starts")),
        ),
        (
            replace(WELL, fleet=FleetFacts()),
            "image",
            snapshot(Finding(check="image", status="not tried", found="no fleet file names one")),
        ),
        (
            replace(WELL, fleet=FleetFacts("f", images=("a", "b")), images=("b", "a")),
            "image",
            snapshot(Finding(check="image", status="ok", found="a, b")),
        ),
        (
            replace(WELL, fleet=FleetFacts()),
            "fleet file",
            snapshot(
                Finding(
                    check="fleet file",
                    status="not tried",
                    found="no lanes.toml in this folder or one above it",
                )
            ),
        ),
        (
            _on(rootless=True),
            "rootless",
            snapshot(Finding(check="rootless", status="ok", found="yes")),
        ),
        (
            _on(runtime=""),
            "cgroups",
            snapshot(Finding(check="cgroups", status="ok", found="cgroups v2, systemd, runtime ?")),
        ),
        (
            _on(rootless=True),
            "cgroups",
            snapshot(
                Finding(check="cgroups", status="ok", found="cgroups v2, systemd, runtime runc")
            ),
        ),
    ],
)
def test_check_without_fault_has_no_remedy(seen: Facts, check: str, finding: Finding) -> None:
    assert _of(seen, check) == finding


def test_host_checks_without_podman_are_not_tried() -> None:
    assert [_of(NOWHERE, check) for check in _HOST_CHECKS] == snapshot(
        [
            Finding(check="podman", status="not tried", found="there is no podman"),
            Finding(check="rootless", status="not tried", found="there is no podman"),
            Finding(check="storage", status="not tried", found="there is no podman"),
            Finding(check="cgroups", status="not tried", found="there is no podman"),
            Finding(check="selinux", status="not tried", found="there is no podman"),
        ]
    )
    broken = replace(WELL, host=Diagnosis("storage", "read-only"))
    assert [_of(broken, check) for check in _HOST_CHECKS[1:]] == snapshot(
        [
            Finding(check="rootless", status="not tried", found="`podman info` does not work"),
            Finding(check="storage", status="not tried", found="`podman info` does not work"),
            Finding(check="cgroups", status="not tried", found="`podman info` does not work"),
            Finding(check="selinux", status="not tried", found="`podman info` does not work"),
        ]
    )


@pytest.mark.parametrize(
    ("seen", "check", "finding"),
    [
        (
            replace(WELL, command=ConnectionCheck("podman", fault="not found")),
            "command",
            snapshot(
                Finding(
                    check="command",
                    status="warn",
                    found="the podman command cannot be used: podman",
                    words="not found",
                    remedy=("nothing: the socket is enough",),
                )
            ),
        ),
        (
            NOWHERE,
            "command",
            snapshot(
                Finding(
                    check="command",
                    status="FAIL",
                    found="the podman command cannot be used: podman",
                    words="not found",
                    remedy=(
                        "install podman 4.3 or later (`apt-get install podman`), or put it on PATH",
                    ),
                )
            ),
        ),
        (
            NOWHERE,
            "socket",
            snapshot(
                Finding(
                    check="socket",
                    status="FAIL",
                    found="podman's service does not answer",
                    words="no socket",
                    remedy=(
                        "start it with `systemctl --user start podman.socket` (as root without --user), or `podman system service --time 0 &`; CONTAINER_HOST=unix:///PATH names another socket",
                    ),
                )
            ),
        ),
        (
            replace(WELL, over="command", socket=ConnectionCheck("unix:///s", fault="refused")),
            "socket",
            snapshot(
                Finding(
                    check="socket",
                    status="warn",
                    found="podman's service does not answer",
                    words="unix:///s: refused",
                    remedy=(
                        "start it with `systemctl --user start podman.socket` (as root without --user), or `podman system service --time 0 &`; CONTAINER_HOST=unix:///PATH names another socket",
                        "the command is enough, but slower",
                    ),
                )
            ),
        ),
    ],
)
def test_unusable_connection_has_a_remedy(seen: Facts, check: str, finding: Finding) -> None:
    assert _of(seen, check) == finding


@pytest.mark.parametrize(
    ("seen", "finding"),
    [
        (
            replace(WELL, socket=ConnectionCheck("s", "4.2.9")),
            snapshot(
                Finding(
                    check="version",
                    status="FAIL",
                    found="podman 4.2.9 is too old",
                    remedy=("install podman 4.3 or later",),
                )
            ),
        ),
        (
            replace(WELL, over="command", socket=ConnectionCheck("s", "4.2.9")),
            snapshot(
                Finding(
                    check="version",
                    status="warn",
                    found="podman 4.2.9 is too old",
                    remedy=("install podman 4.3 or later",),
                )
            ),
        ),
        (
            replace(WELL, command=ConnectionCheck("podman", "3.4.4")),
            snapshot(
                Finding(
                    check="version",
                    status="warn",
                    found="podman 3.4.4 is too old",
                    remedy=("install podman 4.3 or later",),
                )
            ),
        ),
        (
            replace(WELL, over="command", command=ConnectionCheck("podman", "3.4.4")),
            snapshot(
                Finding(
                    check="version",
                    status="FAIL",
                    found="podman 3.4.4 is too old",
                    remedy=("install podman 4.3 or later",),
                )
            ),
        ),
        (
            replace(WELL, command=ConnectionCheck("podman", "4")),
            snapshot(
                Finding(
                    check="version",
                    status="warn",
                    found="podman 4 is too old",
                    remedy=("install podman 4.3 or later",),
                )
            ),
        ),
    ],
)
def test_podman_that_is_too_old_is_reported(seen: Facts, finding: Finding) -> None:
    assert _of(seen, "version") == finding


def test_version_shown_is_that_of_the_usable_podman() -> None:
    seen = replace(NOWHERE, socket=ConnectionCheck("unix:///s", "5.4.2"))
    assert _of(seen, "version").found == snapshot("5.4.2, lanekit needs 4.3")


@pytest.mark.parametrize(
    ("seen", "check", "finding"),
    [
        (
            replace(WELL, host=Diagnosis("storage", "read-only")),
            "podman",
            snapshot(
                Finding(
                    check="podman",
                    status="FAIL",
                    found="`podman info` does not work: podman's storage cannot be used (locked, damaged, full or not writable)",
                    words="read-only",
                    remedy=(
                        "is the disk full, is the folder yours, does another podman hang? `podman info` has to work; `podman system check` (5.0 or later) looks for damage",
                        "beware of `podman system reset`: it deletes all containers with their work",
                    ),
                )
            ),
        ),
        (
            # It has no remedy of its own but lines, and those are for starts.
            replace(WELL, host=Diagnosis("ulimits", "w")),
            "podman",
            snapshot(
                Finding(
                    check="podman",
                    status="FAIL",
                    found="`podman info` does not work: podman may not raise the limits of processes (ulimits) that it wants to give",
                    words="w",
                    remedy=(
                        "these are podman's own words; `podman run` of any image should say the same",
                    ),
                )
            ),
        ),
        (
            replace(WELL, images=Diagnosis("storage", "locked")),
            "image",
            snapshot(
                Finding(
                    check="image",
                    status="FAIL",
                    found="images cannot be looked at: podman's storage cannot be used (locked, damaged, full or not writable)",
                    words="locked",
                    remedy=(
                        "is the disk full, is the folder yours, does another podman hang? `podman info` has to work; `podman system check` (5.0 or later) looks for damage",
                        "beware of `podman system reset`: it deletes all containers with their work",
                    ),
                )
            ),
        ),
        (
            _on(warnings=(Diagnosis("overlay", "x"), Diagnosis("no-subids", "no ids"))),
            "rootless",
            snapshot(
                Finding(
                    check="rootless",
                    status="warn",
                    found="yes, but you have no range of user ids for containers (subuid, subgid, newuidmap)",
                    words="no ids",
                    remedy=(
                        "`apt-get install uidmap`, then as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then as the user: podman system migrate",
                    ),
                )
            ),
        ),
        (
            _on(driver="vfs"),
            "storage",
            snapshot(
                Finding(
                    check="storage",
                    status="warn",
                    found="vfs at /var/lib/containers/storage: each container is a whole copy of its image, slow and large",
                    remedy=(
                        'put its storage on another file system (graphroot in storage.conf), or use fuse-overlayfs: in storage.conf, [storage.options.overlay], mount_program = "/usr/bin/fuse-overlayfs"; driver = "vfs" works everywhere and is slow',
                    ),
                )
            ),
        ),
        (
            _on(rootless=True, controllers=()),
            "cgroups",
            snapshot(
                Finding(
                    check="cgroups",
                    status="warn",
                    found="cgroups v2, systemd, runtime runc: memory, cpus or pids_limit of a lane cannot be kept (memory is not delegated to you)",
                    remedy=(
                        "as root: write [Service] and Delegate=cpu cpuset io memory pids into /etc/systemd/system/user@.service.d/delegate.conf, systemctl daemon-reload, log in anew",
                    ),
                )
            ),
        ),
        (
            _on(rootless=True, controllers=("memory", "pids")),
            "cgroups",
            snapshot(
                Finding(
                    check="cgroups",
                    status="warn",
                    found="cgroups v2, systemd, runtime runc: memory, cpus or pids_limit of a lane cannot be kept (cpu is not delegated to you)",
                    remedy=(
                        "as root: write [Service] and Delegate=cpu cpuset io memory pids into /etc/systemd/system/user@.service.d/delegate.conf, systemctl daemon-reload, log in anew",
                    ),
                )
            ),
        ),
        (
            _on(rootless=True, controllers=("cpu", "memory")),
            "cgroups",
            snapshot(
                Finding(
                    check="cgroups",
                    status="warn",
                    found="cgroups v2, systemd, runtime runc: memory, cpus or pids_limit of a lane cannot be kept (pids is not delegated to you)",
                    remedy=(
                        "as root: write [Service] and Delegate=cpu cpuset io memory pids into /etc/systemd/system/user@.service.d/delegate.conf, systemctl daemon-reload, log in anew",
                    ),
                )
            ),
        ),
        (
            _on(selinux=True),
            "selinux",
            snapshot(
                Finding(
                    check="selinux",
                    status="ok",
                    found="on: lanekit mounts with :z, which gives worktree, worker and inbox the label of container files",
                    remedy=(
                        "keep worktrees out of system folders such as /usr, /etc and /home itself",
                    ),
                )
            ),
        ),
        (
            replace(WELL, fleet=FleetFacts("f", images=("a", "b", "c")), images=("b",)),
            "image",
            snapshot(
                Finding(
                    check="image",
                    status="FAIL",
                    found="not in podman's storage: a, c",
                    remedy=(
                        "lanekit never pulls: `podman pull a`, or build it with `podman build -t a DIR`",
                    ),
                )
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, leftover="lanekit-doctor-1")),
            "start",
            snapshot(
                Finding(
                    check="start",
                    status="warn",
                    found="a container of localhost/x:1 starts, but could not be removed",
                    remedy=("remove it by hand: podman rm -f lanekit-doctor-1",),
                )
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, port=False)),
            "port",
            snapshot(
                Finding(
                    check="port",
                    status="FAIL",
                    found="a port published on 127.0.0.1 does not lead into the container",
                    remedy=(
                        "lanes are reached that way: look for a firewall or a proxy between 127.0.0.1 and podman's network (`podman network inspect podman`)",
                    ),
                )
            ),
        ),
        (
            replace(WELL, start=replace(WELL.start, host_name=False)),
            "host name",
            snapshot(
                Finding(
                    check="host name",
                    status="warn",
                    found="a container does not know host.containers.internal: workers cannot call their server by it",
                    remedy=(
                        "is `no_hosts` or `host_containers_internal_ip` set in containers.conf?",
                    ),
                )
            ),
        ),
        (
            replace(WELL, fleet=FleetFacts("lanes.toml", ("line 1", "line 2"))),
            "fleet file",
            snapshot(
                Finding(
                    check="fleet file",
                    status="FAIL",
                    found="lanes.toml",
                    words="""\
line 1
line 2\
""",
                    remedy=("correct these lines",),
                )
            ),
        ),
        (
            replace(WELL, locks="/run/lanekit: not a folder"),
            "locks",
            snapshot(
                Finding(
                    check="locks",
                    status="FAIL",
                    found="lanekit cannot keep its locks",
                    words="/run/lanekit: not a folder",
                    remedy=(
                        "lanekit needs a folder of its own there that nobody else can write to",
                    ),
                )
            ),
        ),
        (
            replace(WELL, git=""),
            "git",
            snapshot(
                Finding(
                    check="git",
                    status="warn",
                    found="there is no git",
                    remedy=(
                        "install it (`apt-get install git`): worktrees and `lanekit init` need it",
                    ),
                )
            ),
        ),
    ],
)
def test_check_with_fault_has_a_remedy(seen: Facts, check: str, finding: Finding) -> None:
    assert _of(seen, check) == finding


@pytest.mark.parametrize(
    ("seen", "finding"),
    [
        (
            _tried(STUCK),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: conmon, which keeps a container, is missing or too old",
                    words="conmon: not found",
                    remedy=("install it: `apt-get install conmon`",),
                )
            ),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",))),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: podman may not raise the limits of processes (ulimits) that it wants to give",
                    words="setrlimit: not permitted",
                    remedy=(
                        "tried for one container: with these lines it starts",
                        "then start podman's service anew: systemctl restart podman.service",
                    ),
                    file="/etc/containers/containers.conf",
                    lines=(
                        "[containers]",
                        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
                    ),
                )
            ),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",)), host=replace(HOST, rootless=True)),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: podman may not raise the limits of processes (ulimits) that it wants to give",
                    words="setrlimit: not permitted",
                    remedy=(
                        "tried for one container: with these lines it starts",
                        "then start podman's service anew: systemctl --user restart podman.service",
                    ),
                    file="/etc/containers/containers.conf",
                    lines=(
                        "[containers]",
                        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
                    ),
                )
            ),
        ),
        (
            replace(_tried(RLIMIT, StartAttempt(("ulimits",))), over="command"),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: podman may not raise the limits of processes (ulimits) that it wants to give",
                    words="setrlimit: not permitted",
                    remedy=("tried for one container: with these lines it starts",),
                    file="/etc/containers/containers.conf",
                    lines=(
                        "[containers]",
                        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
                    ),
                )
            ),
        ),
        (
            _tried(RLIMIT, StartAttempt(("ulimits",), STUCK.diagnosis)),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: podman may not raise the limits of processes (ulimits) that it wants to give; then conmon, which keeps a container, is missing or too old",
                    words="""\
setrlimit: not permitted
conmon: not found\
""",
                    remedy=(
                        "install it: `apt-get install conmon`",
                        "these lines alone are not enough: with them podman says the last of the above",
                        "then start podman's service anew: systemctl restart podman.service",
                    ),
                    file="/etc/containers/containers.conf",
                    lines=(
                        "[containers]",
                        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
                    ),
                )
            ),
        ),
        (
            _tried(StartAttempt((), CRUN)),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: the runtime crun does not work with this kind of cgroups (hybrid or v1)",
                    words="cgroup file not found",
                    remedy=(
                        "it needs runc: `apt-get install runc`",
                        "the last of these lines cannot be tried here: there may be more causes behind it",
                        "then start podman's service anew: systemctl restart podman.service",
                    ),
                    file="/etc/containers/containers.conf",
                    lines=("[engine]", 'runtime = "runc"'),
                )
            ),
        ),
        (
            # The same cause twice, and the same words, are said once.
            _tried(StartAttempt((), CRUN), StartAttempt(("hybrid-cgroups",), CRUN)),
            snapshot(
                Finding(
                    check="start",
                    status="FAIL",
                    found="no container starts: the runtime crun does not work with this kind of cgroups (hybrid or v1)",
                    words="cgroup file not found",
                    remedy=(
                        "it needs runc: `apt-get install runc`",
                        "these lines alone are not enough: with them podman says the last of the above",
                        "then start podman's service anew: systemctl restart podman.service",
                    ),
                    file="/etc/containers/containers.conf",
                    lines=("[engine]", 'runtime = "runc"'),
                )
            ),
        ),
    ],
)
def test_failed_start_names_causes_and_remedies(seen: Facts, finding: Finding) -> None:
    assert _of(seen, "start") == finding


def test_unknown_host_is_treated_as_rootful() -> None:
    seen = replace(_tried(RLIMIT, StartAttempt(("ulimits",))), host=Diagnosis("storage", "x"))
    assert _of(seen, "start").remedy == snapshot(
        (
            "tried for one container: with these lines it starts",
            "then start podman's service anew: systemctl restart podman.service",
        )
    )
