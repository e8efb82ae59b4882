"""Hints in the words of the command: which `lanekit` command or option to use."""

from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.hints import SHARED_WORDS, Words, words

COMMAND_WORDS: Words = {
    **SHARED_WORDS,
    "check-memory": "if it ran out of memory, raise `memory` in the profile; otherwise fix the "
    "worker, then run `lanekit ensure {lane}`",
    "create-lane": "run `lanekit ensure {lane}` to create it",
    "ensure-again": "run `lanekit ensure {lane}` again: it continues from the current state",
    "fix-worker": "fix the worker, then run `lanekit ensure {lane}`",
    "free-port": "on_drift is report, so the container is not replaced: free the port, or run "
    "`lanekit rm {lane}` and then `lanekit ensure {lane}`",
    "replace-lane": "`lanekit plan {lane}` shows what differs; `lanekit ensure {lane}` replaces "
    "the container",
    "show-command": "`lanekit show {lane}` prints the command that creates the container",
    "show-logs": "`lanekit logs {lane}` shows its last output",
    "start-lane": "run `lanekit ensure {lane}` to start it",
    "use-podman-command": "`--engine cli` needs no service, and supports ssh://",
    "wait-for-lock": "try again when it is done",
    "wait-longer": "run `lanekit ensure {lane}` to wait again, with a longer `--timeout` or "
    "`ready_timeout`",
}


def hint_lines(error: LaneError) -> list[str]:
    """Return what to do about the error, one line per hint."""
    return [words(COMMAND_WORDS, hint, error.lane) for hint in error.hints]
