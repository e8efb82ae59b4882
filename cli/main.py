"""The command line: `app` is what the installed command `lanekit` calls."""

import sys
from typing import Annotated, Any

import typer

from lanekit.cli import (
    changing,
    cleaning,
    entering,
    examining,
    looking,
    offline,
    starting,
    watching,
)
from lanekit.cli.options import Settings, with_settings
from lanekit.cli.output.streams import prepare_streams, print_result
from lanekit.cli.signals.interrupts import interruptible


class App(typer.Typer):
    """A typer app that ends well when it is interrupted."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        prepare_streams()
        with interruptible():
            return super().__call__(*args, **kwargs)


# Without rich: its help costs 150 ms, and its tracebacks would show the values of variables.
app: App = App(
    name="lanekit",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from lanekit import __version__  # noqa: PLC0415 - costs start-up

    print_result(f"lanekit {__version__}")
    raise typer.Exit


@app.callback()
@with_settings
def lanekit(
    _settings: Settings,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """One podman container per agent lane: made so, kept so, and said why when not.

    \b
    Exit codes:
      0 done   1 a lane failed   2 wrong call or fleet file
      3 there is work (--exit-code)   130 Ctrl-C   143 SIGTERM
    """


for _command in (
    *(changing.ensure, watching.watch, looking.plan, offline.drift, looking.status),
    *(looking.endpoint, looking.logs, changing.stop, changing.rm, cleaning.gc, starting.init),
    *(offline.show, offline.fingerprint),
):
    _: object = app.command()(with_settings(_command))


# What follows LANE is the command's own, options too.
_ = app.command("exec", context_settings={"allow_interspersed_args": False})(
    with_settings(entering.execute)
)
_ = app.command()(with_settings(entering.shell))
_ = app.command()(with_settings(examining.doctor))


def main() -> None:
    """Run the command line and end the process.

    Its output written, it ends at once: taking a Python down object by object costs a fifth of
    the start. Nothing waits for that; locks are the kernel's and are freed with the process.
    """
    try:
        app()
    except SystemExit as end:
        _end(end.code)


def _end(code: object) -> None:
    import os  # noqa: PLC0415 - already loaded by Python itself

    status = code if isinstance(code, int) else int(code is not None)
    try:
        _ = sys.stdout.flush()
        _ = sys.stderr.flush()
    except OSError:
        # The reader is gone: the usual way out has its own words for that.
        sys.exit(status)
    os._exit(status)
