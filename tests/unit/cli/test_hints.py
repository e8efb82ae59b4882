"""Every hint has words in both voices: those of the command, and those of the library."""

from typing import get_args

import pytest
from inline_snapshot import snapshot

from lanekit.cli.output.hints import COMMAND_WORDS, hint_lines
from lanekit.cli.output.json import error_object
from lanekit.cli.output.text import error_text
from lanekit.core.domain.errors import NotReady
from lanekit.core.domain.hints import (
    LIBRARY_WORDS,
    SHARED_WORDS,
    Hint,
    LanekitAction,
    SharedAction,
    library_words,
)

SHARED = frozenset(get_args(SharedAction))
OWN = frozenset(get_args(LanekitAction))
ERROR = NotReady("not yet", "words", (Hint("wait-longer"), Hint("show-logs")), "ws/a")


def test_every_hint_has_words_in_both_voices() -> None:
    assert SHARED_WORDS.keys() == SHARED
    assert LIBRARY_WORDS.keys() == COMMAND_WORDS.keys() == SHARED | OWN


def test_voices_differ_only_where_lanekit_is_named() -> None:
    assert {name for name in LIBRARY_WORDS if LIBRARY_WORDS[name] != COMMAND_WORDS[name]} == OWN


@pytest.mark.parametrize("action", sorted(SHARED | OWN))
def test_library_words_name_no_command_of_lanekit(action: SharedAction | LanekitAction) -> None:
    # Doctor is for people: it examines the host, whatever program uses lanekit there.
    text = library_words(Hint(action, "SUBJECT"), "ws/a").replace("`lanekit doctor`", "doctor")
    assert text
    assert not any(name in text for name in ("`lanekit", "--engine", "--timeout", "{"))


def test_library_error_says_what_to_do_in_its_own_words() -> None:
    assert str(ERROR) == snapshot("""\
ws/a: not yet
words
-> call `ensure` to wait again, with a longer `ready_timeout`
-> `logs` returns its last output\
""")


def test_command_error_says_what_to_do_in_commands() -> None:
    assert error_text(ERROR) == snapshot("""\
ws/a: not yet
    words
  -> run `lanekit ensure ws/a` to wait again, with a longer `--timeout` or `ready_timeout`
  -> `lanekit logs ws/a` shows its last output\
""")


def test_json_error_has_its_hints_as_one_text() -> None:
    assert error_object(ERROR) == snapshot(
        {
            "kind": "NotReady",
            "message": "not yet",
            "detail": "words",
            "hint": "run `lanekit ensure ws/a` to wait again, with a longer `--timeout` or `ready_timeout`; `lanekit logs ws/a` shows its last output",
        }
    )


def test_hint_without_lane_names_a_placeholder() -> None:
    assert hint_lines(NotReady("no", hints=(Hint("fix-worker"),))) == snapshot(
        ["fix the worker, then run `lanekit ensure LANE`"]
    )


def test_subject_with_braces_is_shown_as_it_is() -> None:
    assert library_words(Hint("rename-other-container", "{lane}")) == snapshot(
        "choose another `container` for the lane, or rename that one: `podman rename {lane} OTHER`"
    )


