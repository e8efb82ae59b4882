"""The options that every command has, and a decorator that gives them to a command."""

import inspect
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer


class EngineName(StrEnum):
    """How podman is reached. `cli/wiring.py` has what each means."""

    auto = "auto"
    cli = "cli"
    socket = "socket"
    memory = "memory"


class PolicyName(StrEnum):
    """What counts as drift: see `lanekit.core.domain.differences.Policy`."""

    strict = "strict"
    reference = "reference"


class Settings(NamedTuple):
    """What was said before or behind the command's name. None: nothing was said."""

    file: str | None = None
    engine: EngineName | None = None
    json: bool = False
    timeout: float | None = None
    verbose: bool = False

    def over(self, earlier: "Settings") -> "Settings":
        """These, and where they say nothing, the earlier ones."""
        return Settings(
            file=self.file if self.file is not None else earlier.file,
            engine=self.engine or earlier.engine,
            json=self.json or earlier.json,
            timeout=self.timeout if self.timeout is not None else earlier.timeout,
            verbose=self.verbose or earlier.verbose,
        )


def complete_lane(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of lanes for the shell; nothing when there is no sound fleet file."""
    from lanekit.adapters.fleet_file.load import (  # noqa: PLC0415
        LoadedFleet,
        load_fleet,
        nearest_fleet_file,
    )

    path = ctx.params.get("file") or nearest_fleet_file()
    fleet = load_fleet(path) if path else None
    names = [lane.name for lane in fleet.lanes] if isinstance(fleet, LoadedFleet) else []
    return [name for name in names if name.startswith(incomplete)]


LanesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[LANE]...",
        help="WORKSPACE/ID; none: all lanes of the file",
        autocompletion=complete_lane,
        show_default=False,
    ),
]
LaneArgument = Annotated[
    str, typer.Argument(metavar="LANE", help="WORKSPACE/ID", autocompletion=complete_lane)
]
PolicyOption = Annotated[
    PolicyName, typer.Option(help="strict: all that could differ; reference: as the reference does")
]

_DAY = 86_400


def each_time(least: float) -> Callable[[float], float]:
    """What a pause of so many seconds at least, and a day at most, is checked by."""

    def check(value: float) -> float:
        # Not `min` and `max`: they let nan pass.
        if not least <= value <= _DAY:
            raise typer.BadParameter(f"must be {least:g} to {_DAY} seconds")
        return value

    return check


JOBS = 4
"""As `lanekit.api.JOBS`, without its import."""
JobsOption = Annotated[
    int, typer.Option(min=1, max=64, help="how many lanes are worked on at once")
]


def _settings(
    file: Annotated[
        str | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="the fleet file; else lanes.toml here or above"
        ),
    ] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            envvar="LANEKIT_ENGINE",
            help="how podman is reached; auto: its socket where one answers, else its command; "
            "memory: a play without podman",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="one JSON object a line a lane, on stdout")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="how long a worker may take to answer"),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="tell of each operation on stderr")
    ] = False,
) -> Settings:
    if timeout is not None and not 0 < timeout < math.inf:
        raise typer.BadParameter("must be a number of seconds above 0", param_hint="--timeout")
    return Settings(file, engine, json, timeout, verbose)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command, its first parameter the Settings: what was said behind its name, then before it.

    Put around the callback of the whole app, it takes the options before the name of a command.
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
