"""The command gc: containers that no lane of the fleet file has any more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.streams import FAILED, print_message, print_result
from lanekit.cli.signals.interrupts import confirmed

if TYPE_CHECKING:
    from lanekit.adapters.fleet_file.load import LoadedFleet
    from lanekit.api import Lanes
    from lanekit.cli.output.progress import EventFilter
    from lanekit.core.domain.errors import LaneError
    from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
    from lanekit.core.domain.progress import Event

_HEAD = ("LANE", "CONTAINER", "STATE", "WHY", "")
_WORDS: dict[OrphanRemoval, str] = {
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
    from lanekit.cli.output.progress import EventFilter  # noqa: PLC0415
    from lanekit.cli.session import fleet_of  # noqa: PLC0415
    from lanekit.cli.wiring import lanes_for  # noqa: PLC0415 - costs start-up

    fleet, news = fleet_of(settings), EventFilter()
    runtime = lanes_for(
        settings, fleet.lanes, PolicyName.strict, lambda event: _hear(settings, news, event)
    )
    found = _found(settings, runtime, fleet)
    _show(settings, found, running=running, removes=yes)
    may_go = [one for one in found.orphans if running or not one.runs]
    if not may_go:
        return
    if yes or _agrees(len(may_go)):
        _remove(settings, runtime, fleet, may_go, running=running)
    elif not settings.json:
        print_message("nothing was removed: --yes removes them")


def _hear(settings: Settings, news: EventFilter, event: Event) -> None:
    from lanekit.cli.output.progress import event_words  # noqa: PLC0415 - only for a wait
    from lanekit.core.domain.escaping import escape_control_chars  # noqa: PLC0415

    if not settings.json and news.has(event):
        print_message(escape_control_chars(f"{event.lane}: {event_words(event, None)}"))


def _found(settings: Settings, runtime: Lanes, fleet: LoadedFleet) -> OrphanReport:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    match runtime.find_orphans(fleet.name, fleet.lanes):
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
        print_result(json.dumps({"error": error_object(error)}))
    print_message(error_text(error))


def _show(settings: Settings, found: OrphanReport, *, running: bool, removes: bool) -> None:
    if settings.json:
        # With --yes each is told once, with what became of it.
        for one in found.orphans:
            if not removes or (one.runs and not running):
                _say_json(one, "runs" if one.runs and not running else "found")
    elif found.orphans:
        from lanekit.cli.output.text import say_table  # noqa: PLC0415 - costs start-up

        say_table(_HEAD, [_row(one, running=running) for one in found.orphans])
    else:
        print_result("nothing to remove")
    _tell_of_others(found)


def _row(one: Orphan, *, running: bool) -> tuple[str, ...]:
    from lanekit.core.domain.escaping import escape_control_chars  # noqa: PLC0415 - costs start-up

    note = "left: it runs (--running removes it)" if one.runs and not running else ""
    return tuple(map(escape_control_chars, (one.lane, one.container, one.state, one.why, note)))


def _tell_of_others(found: OrphanReport) -> None:
    from lanekit.core.domain.escaping import escape_control_chars  # noqa: PLC0415 - costs start-up

    if found.other_fleets:
        names = ", ".join(sorted({escape_control_chars(name) for name in found.other_fleets}))
        print_message(f"note: {len(found.other_fleets)} of other fleets left alone: {names}")
    if found.unlabelled:
        names = ", ".join(escape_control_chars(name) for name in found.unlabelled)
        print_message(
            f"note: {len(found.unlabelled)} made for no fleet left alone: {names}\n"
            "  -> if they are yours to remove: podman rm NAME"
        )


def _say_json(one: Orphan, result: str) -> None:
    import json  # noqa: PLC0415 - costs start-up

    record = {"lane": one.lane, "container": one.container, "id": one.id, "state": one.state}
    print_result(json.dumps({**record, "why": one.why, "result": result}))


def _agrees(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return confirmed(f"Remove these containers ({count})?")


def _remove(
    settings: Settings, runtime: Lanes, fleet: LoadedFleet, garbage: list[Orphan], *, running: bool
) -> None:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    good = True
    for one, outcome in runtime.remove_orphans(fleet.name, fleet.lanes, garbage, running=running):
        match outcome:
            case Success(result):
                if settings.json:
                    _say_json(one, result)
                else:
                    print_result(f"{one.container}  {_WORDS[result]}")
            case Failure(error):
                good = False
                _fail(settings, error)
    if not good:
        raise typer.Exit(FAILED)
