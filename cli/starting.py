"""The command init: a fleet file for the repository one stands in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import Settings
from lanekit.cli.output.streams import FAILED, print_message, usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.adapters.host.git_command import Worktree


def init(
    settings: Settings,
    force: Annotated[
        bool, typer.Option("--force", help="write a new file; an old one is kept as FILE.bak")
    ] = False,
) -> None:
    """Write a lanes.toml for this git repository.

    A lane for each linked worktree. It goes to the top of the main worktree, or to --file.
    """
    from lanekit.adapters.fleet_file.template import (  # noqa: PLC0415 - costs start-up
        template,
        told,
    )

    worktrees = _worktrees()
    path = settings.file if settings.file is not None else _place(worktrees)
    made = template(os.path.dirname(os.path.realpath(path)), worktrees)
    if force:
        _put_aside(path)
    _write(path, made.text, force=force)
    for sentence in told(made, os.path.relpath(path)):
        print_message(sentence)


def _worktrees() -> Sequence[Worktree]:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    from lanekit.adapters.host.git_command import list_worktrees  # noqa: PLC0415
    from lanekit.cli.output.text import error_text  # noqa: PLC0415

    match list_worktrees("."):
        case Success(worktrees):
            return worktrees
        case Failure(error):
            print_message(error_text(error))
            raise typer.Exit(FAILED)


def _place(worktrees: Sequence[Worktree]) -> str:
    from lanekit.adapters.fleet_file.load import FILE_NAME  # noqa: PLC0415 - costs start-up

    main = worktrees[0]
    # A bare repository has no tree of its own: beside it, then.
    folder = main.path if main.usable else os.path.dirname(main.path)
    return os.path.join(folder, FILE_NAME)


def _put_aside(path: str) -> None:
    """Keep a file that is there; what is no file (/dev/stdout) is written to where it is."""
    aside = f"{path}.bak"
    if not os.path.isfile(path):
        return
    if os.path.lexists(aside):
        usage_error(f"{aside} is there already, with what was put aside before: take it away first")
    try:
        os.rename(path, aside)
    except OSError as error:
        usage_error(f"{path} cannot be put aside as {aside}: {error.strerror}")
    print_message(
        f"the file that was there is {os.path.relpath(aside)} now: take over what you filled in"
    )


def _write(path: str, text: str, *, force: bool) -> None:
    try:
        # "x": two at once, or a link that was put there, must not write over anything.
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            _ = file.write(text)
    except FileExistsError:
        usage_error(f"{path} is there already: --force writes a new one and keeps it as {path}.bak")
    except OSError as error:
        usage_error(f"{path} cannot be written: {error.strerror}")
