"""Where text goes: results to stdout, everything else to stderr."""

import os
import sys
from io import TextIOWrapper
from typing import NoReturn, TextIO

import typer

USAGE = 2
"""The exit code of wrong usage or a fleet file that is not valid."""
FAILED = 1
"""The exit code when a lane failed."""
EXIT_CHANGES_PENDING = 3
"""The exit code of plan and drift --exit-code if there are changes to make."""
_PIPE_CLOSED = 128 + 13  # as a shell shows a process that SIGPIPE ended


def print_result(text: str) -> None:
    """Print a line of results; exit if nobody reads it any more, or it cannot be written."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        _drop_stdout()
        raise SystemExit(_PIPE_CLOSED) from None
    except OSError as error:
        _drop_stdout()
        print_message(f"lanekit: cannot write the output: {error.strerror}")
        raise SystemExit(FAILED) from None


def print_message(text: str) -> None:
    """Print a line for people: progress, notes, errors."""
    try:
        _write(sys.stderr, text)
    except (OSError, ValueError):
        # Nobody reads it; what is under way matters more.
        return


def usage_error(text: str) -> NoReturn:
    """Exit with 2: the call or the fleet file is wrong, and nothing was done."""
    print_message(f"lanekit: {text}")
    raise typer.Exit(USAGE)


def prepare_streams() -> None:
    """Keep output from failing for its characters, and from a file in a closed stream's place.

    Bytes that are not text, and characters that the terminal's encoding lacks, become escapes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode)  # noqa: SIM115 - open until the process ends
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO) -> bool:
    """Return whether a line there can be erased and written again."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def is_rich(stream: TextIO) -> bool:
    """Return whether colours and drawn tables may go there (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def _write(stream: TextIO, text: str) -> None:
    _ = stream.write(f"{text}\n")
    stream.flush()


def _drop_stdout() -> None:
    # Python would try to flush what is left, once more, when it ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _ = os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
