"""What each known cause means, and what to do about it, in words."""

from collections.abc import Mapping

from lanekit.core.domain.diagnostics.facts import Cause
from lanekit.core.domain.hints import SHARED_WORDS

REASONS: Mapping[Cause, str] = {
    "ulimits": "podman may not raise the limits of processes (ulimits) that it wants to give",
    "hybrid-cgroups": "the runtime crun does not work with this kind of cgroups (hybrid or v1)",
    "no-runtime": "there is no OCI runtime (runc or crun)",
    "no-conmon": "conmon, which keeps a container, is missing or too old",
    "no-network": "a program that podman needs for the network is missing",
    "no-subids": "you have no range of user ids for containers (subuid, subgid, newuidmap)",
    "overlay": "podman's storage cannot use overlay on this file system",
    "no-controllers": "a cgroup controller is not delegated to you",
    "storage": "podman's storage cannot be used (locked, damaged, full or not writable)",
    "no-service": "podman's service cannot be reached",
    "no-program": "podman creates containers, but there is no program to start in one",
    "unknown": "for a reason that lanekit does not know",
}

REMEDIES: Mapping[Cause, tuple[str, ...]] = {
    "ulimits": (),
    "hybrid-cgroups": ("it needs runc: `apt-get install runc`",),
    "no-runtime": (
        "install one: `apt-get install crun`, or runc; does `runtime` in containers.conf name "
        "another?",
    ),
    "no-conmon": ("install it: `apt-get install conmon`",),
    "no-network": (
        "install it: `apt-get install netavark aardvark-dns iptables` (podman before 4: "
        "containernetworking-plugins; rootless: slirp4netns or passt)",
    ),
    "no-subids": (
        "`apt-get install uidmap`, then as root: usermod --add-subuids 100000-165535 "
        "--add-subgids 100000-165535 USER, then as the user: podman system migrate",
    ),
    "overlay": (
        "put its storage on another file system (graphroot in storage.conf), or use "
        "fuse-overlayfs: in storage.conf, [storage.options.overlay], mount_program = "
        '"/usr/bin/fuse-overlayfs"; driver = "vfs" works everywhere and is slow',
    ),
    "no-controllers": (
        "as root: write [Service] and Delegate=cpu cpuset io memory pids into "
        "/etc/systemd/system/user@.service.d/delegate.conf, systemctl daemon-reload, log in anew",
    ),
    "storage": (
        "is the disk full, is the folder yours, does another podman hang? `podman info` has to "
        "work; `podman system check` (5.0 or later) looks for damage",
        "beware of `podman system reset`: it deletes all containers with their work",
    ),
    "no-service": (SHARED_WORDS["start-podman-service"],),
    "no-program": (
        "install a busybox that needs no libraries (`apt-get install busybox-static`), or run "
        "doctor with a fleet file whose image is there and has /bin/sh",
    ),
    "unknown": ("these are podman's own words; `podman run` of any image should say the same",),
}
