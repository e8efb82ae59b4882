"""The typer app: a table of the commands, each loaded when it is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lanekit.cli.options import Settings, with_settings
from lanekit.cli.output.streams import prepare_streams, print_result
from lanekit.cli.signals.interrupts import interruptible

COMMANDS: Mapping[str, str] = {
    "init": "Write a fleet file (lanes.toml) for this git repository.",
    "ensure": "Create, start, update or replace containers to match the file.",
    "plan": "Show what ensure would do, and why.",
    "status": "Show state, endpoint, readiness and drift of lanes.",
    "watch": "Reconcile lanes, and keep reconciling until stopped.",
    "stop": "Stop lanes' containers.",
    "rm": "Remove lanes' containers.",
    "gc": "List or remove containers that belong to no lane any more.",
    "endpoint": "Print the URL of a lane's worker.",
    "logs": "Print the last lines that a lane's worker wrote.",
    "exec": "Run a command in a lane.",
    "shell": "Open a shell in a lane.",
    "doctor": "Check whether lanes can run here, and say what to do if not.",
    "drift": "Compare a saved podman inspect with the fleet file.",
    "show": "Print the podman create command of a lane.",
    "fingerprint": "Print the fingerprint of a config folder.",
}
"""Each command with its line in the help; `lanekit.cli.commands` has a module for each.

The line is also the first of the docstring of the module's function `run`.
"""

# Without rich: its help costs 150 ms, and its tracebacks would show the values of variables.
_PLAIN: Mapping[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


class LazyGroup(TyperGroup):
    """A group that knows the names of its commands, and loads one when it is asked for."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command, once."""
        _ = ctx
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands, without loading one."""
        _ = ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _load(name: str) -> Any:
    command = typer.Typer(add_completion=False, **_PLAIN)
    # Options after exec's LANE are the command's own.
    context = {**_CONTEXT, "allow_interspersed_args": name != "exec"}
    run = import_module(f"lanekit.cli.commands.{name}").run
    _ = command.command(name, context_settings=context)(with_settings(run))
    return typer.main.get_command(command)


class App(typer.Typer):
    """A typer app with streams that cannot fail, and a clean end when it is interrupted."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        prepare_streams()
        with interruptible():
            return super().__call__(*args, **kwargs)


_CONTEXT: Mapping[str, Any] = {"help_option_names": ["-h", "--help"]}
app: App = App(
    name="lanekit",
    cls=LazyGroup,
    no_args_is_help=True,
    context_settings=dict(_CONTEXT),
    **_PLAIN,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from lanekit import __version__  # noqa: PLC0415 - costs start-up

        print_result(f"lanekit {__version__}")
        raise typer.Exit


@app.callback()
@with_settings
def lanekit(
    _settings: Settings,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="show the version and exit"
        ),
    ] = False,
) -> None:
    """Declaratively manage one podman container per coding-agent worktree.

    A lane is a git worktree and the container in which an agent works on it. The fleet file,
    lanes.toml, lists the lanes. To begin: run `lanekit init` in a git repository, fill in the
    file, look at `lanekit plan`, then run `lanekit ensure`.

    \b
    Exit codes:
      0         done
      1         a lane failed
      2         wrong usage, or the fleet file is not valid
      3         there are changes to make (plan and drift with --exit-code)
      130, 143  interrupted by Ctrl-C, by SIGTERM
    """
