"""lanekit gc."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated

import typer
from returns.result import Failure, Success

from lanekit.adapters.fleet_file.load import LoadedFleet
from lanekit.api import Lanes
from lanekit.cli import wiring
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.json import error_object
from lanekit.cli.output.progress import EventFilter, event_text
from lanekit.cli.output.streams import FAILED, print_message, print_result
from lanekit.cli.output.text import counted, error_text, print_table
from lanekit.cli.session import read_fleet
from lanekit.cli.signals.interrupts import confirmed
from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.orphans import Orphan, OrphanRemoval, OrphanReport
from lanekit.core.domain.progress import Event

_HEAD = ("LANE", "CONTAINER", "STATE", "REASON", "")
_RUNS = "kept: it is running (--running includes it)"
_RESULTS: dict[OrphanRemoval, str] = {
    "removed": "removed",
    "runs": _RUNS,
    "changed": "kept: it is in use again, or already gone",
    "unsure": "kept: its replacement was never seen to answer; `lanekit ensure` brings it back",
}


def run(
    settings: Settings,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove them without asking")] = False,
    running: Annotated[bool, typer.Option("--running", help="include running containers")] = False,
) -> None:
    """List or remove containers that belong to no lane any more.

    They are containers of this fleet whose lane is no longer in the file, and what interrupted
    replacements left. On a terminal it asks before it removes them; elsewhere --yes removes them.
    Containers of other fleets are never touched.
    """
    fleet, news = read_fleet(settings), EventFilter()
    runtime = wiring.lanes_for(
        settings,
        fleet.lanes,
        PolicyName.strict,
        lambda event: _print_event(settings, news, event),
    )
    report = _find(settings, runtime, fleet)
    _print_report(settings, report, running=running, removes=yes)
    chosen = [orphan for orphan in report.orphans if running or not orphan.runs]
    if not chosen:
        return
    if yes or _is_confirmed(len(chosen)):
        _remove(settings, runtime, fleet, chosen, running=running)
    elif not settings.json:
        print_message("nothing was removed; --yes removes the containers above")


def _print_event(settings: Settings, news: EventFilter, event: Event) -> None:
    if not settings.json and news.has(event):
        print_message(escape_control_chars(f"{event.lane}: {event_text(event, None)}"))


def _find(settings: Settings, runtime: Lanes, fleet: LoadedFleet) -> OrphanReport:
    match runtime.find_orphans(fleet.name, fleet.lanes):
        case Success(report):
            return report
        case Failure(error):
            _print_error(settings, error)
            raise typer.Exit(FAILED)


def _print_error(settings: Settings, error: LaneError) -> None:
    if settings.json:
        print_result(json.dumps({"error": error_object(error)}))
    print_message(error_text(error))


def _print_report(
    settings: Settings, report: OrphanReport, *, running: bool, removes: bool
) -> None:
    if settings.json:
        # With --yes each is printed once, with its result.
        for orphan in report.orphans:
            if not removes or (orphan.runs and not running):
                _print_record(orphan, "runs" if orphan.runs and not running else "found")
    elif report.orphans:
        print_table(_HEAD, [_row(orphan, running=running) for orphan in report.orphans])
    else:
        print_result("nothing to remove")
    _print_others(report)


def _row(orphan: Orphan, *, running: bool) -> tuple[str, ...]:
    note = _RUNS if orphan.runs and not running else ""
    cells = (orphan.lane, orphan.container, orphan.state, orphan.why, note)
    return tuple(map(escape_control_chars, cells))


def _print_others(report: OrphanReport) -> None:
    if report.other_fleets:
        count = counted(len(report.other_fleets), "container")
        print_message(f"note: kept {count} of other fleets: {_names(set(report.other_fleets))}")
    if report.unlabelled:
        count = counted(len(report.unlabelled), "container")
        names = _names(report.unlabelled)
        print_message(
            f"note: kept {count} that belong to no fleet: {names}\n"
            "  -> to remove one of them: podman rm NAME"
        )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(map(escape_control_chars, names)))


def _print_record(orphan: Orphan, result: str) -> None:
    record = {
        "lane": orphan.lane,
        "container": orphan.container,
        "id": orphan.id,
        "state": orphan.state,
    }
    print_result(json.dumps({**record, "why": orphan.why, "result": result}))


def _is_confirmed(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return confirmed(f"Remove {counted(count, 'container')}?")


def _remove(
    settings: Settings, runtime: Lanes, fleet: LoadedFleet, orphans: list[Orphan], *, running: bool
) -> None:
    failed = False
    for orphan, outcome in runtime.remove_orphans(
        fleet.name, fleet.lanes, orphans, running=running
    ):
        match outcome:
            case Success(result):
                if settings.json:
                    _print_record(orphan, result)
                else:
                    print_result(f"{orphan.container}  {_RESULTS[result]}")
            case Failure(error):
                failed = True
                _print_error(settings, error)
    if failed:
        raise typer.Exit(FAILED)
