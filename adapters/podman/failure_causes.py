"""podman's error texts -> why no container starts on this host, for `lanekit doctor`.

Recorded from podman 4.3.1 with runc 1.1.5 and crun 1.8.1, but for those marked: they are from
reports of podman's users. Words that none fits are `unknown`, never a guess.
"""

import re

from lanekit.adapters.podman.error_mapping import bounded
from lanekit.core.domain.diagnostics.facts import Cause, Diagnosis

_WORDS: tuple[tuple[Cause, str], ...] = (
    # runc; crun ("Invalid argument" is from a report).
    (
        "ulimits",
        r"error setting rlimit type [0-9]+: operation not permitted"
        r"|setrlimit `RLIMIT_[A-Z]+`: (?:Operation not permitted|Invalid argument)",
    ),
    # The second is from reports of machines on which runc works.
    (
        "hybrid-cgroups",
        r"crun: cgroups in hybrid mode not supported"
        r"|crun: creating cgroup directory `[^`]*`: No such file or directory",
    ),
    # The second is from the log of a podman that looks for runtimes.
    (
        "no-runtime",
        r"default OCI runtime \"[^\"]*\" not found"
        r"|no valid executable found for OCI runtime",
    ),
    # From reports.
    ("no-conmon", r"could not find a working conmon binary|outdated conmon version"),
    # The last is of a netavark that finds no iptables; the third, CNI's, from reports.
    (
        "no-network",
        r"could not find \"(?:netavark|aardvark-dns|slirp4netns|pasta)\" in one of"
        r"|could not find (?:slirp4netns|pasta)"
        r"|failed to find plugin \"[^\"]*\" in path"
        r"|netavark: No such file or directory",
    ),
    # The second line is from reports.
    (
        "no-subids",
        r"no subuid ranges found for user|cannot find UID/GID for user"
        r"|cannot find newuidmap|exec: \"newuidmap\": executable file not found"
        r"|(?:not enough unused|could not find enough available) IDs",
    ),
    # From reports.
    ("overlay", r"kernel does not support overlay fs|overlay' is not supported over"),
    ("overlay", r"overlay is not supported over|backing file system is unsupported"),
    # From reports.
    (
        "no-controllers",
        r"controller `?[a-z]+`? is not available"
        r"|cannot specify resource limits without cgroups v2"
        r"|opening file `(?:memory|pids|cpu)\.[a-z.]+` for writing",
    ),
    # The second line is the system's own words.
    (
        "storage",
        r"opening database [^ ]+: |creating runtime static files directory"
        r"|no space left on device|read-only file system",
    ),
    ("no-service", r"unable to connect to Podman|Cannot connect to Podman"),
    # runc; crun, from reports. podman's "command that was not found" comes with any missing file.
    (
        "no-program",
        r"exec: \"[^\"]*\": (?:stat [^:]*: )?no such file or directory"
        r"|exec: \"[^\"]*\": executable file not found"
        r"|executable file `[^`]*` not found",
    ),
)


def diagnosis_of(words: str) -> Diagnosis:
    """What these words mean."""
    said = bounded(words)
    for cause, pattern in _WORDS:
        if re.search(pattern, said):
            return Diagnosis(cause, said)
    return Diagnosis("unknown", said)


def warnings(log: str) -> tuple[Diagnosis, ...]:
    """What podman warned of in its log while it did what was asked."""
    found = (diagnosis_of(line) for line in log.splitlines())
    return tuple(one for one in found if one.cause != "unknown")
