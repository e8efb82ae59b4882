"""The command gc: containers that no lane of the fleet file has any more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.streams import FAILED, say, tell
from lanekit.cli.signals.interrupts import confirmed

if TYPE_CHECKING:
    from lanekit.adapters.fleet_file.load import Fleet
    from lanekit.api import Lanes
    from lanekit.cli.output.progress import News
    from lanekit.core.application.remove_orphans import Collected
    from lanekit.core.domain.errors import LaneError
    from lanekit.core.domain.orphans import Garbage, Sweep
    from lanekit.core.domain.progress import Event

_HEAD = ("LANE", "CONTAINER", "STATE", "WHY", "")
_WORDS: dict[Collected, str] = {
    "removed": "removed",
    "runs": "left: it runs (--running removes it)",
    "changed": "left: it is in use again, or gone",
    "unsure": "left: what took its place never answered; `lanekit ensure` puts it right",
}


def gc(
    settings: Settings,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove them, do not ask")] = False,
    running: Annotated[bool, typer.Option("--running", help="also what runs")] = False,
) -> None:
    """Show, and with --yes remove, what no lane needs.

    Containers of this fleet that belong to no lane of its file, and what broken replaces left.
    Those of other fleets, and those that run, are left alone.
    """
    from lanekit.cli.output.progress import News  # noqa: PLC0415
    from lanekit.cli.session import fleet_of  # noqa: PLC0415
    from lanekit.cli.wiring import lanes_for  # noqa: PLC0415 - costs start-up

    fleet, news = fleet_of(settings), News()
    runtime = lanes_for(
        settings, fleet.lanes, PolicyName.strict, lambda event: _hear(settings, news, event)
    )
    found = _found(settings, runtime, fleet)
    _show(settings, found, running=running, removes=yes)
    may_go = [one for one in found.garbage if running or not one.runs]
    if not may_go:
        return
    if yes or _agrees(len(may_go)):
        _remove(settings, runtime, fleet, may_go, running=running)
    elif not settings.json:
        tell("nothing was removed: --yes removes them")


def _hear(settings: Settings, news: News, event: Event) -> None:
    from lanekit.cli.output.progress import event_words  # noqa: PLC0415 - only for a wait
    from lanekit.core.domain.escaping import printable  # noqa: PLC0415

    if not settings.json and news.has(event):
        tell(printable(f"{event.lane}: {event_words(event, None)}"))


def _found(settings: Settings, runtime: Lanes, fleet: Fleet) -> Sweep:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    match runtime.garbage(fleet.name, fleet.lanes):
        case Success(found):
            return found
        case Failure(error):
            _fail(settings, error)
            raise typer.Exit(FAILED)


def _fail(settings: Settings, error: LaneError) -> None:
    import json  # noqa: PLC0415 - costs start-up

    from lanekit.cli.output.json import error_object  # noqa: PLC0415
    from lanekit.cli.output.text import error_text  # noqa: PLC0415

    if settings.json:
        say(json.dumps({"error": error_object(error)}))
    tell(error_text(error))


def _show(settings: Settings, found: Sweep, *, running: bool, removes: bool) -> None:
    if settings.json:
        # With --yes each is told once, with what became of it.
        for one in found.garbage:
            if not removes or (one.runs and not running):
                _say_json(one, "runs" if one.runs and not running else "found")
    elif found.garbage:
        from lanekit.cli.output.text import say_table  # noqa: PLC0415 - costs start-up

        say_table(_HEAD, [_row(one, running=running) for one in found.garbage])
    else:
        say("nothing to remove")
    _tell_of_others(found)


def _row(one: Garbage, *, running: bool) -> tuple[str, ...]:
    from lanekit.core.domain.escaping import printable  # noqa: PLC0415 - costs start-up

    seen = one.container
    note = "left: it runs (--running removes it)" if one.runs and not running else ""
    return tuple(map(printable, (one.lane, seen.name, seen.state, one.why, note)))


def _tell_of_others(found: Sweep) -> None:
    from lanekit.core.domain.escaping import printable  # noqa: PLC0415 - costs start-up

    if found.others:
        names = ", ".join(sorted({printable(name) for name in found.others}))
        tell(f"note: {len(found.others)} of other fleets left alone: {names}")
    if found.unknown:
        names = ", ".join(printable(one.name) for one in found.unknown)
        tell(
            f"note: {len(found.unknown)} made for no fleet left alone: {names}\n"
            "  -> if they are yours to remove: podman rm NAME"
        )


def _say_json(one: Garbage, result: str) -> None:
    import json  # noqa: PLC0415 - costs start-up

    seen = one.container
    record = {"lane": one.lane, "container": seen.name, "id": seen.id, "state": seen.state}
    say(json.dumps({**record, "why": one.why, "result": result}))


def _agrees(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return confirmed(f"Remove these containers ({count})?")


def _remove(
    settings: Settings, runtime: Lanes, fleet: Fleet, garbage: list[Garbage], *, running: bool
) -> None:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    good = True
    for one, outcome in runtime.collect(fleet.name, fleet.lanes, garbage, running=running):
        match outcome:
            case Success(result):
                if settings.json:
                    _say_json(one, result)
                else:
                    say(f"{one.container.name}  {_WORDS[result]}")
            case Failure(error):
                good = False
                _fail(settings, error)
    if not good:
        raise typer.Exit(FAILED)
