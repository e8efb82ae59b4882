"""Facts of a machine -> what is well, what is not, and what to do. Total, and without a look."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.diagnostics.facts import (
    OLDEST,
    Cause,
    ConnectionCheck,
    Diagnosis,
    Facts,
    PodmanHost,
    StartAttempt,
    Workaround,
    containers_conf_lines,
    next_workaround,
)
from lanekit.core.domain.diagnostics.remedies import REASONS, REMEDIES
from lanekit.core.domain.hints import SHARED_WORDS

Status: TypeAlias = Literal["ok", "warn", "FAIL", "not tried"]


@dataclass(frozen=True)
class Finding:
    """One check: what was found, the system's own words, what to do.

    `lines` are to be put into the containers.conf `file`.
    """

    check: str
    status: Status
    found: str
    words: str = ""
    remedy: tuple[str, ...] = ()
    file: str = ""
    lines: tuple[str, ...] = ()


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Return one finding per check, in the order in which they build on each other."""
    return (
        _command(facts),
        _socket(facts),
        _version(facts),
        *_host(facts),
        _images(facts),
        _start(facts),
        _as_asked(facts),
        _port(facts),
        _host_name(facts),
        _fleet(facts),
        _locks(facts),
        _git(facts),
    )


def is_well(found: tuple[Finding, ...]) -> bool:
    """Return whether no check fails."""
    return all(finding.status != "FAIL" for finding in found)


def _command(facts: Facts) -> Finding:
    way = facts.command
    if not way.fault:
        return Finding("command", "ok", f"podman {way.version}")
    status: Status = "warn" if facts.over == "socket" else "FAIL"
    remedy = (
        "fix the error that the command reports" if way.there else SHARED_WORDS["install-podman"]
    )
    return Finding(
        "command",
        status,
        f"the podman command cannot be used: {way.where}",
        way.fault,
        (remedy,) if status == "FAIL" else ("nothing to do: the socket is sufficient",),
    )


def _socket(facts: Facts) -> Finding:
    way = facts.socket
    if not way.fault:
        note = "" if facts.over == "socket" else "; not used"
        return Finding("socket", "ok", f"podman {way.version} at {way.where}{note}")
    status: Status = "warn" if facts.over == "command" else "FAIL"
    return Finding(
        "socket",
        status,
        "podman's service does not answer",
        f"{way.where}: {way.fault}" if way.where else way.fault,
        (
            SHARED_WORDS["start-podman-service"],
            *(("or use the command, which is slower",) if status == "warn" else ()),
        ),
    )


def _version(facts: Facts) -> Finding:
    ways = [way for way in (facts.command, facts.socket) if way.version]
    if not ways:
        return Finding("version", "not tried", "there is no podman")
    old = [way for way in ways if _is_old(way)]
    oldest = ".".join(map(str, OLDEST))
    if old:
        used = facts.socket if facts.over == "socket" else facts.command
        return Finding(
            "version",
            "FAIL" if used in old else "warn",
            f"podman {old[0].version} is too old",
            remedy=(f"install podman {oldest} or later",),
        )
    return Finding("version", "ok", f"{ways[0].version}, lanekit needs {oldest}")


def _is_old(way: ConnectionCheck) -> bool:
    numbers = tuple(int(number) for number in re.findall(r"[0-9]{1,9}", way.version)[:2])
    return numbers < OLDEST


def _host(facts: Facts) -> Iterator[Finding]:
    match facts.host:
        case PodmanHost():
            yield Finding("podman", "ok", "`podman info` works")
            yield _rootless(facts.host)
            yield _storage(facts.host)
            yield _cgroups(facts.host)
            yield _selinux(facts.host)
        case Diagnosis():
            yield _failed("podman", "`podman info` does not work", facts.host)
            for check in ("rootless", "storage", "cgroups", "selinux"):
                yield Finding(check, "not tried", "`podman info` does not work")
        case None:
            for check in ("podman", "rootless", "storage", "cgroups", "selinux"):
                yield Finding(check, "not tried", "there is no podman")


def _rootless(host: PodmanHost) -> Finding:
    for trouble in host.warnings:
        if trouble.cause == "no-subids":
            return Finding(
                "rootless",
                "warn",
                f"yes, but {REASONS['no-subids']}",
                trouble.words,
                REMEDIES["no-subids"],
            )
    return Finding("rootless", "ok", "yes" if host.rootless else "no: containers are root's")


def _storage(host: PodmanHost) -> Finding:
    found = f"{host.driver} at {host.storage}"
    if host.driver == "vfs":
        slow = f"{found}: each container is a full copy of its image: slow and large"
        return Finding("storage", "warn", slow, remedy=REMEDIES["overlay"])
    return Finding("storage", "ok", found)


def _cgroups(host: PodmanHost) -> Finding:
    found = f"{host.cgroups}, runtime {host.runtime or '?'}"
    missing = [name for name in ("memory", "cpu", "pids") if name not in host.controllers]
    if host.rootless and missing:
        note = (
            f"memory, cpus and pids_limit cannot be enforced ({missing[0]} is not delegated to you)"
        )
        return Finding("cgroups", "warn", f"{found}: {note}", remedy=REMEDIES["no-controllers"])
    return Finding("cgroups", "ok", found)


def _selinux(host: PodmanHost) -> Finding:
    if not host.selinux:
        return Finding("selinux", "ok", "off")
    return Finding(
        "selinux",
        "ok",
        "on: lanekit mounts with :z, which gives worktree, worker and inbox the label of "
        "container files",
        remedy=("keep worktrees out of system folders such as /usr, /etc and /home itself",),
    )


