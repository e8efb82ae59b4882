"""lanekit fingerprint."""

import json
import os
from typing import Annotated

import typer
from returns.result import Failure, Success

from lanekit.cli import wiring
from lanekit.cli.options import Settings
from lanekit.cli.output.json import error_object
from lanekit.cli.output.streams import FAILED, print_message, print_result
from lanekit.cli.output.text import error_text


def run(
    settings: Settings,
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="the config folder", show_default=False)
    ],
    credentials: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="an entry to leave out, as in the profile; can be repeated"
        ),
    ] = None,
) -> None:
    """Print the fingerprint of a config folder.

    It is what a lane finds in its variable INBOX_RUNTIME_CODEX_SHA. --json adds the digest that
    lanekit compares.
    """
    record: dict[str, object] = {"dir": folder, "fingerprint": None, "digest": None, "error": None}
    match wiring.host_files().config(os.path.abspath(folder), credentials or ()):
        case Success(config):
            record |= {"fingerprint": config.fingerprint, "digest": config.digest}
            print_result(json.dumps(record) if settings.json else config.fingerprint)
        case Failure(error):
            if settings.json:
                print_result(json.dumps(record | {"error": error_object(error)}))
            print_message(error_text(error))
            raise typer.Exit(FAILED)
