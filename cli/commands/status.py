"""lanekit status."""

from typing import Annotated

import typer
from returns.result import Failure, Success

from lanekit.cli.arguments import LanesArgument, PolicyOption, interval
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.json import line, status_record
from lanekit.cli.output.outcomes import report_all, report_failure
from lanekit.cli.output.session import Session
from lanekit.cli.output.status_watch import follow
from lanekit.cli.output.streams import FAILED, print_message, print_result
from lanekit.cli.output.text import STATUS_HEAD, error_text, print_table, status_row
from lanekit.cli.session import open_session
from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.results import LaneStatus


def run(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            "-w",
            help="keep the table up to date until Ctrl-C; in a pipe, print one line per change",
        ),
    ] = False,
    every: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="how often --watch looks", callback=interval(0.2)),
    ] = 2.0,
) -> None:
    """Show state, endpoint, readiness and drift of lanes.

    Changes nothing. READY says whether the worker answers now. DRIFT names settings in which the
    container differs from the fleet file; `lanekit plan` shows the details.
    """
    session = open_session(settings, lanes, policy)
    if watch:
        follow(session, every)
    if settings.json:
        _print_records(session)
    else:
        _print_status_table(session)


def _print_records(session: Session) -> None:
    engine = session.runtime.description
    faults: list[LaneError] = []

    def show(_lane: Lane, status: LaneStatus) -> str:
        if status.fault is not None:
            faults.append(status.fault)
            print_message(error_text(status.fault))
        return line(status_record(status), state=status.state, ready=status.ready, engine=engine)

    report_all(session, session.runtime.status_all(session.lanes), show)
    if faults:
        raise typer.Exit(FAILED)


def _print_status_table(session: Session) -> None:
    rows: list[tuple[str, ...]] = []
    failures: list[tuple[Lane, LaneError]] = []
    for lane, outcome in session.runtime.status_all(session.lanes):
        match outcome:
            case Success(status):
                rows.append(status_row(status))
                failures.extend([(lane, status.fault)] if status.fault else [])
            case Failure(error):
                rows.append((lane.name, lane.container_name, "?", "-", "-", error.kind))
                failures.append((lane, error))
    print_table(STATUS_HEAD, rows)
    print_result(f"engine: {session.runtime.description}")
    for lane, error in failures:
        report_failure(session, lane, error)
    if failures:
        raise typer.Exit(FAILED)
