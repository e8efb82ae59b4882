"""The options that every command has, and a decorator that gives them to a command."""

import inspect
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer


class EngineName(StrEnum):
    """How podman is reached; `cli/wiring.py` makes each."""

    auto = "auto"
    cli = "cli"
    socket = "socket"
    memory = "memory"


class PolicyName(StrEnum):
    """What counts as drift: see `lanekit.core.domain.differences.Policy`."""

    strict = "strict"
    reference = "reference"


class Settings(NamedTuple):
    """The common options, before or after the command's name. None: not given."""

    file: str | None = None
    engine: EngineName | None = None
    json: bool = False
    timeout: float | None = None
    verbose: bool = False

    def over(self, earlier: "Settings") -> "Settings":
        """Return these settings, with the earlier ones where an option was not given."""
        return Settings(
            file=self.file if self.file is not None else earlier.file,
            engine=self.engine or earlier.engine,
            json=self.json or earlier.json,
            timeout=self.timeout if self.timeout is not None else earlier.timeout,
            verbose=self.verbose or earlier.verbose,
        )


def _settings(
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="the fleet file; default: the nearest lanes.toml, here or in a folder above",
        ),
    ] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            envvar="LANEKIT_ENGINE",
            help="how to reach podman. auto: its socket if that answers, otherwise its command; "
            "memory: a simulated engine, for trying lanekit without podman",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object per lane")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="how long a worker may take to answer; default: the profile's ready_timeout",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="print each operation on stderr")
    ] = False,
) -> Settings:
    if timeout is not None and not 0 < timeout < math.inf:
        raise typer.BadParameter("must be a number of seconds, more than 0", param_hint="--timeout")
    return Settings(file, engine, json, timeout, verbose)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; its first parameter becomes the `Settings`.

    An option after the command's name wins over one before it. Around the callback of the whole
    app, this takes the options before the name of a command.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    common = list(inspect.signature(_settings).parameters.values())

    def run(ctx: typer.Context, **given: Any) -> None:
        chosen = _settings(**{parameter.name: given.pop(parameter.name) for parameter in common})
        earlier = ctx.obj if isinstance(ctx.obj, Settings) else Settings()
        ctx.obj = chosen.over(earlier)
        command(ctx.obj, **given)

    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *common]]
    # typer reads both of these to find out what a command takes.
    setattr(run, "__signature__", inspect.Signature([context, *parameters]))  # noqa: B010
    run.__annotations__ = {p.name: p.annotation for p in [context, *parameters]}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run