def _images(facts: Facts) -> Finding:
    if isinstance(facts.images, Diagnosis):
        return _failed("image", "images cannot be inspected", facts.images)
    if facts.over is None or facts.host is None or not facts.fleet.images:
        why = "there is no podman" if facts.over is None else "no fleet file names one"
        return Finding("image", "not tried", why)
    missing = [image for image in facts.fleet.images if image not in facts.images]
    if missing:
        return Finding(
            "image",
            "FAIL",
            f"not in podman's storage: {', '.join(missing)}",
            remedy=(f"`podman pull {missing[0]}`, or build it; lanekit does neither",),
        )
    return Finding("image", "ok", ", ".join(facts.fleet.images))


def _start(facts: Facts) -> Finding:
    start = facts.start
    if start.skipped or not start.attempts:
        return Finding("start", "not tried", start.skipped or "there is no podman")
    first, last = start.attempts[0].trouble, start.attempts[-1]
    if first is None:
        remedy = (f"remove it by hand: podman rm -f {start.leftover}",) if start.leftover else ()
        image = f"of {start.image} " if start.image else ""
        found = f"a container {image}starts"
        if remedy:
            return Finding("start", "warn", f"{found}, but could not be removed", remedy=remedy)
        return Finding("start", "ok", found)
    failures = [one.trouble for one in start.attempts if one.trouble is not None]
    causes: tuple[Cause, ...] = tuple(dict.fromkeys(trouble.cause for trouble in failures))
    workarounds = next_workaround(last) or last.workarounds
    return Finding(
        "start",
        "FAIL",
        f"no container starts: {'; then '.join(REASONS[cause] for cause in causes)}",
        "\n".join(dict.fromkeys(trouble.words for trouble in failures)),
        (*_start_remedies(last, causes), *_service_note(facts, workarounds)),
        facts.conf if workarounds else "",
        containers_conf_lines(workarounds, facts.limits),
    )


def _start_remedies(last: StartAttempt, causes: tuple[Cause, ...]) -> Iterator[str]:
    """Yield what to do besides the settings, and whether those were tested to be sufficient."""
    if last.trouble is None:
        yield "tested with one container: with these settings it starts"
        return
    for cause in causes:
        yield from REMEDIES[cause]
    if next_workaround(last) is not None:
        yield "the last of these settings cannot be tried here; there may be further causes"
    elif last.workarounds:
        yield (
            "these settings alone are not sufficient; with them podman fails with the last error "
            "above"
        )


def _service_note(facts: Facts, workarounds: tuple[Workaround, ...]) -> tuple[str, ...]:
    if not workarounds or facts.over != "socket":
        return ()
    user = " --user" if isinstance(facts.host, PodmanHost) and facts.host.rootless else ""
    return (f"then restart podman's service: systemctl{user} restart podman.service",)


def _as_asked(facts: Facts) -> Finding:
    differs = facts.start.differences
    if differs is None:
        return Finding("as asked", "not tried", "no container was created")
    if not differs:
        return Finding("as asked", "ok", "podman creates containers as specified")
    return Finding(
        "as asked",
        "FAIL",
        "podman creates containers that differ from their specification: lanes fail (SpecMismatch)",
        "\n".join(map(str, differs)),
        (SHARED_WORDS["change-containers-conf"],),
    )


def _port(facts: Facts) -> Finding:
    if facts.start.port is None:
        return Finding("port", "not tried", "no container ran, or its test program did not")
    if facts.start.port:
        return Finding("port", "ok", "a port published on 127.0.0.1 leads into the container")
    return Finding(
        "port",
        "FAIL",
        "a port published on 127.0.0.1 does not lead into the container",
        remedy=(
            "lanes are reached this way: look for a firewall or a proxy between 127.0.0.1 and "
            "podman's network (`podman network inspect podman`)",
        ),
    )


def _host_name(facts: Facts) -> Finding:
    name = "host.containers.internal"
    if facts.start.host_name is None:
        return Finding("host name", "not tried", "the files of a container could not be read")
    if facts.start.host_name:
        return Finding("host name", "ok", f"a container knows {name}")
    return Finding(
        "host name",
        "warn",
        f"a container does not know {name}: workers cannot call their server by it",
        remedy=("is `no_hosts` or `host_containers_internal_ip` set in containers.conf?",),
    )


def _fleet(facts: Facts) -> Finding:
    if facts.fleet.faults:
        return Finding(
            "fleet file",
            "FAIL",
            facts.fleet.path,
            "\n".join(facts.fleet.faults),
            ("correct these lines",),
        )
    if not facts.fleet.path:
        return Finding("fleet file", "not tried", "no lanes.toml in this folder or one above it")
    return Finding("fleet file", "ok", facts.fleet.path)


def _locks(facts: Facts) -> Finding:
    if facts.locks:
        return Finding(
            "locks",
            "FAIL",
            "lanekit cannot keep its locks",
            facts.locks,
            (SHARED_WORDS["own-lock-folder"],),
        )
    return Finding("locks", "ok", "lanekit can keep its locks")


def _git(facts: Facts) -> Finding:
    if facts.git:
        return Finding("git", "ok", facts.git)
    return Finding(
        "git",
        "warn",
        "there is no git",
        remedy=("install it (`apt-get install git`): worktrees and `lanekit init` need it",),
    )


def _failed(check: str, found: str, trouble: Diagnosis) -> Finding:
    reason = REASONS[trouble.cause]
    return Finding(
        check,
        "FAIL",
        f"{found}: {reason}",
        trouble.words,
        REMEDIES[trouble.cause] or REMEDIES["unknown"],
    )
