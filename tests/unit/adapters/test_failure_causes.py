"""podman's words and what they mean. Those of this machine's podman were recorded from it."""

import pytest

from lanekit.adapters.podman.failure_causes import diagnosis_of, warnings

RUNC = "runc: runc create failed: unable to start container process: "
NO_PROGRAM = "OCI runtime attempted to invoke a command that was not found"
RECORDED = [
    (
        "ulimits",
        f"{RUNC}error during container init: error setting rlimits for ready process: error "
        "setting rlimit type 7: operation not permitted: OCI permission denied",
    ),
    ("ulimits", "crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission denied"),
    (
        "hybrid-cgroups",
        "OCI runtime error: crun: cgroups in hybrid mode not supported, drop all controllers from "
        "cgroupv2",
    ),
    ("no-runtime", 'default OCI runtime "nosuch" not found: invalid argument'),
    (
        "no-network",
        'could not find "netavark" in one of [/none].  To resolve this error, set the '
        "helper_binaries_dir key in the `[engine]` section of containers.conf to the directory "
        "containing your helper binaries.",
    ),
    ("no-network", "netavark: No such file or directory (os error 2)"),
    (
        "no-subids",
        'cannot find UID/GID for user nobody: no subuid ranges found for user "nobody" in '
        "/etc/subuid - check rootless mode in man pages.",
    ),
    ("storage", "creating runtime static files directory: mkdir /x: read-only file system"),
    ("storage", "opening database /x/root/libpod/bolt_state.db: file size too small"),
    (
        "no-service",
        'unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix /x: '
        "connect: no such file or directory",
    ),
    ("no-program", f'{RUNC}exec: "/x": stat /x: no such file or directory: {NO_PROGRAM}'),
]
REPORTED = [
    (
        "hybrid-cgroups",
        "crun: creating cgroup directory `/sys/fs/cgroup/devices/libpod_parent/libpod-a`: No such "
        "file or directory: OCI runtime attempted to invoke a command that was not found",
    ),
    (
        "no-conmon",
        "could not get runtime: could not find a working conmon binary (configured options: "
        "[/usr/bin/conmon]): invalid argument",
    ),
    (
        "overlay",
        "kernel does not support overlay fs: 'overlay' is not supported over extfs at \"/x\": "
        "backing file system is unsupported for this graph driver",
    ),
    (
        "no-program",
        f"crun: executable file `/x` not found: No such file or directory: {NO_PROGRAM}",
    ),
    ("no-subids", 'cannot find newuidmap: exec: "newuidmap": executable file not found in $PATH'),
    ("no-controllers", "opening file `memory.swap.max` for writing: Permission denied"),
]


@pytest.mark.parametrize(("cause", "words"), RECORDED + REPORTED)
def test_known_words(cause: str, words: str) -> None:
    for said in (words, f"Error: {words}"):
        assert (diagnosis_of(said).cause, diagnosis_of(said).words) == (cause, said)


@pytest.mark.parametrize(
    "words",
    [
        "something never seen before",
        f"crun: open `/x`: No such file or directory: {NO_PROGRAM}",
        f'{RUNC}exec: "/x": permission denied: OCI permission denied',
        "unable to find user root: no matching entries in passwd file",
        "",
    ],
)
def test_other_words_are_kept_as_they_are(words: str) -> None:
    assert diagnosis_of(words).cause == "unknown"
    assert diagnosis_of(words).words == words


def test_complaints_of_the_log() -> None:
    log = (
        'time="2026-01-01T00:00:00Z" level=warning msg="\\"/\\" is not a shared mount"\n'
        'time="2026-01-01T00:00:00Z" level=error msg="cannot find UID/GID for user x: no subuid '
        'ranges found for user \\"x\\" in /etc/subuid - check rootless mode in man pages."\n'
    )
    assert [found.cause for found in warnings(log)] == ["no-subids"]
