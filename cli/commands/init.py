"""lanekit init."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer
from returns.result import Failure, Success

from lanekit.adapters.fleet_file.load import FILE_NAME
from lanekit.adapters.fleet_file.template import messages, template
from lanekit.adapters.host.git_command import Worktree
from lanekit.cli import wiring
from lanekit.cli.options import Settings
from lanekit.cli.output.streams import FAILED, print_message, usage_error
from lanekit.cli.output.text import error_text


def run(
    settings: Settings,
    force: Annotated[
        bool,
        typer.Option("--force", help="replace a file that exists; it is kept as FILE.bak"),
    ] = False,
) -> None:
    """Write a fleet file (lanes.toml) for this git repository.

    It has one lane for each linked worktree (`git worktree add`). It goes to the top of the main
    worktree, or to --file.
    """
    worktrees = _worktrees()
    path = settings.file if settings.file is not None else _place(worktrees)
    made = template(os.path.dirname(os.path.realpath(path)), worktrees)
    if force:
        _put_aside(path)
    _write(path, made.text, force=force)
    for message in messages(made, os.path.relpath(path)):
        print_message(message)


def _worktrees() -> Sequence[Worktree]:
    match wiring.list_worktrees("."):
        case Success(worktrees):
            return worktrees
        case Failure(error):
            print_message(error_text(error))
            raise typer.Exit(FAILED)


def _place(worktrees: Sequence[Worktree]) -> str:
    main = worktrees[0]
    # A bare repository has no tree of its own: beside it, then.
    folder = main.path if main.usable else os.path.dirname(main.path)
    return os.path.join(folder, FILE_NAME)


def _put_aside(path: str) -> None:
    """Keep a file that is there; another thing (/dev/stdout) is written to where it is."""
    backup = f"{path}.bak"
    if not os.path.isfile(path):
        return
    if os.path.lexists(backup):
        usage_error(f"{backup} already exists (from an earlier --force); move or delete it first")
    try:
        os.rename(path, backup)
    except OSError as error:
        usage_error(f"cannot rename {path} to {backup}: {error.strerror}")
    print_message(f"the previous file is now {os.path.relpath(backup)}; copy your settings over")


def _write(path: str, text: str, *, force: bool) -> None:
    try:
        # "x": two at once, or a link that was put there, must not write over anything.
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            _ = file.write(text)
    except FileExistsError:
        usage_error(f"{path} already exists; --force replaces it and keeps it as {path}.bak")
    except OSError as error:
        usage_error(f"cannot write {path}: {error.strerror}")
