"""What to do about an error, as data, and the words for it.

A hint is a value, so that a program can act on it. Two voices put hints into words: `library_words`
for exceptions and embedders, and cli/output/hints.py for the command. A hint that names neither a
command nor a method of lanekit has the same words in both.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

SharedAction: TypeAlias = Literal[
    "build-image",
    "change-containers-conf",
    "check-pod-name",
    "check-podman",
    "check-service",
    "check-storage",
    "copy-link-target",
    "correct-address",
    "correct-lane",
    "correct-path",
    "create-mount-source",
    "enter-repository",
    "exclude-entry",
    "find-interference",
    "install-git",
    "install-podman",
    "make-config-readable",
    "make-executable",
    "make-readable",
    "make-writable",
    "migrate-refs",
    "mount-elsewhere",
    "move-repository",
    "own-lock-folder",
    "pull-image",
    "raise-memory",
    "rename-entry",
    "rename-namesake",
    "rename-other-container",
    "rename-pod",
    "repack-objects",
    "repair-worktree",
    "report-bug",
    "resolve-path",
    "run-doctor",
    "save-inspect",
    "start-podman-service",
    "stop-writing",
    "upgrade-podman",
    "use-linked-worktree",
]
"""What to do with the host, podman or git: the words are the same for everyone."""

LanekitAction: TypeAlias = Literal[
    "check-memory",
    "create-lane",
    "ensure-again",
    "fix-worker",
    "free-port",
    "replace-lane",
    "show-command",
    "show-logs",
    "start-lane",
    "use-podman-command",
    "wait-for-lock",
    "wait-longer",
]
"""What to do with lanekit: a command's user and an embedder need different words."""


class Hint(NamedTuple):
    """One thing to do; `subject` is the name, image, path or address that it is done with."""

    action: SharedAction | LanekitAction
    subject: str = ""


Words: TypeAlias = Mapping[SharedAction | LanekitAction, str]
"""Templates: `{subject}` is the hint's, `{lane}` the name of the lane that failed."""

SHARED_WORDS: Words = {
    "build-image": "lanekit never pulls: build it with `podman build -t {subject} DIR`",
    "change-containers-conf": "a containers.conf may set this for all containers "
    "(/usr/share/containers, /etc/containers, ~/.config/containers, $CONTAINERS_CONF): change it "
    "there, or set the same value in the profile if it has a key for it",
    "check-pod-name": "if `podman pod ps` shows a pod of that name, choose another `container` for "
    "the lane; otherwise find out what creates containers of that name, then try again",
    "check-podman": "check that `podman info` works",
    "check-service": "check that `podman --url {subject} info` answers; the request may still have "
    "taken effect",
    "check-storage": "check that podman's storage is not locked and the disk not full; the command "
    "may still have taken effect",
    "copy-link-target": "replace the link with a copy of its target, or remove it from the config "
    "folder",
    "correct-address": "write unix:///PATH or tcp://HOST:PORT",
    "correct-lane": "nothing was changed; correct the lane, then try again",
    "correct-path": "correct the path, or create what it names",
    "create-mount-source": "create the file or folder, or correct the path, then try again",
    "enter-repository": "run it again in a git repository",
    "exclude-entry": "move it out of the config folder",
    "find-interference": "find out what else starts, stops or removes this container, then try "
    "again",
    "install-git": "install git (`apt-get install git`)",
    "install-podman": "install podman 4.3 or later (`apt-get install podman`), or put it on PATH",
    "make-config-readable": "make it readable for the user who runs lanekit, or move it out of the "
    "config folder",
    "make-executable": "make it executable (`chmod +x`)",
    "make-readable": "make it readable for the user who runs lanekit",
    "make-writable": "let the user who runs lanekit write there",
    "migrate-refs": "convert them with `git refs migrate --ref-format=files`",
    "mount-elsewhere": "mount another folder: access to that socket is access to the whole host",
    "move-repository": "keep the repository outside of its worktrees",
    "own-lock-folder": "lanekit needs a folder of its own there that nobody else can write to",
    "pull-image": "lanekit never pulls: `podman pull {subject}`, or build it with "
    "`podman build -t {subject} DIR`",
    "raise-memory": "raise `memory` in the profile, or reduce what the worker needs",
    "rename-entry": "rename it",
    "rename-namesake": "rename or remove that container; `podman ps -a --no-trunc` shows both",
    "rename-other-container": "choose another `container` for the lane, or rename that one: "
    "`podman rename {subject} OTHER`",
    "rename-pod": "choose another `container` for the lane, or another name for the pod",
    "repack-objects": "run `git repack -a -d`, then remove objects/info/alternates",
    "repair-worktree": "`git worktree repair` fixes a worktree that was moved; "
    "`git worktree add PATH BRANCH` creates one",
    "report-bug": "if `podman version` is 4.3 or later, please report this as a bug of lanekit",
    "resolve-path": "write the path without '..'",
    "run-doctor": "run `lanekit doctor`: it checks podman and this host, and says what to change",
    "save-inspect": "save it with `podman container inspect {subject} > FILE`",
    "start-podman-service": "start it with `systemctl --user start podman.socket` (as root without "
    "--user), or `podman system service --time 0 &`; CONTAINER_HOST=unix:///PATH names another "
    "socket",
    "stop-writing": "make sure that nothing writes to it while lanekit reads it, then try again",
    "upgrade-podman": "install podman 4.3 or later; `podman version` shows which one is used",
    "use-linked-worktree": "use a worktree made by `git worktree add`: submodules and repositories "
    "with --separate-git-dir are not supported",
}

LIBRARY_WORDS: Words = {
    **SHARED_WORDS,
    "check-memory": "if it ran out of memory, raise `memory` in the profile; otherwise fix the "
    "worker, then call `ensure`",
    "create-lane": "call `ensure` to create it",
    "ensure-again": "call `ensure` again: it continues from the current state",
    "fix-worker": "fix the worker, then call `ensure`",
    "free-port": "on_drift is report, so the container is not replaced: free the port, or call "
    "`remove` and then `ensure`",
    "replace-lane": "`plan` returns what differs; `ensure` replaces the container",
    "show-command": "`spec` returns what the container is created from",
    "show-logs": "`logs` returns its last output",
    "start-lane": "call `ensure` to start it",
    "use-podman-command": "`PodmanCli` needs no service, and supports ssh://",
    "wait-for-lock": "try again when it is done, or with a longer `lock_timeout`",
    "wait-longer": "call `ensure` to wait again, with a longer `ready_timeout`",
}


def get_image(reference: str) -> Hint:
    """Return how to get a missing image into podman's storage."""
    # No registry has an image of a name that begins with localhost/: it was built here.
    return Hint("build-image" if reference.startswith("localhost/") else "pull-image", reference)


def library_words(hint: Hint, lane: str = "") -> str:
    """Return what to do, for a program that uses lanekit as a library."""
    return words(LIBRARY_WORDS, hint, lane)


def words(voice: Words, hint: Hint, lane: str) -> str:
    """Return what to do about an error of this lane, in this voice."""
    return voice[hint.action].format(subject=hint.subject, lane=lane or "LANE")
