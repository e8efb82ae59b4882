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
from lanekit.core.domain.hints import SHARED_WORDS, get_image, library_words

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
    """One for each check, in the order in which they build on each other."""
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
    """Whether nothing fails."""
    return all(finding.status != "FAIL" for finding in found)


def _command(facts: Facts) -> Finding:
    way = facts.command
    if not way.fault:
        return Finding("command", "ok", f"podman {way.version}")
    status: Status = "warn" if facts.over == "socket" else "FAIL"
    remedy = (
        "it is there: what it says is what has to be mended"
        if way.there
        else SHARED_WORDS["install-podman"]
    )
    return Finding(
        "command",
        status,
        f"the podman command cannot be used: {way.where}",
        way.fault,
        (remedy,) if status == "FAIL" else ("nothing: the socket is enough",),
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
            *(("the command is enough, but slower",) if status == "warn" else ()),
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
    for diagnosis in host.warnings:
        if diagnosis.cause == "no-subids":
            return Finding(
                "rootless",
                "warn",
                f"yes, but {REASONS['no-subids']}",
                diagnosis.words,
                REMEDIES["no-subids"],
            )
    return Finding("rootless", "ok", "yes" if host.rootless else "no: containers are root's")


def _storage(host: PodmanHost) -> Finding:
    found = f"{host.driver} at {host.storage}"
    if host.driver == "vfs":
        slow = f"{found}: each container is a whole copy of its image, slow and large"
        return Finding("storage", "warn", slow, remedy=REMEDIES["overlay"])
    return Finding("storage", "ok", found)


def _cgroups(host: PodmanHost) -> Finding:
    found = f"{host.cgroups}, runtime {host.runtime or '?'}"
    missing = [name for name in ("memory", "cpu", "pids") if name not in host.controllers]
    if host.rootless and missing:
        note = f"{found}: memory, cpus or pids_limit of a lane cannot be kept ({missing[0]} is not"
        return Finding(
            "cgroups", "warn", f"{note} delegated to you)", remedy=REMEDIES["no-controllers"]
        )
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
        return _failed("image", "images cannot be looked at", facts.images)
    if facts.over is None or facts.host is None or not facts.fleet.images:
        why = "there is no podman" if facts.over is None else "no fleet file names one"
        return Finding("image", "not tried", why)
    missing = [image for image in facts.fleet.images if image not in facts.images]
    if missing:
        return Finding(
            "image",
            "FAIL",
            f"not in podman's storage: {', '.join(missing)}",
            remedy=(library_words(get_image(missing[0])),),
        )
    return Finding("image", "ok", ", ".join(facts.fleet.images))


def _start(facts: Facts) -> Finding:
    start = facts.start
    if start.skipped or not start.attempts:
        return Finding("start", "not tried", start.skipped or "there is no podman")
    first, last = start.attempts[0].diagnosis, start.attempts[-1]
    if first is None:
        left = (f"remove it by hand: podman rm -f {start.leftover}",) if start.leftover else ()
        image = f"of {start.image} " if start.image else ""
        found = f"a container {image}starts"
        if left:
            return Finding("start", "warn", f"{found}, but could not be removed", remedy=left)
        return Finding("start", "ok", found)
    if first.cause == "no-program":
        return Finding("start", "warn", REASONS[first.cause], first.words, REMEDIES[first.cause])
    seen = [one.diagnosis for one in start.attempts if one.diagnosis is not None]
    causes: tuple[Cause, ...] = tuple(dict.fromkeys(diagnosis.cause for diagnosis in seen))
    workarounds = next_workaround(last) or last.workarounds
    return Finding(
        "start",
        "FAIL",
        f"no container starts: {'; then '.join(REASONS[cause] for cause in causes)}",
        "\n".join(dict.fromkeys(diagnosis.words for diagnosis in seen)),
        (*_more(last, causes), *_service_note(facts, workarounds)),
        facts.conf if workarounds else "",
        containers_conf_lines(workarounds, facts.limits),
    )


def _more(last: StartAttempt, causes: tuple[Cause, ...]) -> Iterator[str]:
    """What to do besides the lines, and whether those were seen to be enough."""
    if last.diagnosis is None:
        yield "tried for one container: with these lines it starts"
        return
    for cause in causes:
        yield from REMEDIES[cause]
    if last.diagnosis.cause == "no-program":
        yield "with these lines podman gets as far as to start a program, and there is none"
    elif next_workaround(last) is not None:
        yield "the last of these lines cannot be tried here: there may be more causes behind it"
    elif last.workarounds:
        yield "these lines alone are not enough: with them podman says the last of the above"


def _service_note(facts: Facts, workarounds: tuple[Workaround, ...]) -> tuple[str, ...]:
    if not workarounds or facts.over != "socket":
        return ()
    user = " --user" if isinstance(facts.host, PodmanHost) and facts.host.rootless else ""
    return (f"then start podman's service anew: systemctl{user} restart podman.service",)


def _as_asked(facts: Facts) -> Finding:
    differs = facts.start.differences
    if differs is None:
        return Finding("as asked", "not tried", "no container was made")
    if not differs:
        return Finding("as asked", "ok", "podman makes a container as it is asked to")
    return Finding(
        "as asked",
        "FAIL",
        "podman makes containers that are other than asked: lanes are refused (SpecMismatch)",
        "\n".join(map(str, differs)),
        (SHARED_WORDS["change-containers-conf"],),
    )


def _port(facts: Facts) -> Finding:
    if facts.start.port is None:
        return Finding("port", "not tried", "no container ran a program that listens at a port")
    if facts.start.port:
        return Finding("port", "ok", "a port published on 127.0.0.1 leads into the container")
    return Finding(
        "port",
        "FAIL",
        "a port published on 127.0.0.1 does not lead into the container",
        remedy=(
            "lanes are reached that way: look for a firewall or a proxy between 127.0.0.1 and "
            "podman's network (`podman network inspect podman`)",
        ),
    )


def _host_name(facts: Facts) -> Finding:
    name = "host.containers.internal"
    if facts.start.host_name is None:
        return Finding("host name", "not tried", "a container's files could not be looked at")
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


def _failed(check: str, found: str, diagnosis: Diagnosis) -> Finding:
    reason = REASONS[diagnosis.cause]
    return Finding(
        check,
        "FAIL",
        f"{found}: {reason}",
        diagnosis.words,
        REMEDIES[diagnosis.cause] or REMEDIES["unknown"],
    )