def test_shared_words_are_the_same_in_both_voices() -> None:
    assert {name: library_words(Hint(name, "SUBJECT")) for name in sorted(SHARED)} == snapshot(
        {
            "build-image": "lanekit never pulls: build it with `podman build -t SUBJECT DIR`",
            "change-containers-conf": "a containers.conf may set this for all containers (/usr/share/containers, /etc/containers, ~/.config/containers, $CONTAINERS_CONF): change it there, or set the same value in the profile if it has a key for it",
            "check-pod-name": "if `podman pod ps` shows a pod of that name, choose another `container` for the lane; otherwise find out what creates containers of that name, then try again",
            "check-podman": "check that `podman info` works",
            "check-service": "check that `podman --url SUBJECT info` answers; the request may still have taken effect",
            "check-storage": "check that podman's storage is not locked and the disk not full; the command may still have taken effect",
            "copy-link-target": "replace the link with a copy of its target, or remove it from the config folder",
            "correct-address": "write unix:///PATH or tcp://HOST:PORT",
            "correct-lane": "nothing was changed; correct the lane, then try again",
            "correct-path": "correct the path, or create what it names",
            "create-mount-source": "create the file or folder, or correct the path, then try again",
            "enter-repository": "run it again in a git repository",
            "exclude-entry": "move it out of the config folder",
            "find-interference": "find out what else starts, stops or removes this container, then try again",
            "install-git": "install git (`apt-get install git`)",
            "install-podman": "install podman 4.3 or later (`apt-get install podman`), or put it on PATH",
            "make-config-readable": "make it readable for the user who runs lanekit, or move it out of the config folder",
            "make-executable": "make it executable (`chmod +x`)",
            "make-readable": "make it readable for the user who runs lanekit",
            "make-writable": "let the user who runs lanekit write there",
            "migrate-refs": "convert them with `git refs migrate --ref-format=files`",
            "mount-elsewhere": "mount another folder: access to that socket is access to the whole host",
            "move-repository": "keep the repository outside of its worktrees",
            "own-lock-folder": "lanekit needs a folder of its own there that nobody else can write to",
            "pull-image": "lanekit never pulls: `podman pull SUBJECT`, or build it with `podman build -t SUBJECT DIR`",
            "raise-memory": "raise `memory` in the profile, or reduce what the worker needs",
            "rename-entry": "rename it",
            "rename-namesake": "rename or remove that container; `podman ps -a --no-trunc` shows both",
            "rename-other-container": "choose another `container` for the lane, or rename that one: `podman rename SUBJECT OTHER`",
            "rename-pod": "choose another `container` for the lane, or another name for the pod",
            "repack-objects": "run `git repack -a -d`, then remove objects/info/alternates",
            "repair-worktree": "`git worktree repair` fixes a worktree that was moved; `git worktree add PATH BRANCH` creates one",
            "report-bug": "if `podman version` is 4.3 or later, please report this as a bug of lanekit",
            "resolve-path": "write the path without '..'",
            "run-doctor": "run `lanekit doctor`: it checks podman and this host, and says what "
            "to change",
            "save-inspect": "save it with `podman container inspect SUBJECT > FILE`",
            "start-podman-service": "start it with `systemctl --user start podman.socket` (as root without --user), or `podman system service --time 0 &`; CONTAINER_HOST=unix:///PATH names another socket",
            "stop-writing": "make sure that nothing writes to it while lanekit reads it, then try again",
            "upgrade-podman": "install podman 4.3 or later; `podman version` shows which one is used",
            "use-linked-worktree": "use a worktree made by `git worktree add`: submodules and repositories with --separate-git-dir are not supported",
        }
    )


def test_library_words_name_methods() -> None:
    assert {name: library_words(Hint(name), "ws/a") for name in sorted(OWN)} == snapshot(
        {
            "check-memory": "if it ran out of memory, raise `memory` in the profile; otherwise fix the worker, then call `ensure`",
            "create-lane": "call `ensure` to create it",
            "ensure-again": "call `ensure` again: it continues from the current state",
            "fix-worker": "fix the worker, then call `ensure`",
            "free-port": "on_drift is report, so the container is not replaced: free the port, or call `remove` and then `ensure`",
            "replace-lane": "`plan` returns what differs; `ensure` replaces the container",
            "show-command": "`spec` returns what the container is created from",
            "show-logs": "`logs` returns its last output",
            "start-lane": "call `ensure` to start it",
            "use-podman-command": "`PodmanCli` needs no service, and supports ssh://",
            "wait-for-lock": "try again when it is done, or with a longer `lock_timeout`",
            "wait-longer": "call `ensure` to wait again, with a longer `ready_timeout`",
        }
    )


def test_command_words_name_commands_and_options() -> None:
    hints = {name: NotReady("no", hints=(Hint(name),), lane="ws/a") for name in sorted(OWN)}
    assert {name: hint_lines(error) for name, error in hints.items()} == snapshot(
        {
            "check-memory": [
                "if it ran out of memory, raise `memory` in the profile; otherwise fix the worker, then run `lanekit ensure ws/a`"
            ],
            "create-lane": ["run `lanekit ensure ws/a` to create it"],
            "ensure-again": [
                "run `lanekit ensure ws/a` again: it continues from the current state"
            ],
            "fix-worker": ["fix the worker, then run `lanekit ensure ws/a`"],
            "free-port": [
                "on_drift is report, so the container is not replaced: free the port, or run `lanekit rm ws/a` and then `lanekit ensure ws/a`"
            ],
            "replace-lane": [
                "`lanekit plan ws/a` shows what differs; `lanekit ensure ws/a` replaces the container"
            ],
            "show-command": ["`lanekit show ws/a` prints the command that creates the container"],
            "show-logs": ["`lanekit logs ws/a` shows its last output"],
            "start-lane": ["run `lanekit ensure ws/a` to start it"],
            "use-podman-command": ["`--engine cli` needs no service, and supports ssh://"],
            "wait-for-lock": ["try again when it is done"],
            "wait-longer": [
                "run `lanekit ensure ws/a` to wait again, with a longer `--timeout` or `ready_timeout`"
            ],
        }
    )
