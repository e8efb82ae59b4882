"""The commands that look at podman and change nothing: plan, status, endpoint, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.options import (
    LaneArgument,
    LanesArgument,
    PolicyName,
    PolicyOption,
    Settings,
    each_time,
)
from lanekit.cli.output.streams import EXIT_CHANGES_PENDING, FAILED, print_message, print_result

if TYPE_CHECKING:
    from lanekit.cli.session import Session
    from lanekit.core.domain.errors import LaneError
    from lanekit.core.domain.lanes import Lane
    from lanekit.core.domain.observed import Endpoint
    from lanekit.core.domain.plan import Plan
    from lanekit.core.domain.results import LaneStatus

ExitCodeOption = Annotated[
    bool, typer.Option("--exit-code", help="exit with 3 when there is something to do")
]


def plan(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    exit_code: ExitCodeOption = False,
) -> None:
    """Show what ensure would do.

    Each difference (field, expected, actual) and the mildest mend of it, each operation and its
    cause; of a container to be replaced, the files that go with it.
    """
    from lanekit.cli.output.json import line, losses, planned_record  # noqa: PLC0415 - start-up
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.output.text import plan_text  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    work: list[Plan] = []

    def show(_lane: Lane, planned: Plan) -> str:
        work.extend([planned] if planned.changes else [])
        if settings.json:
            return line(planned_record(planned), loses=losses(planned.lost_files))
        return plan_text(planned, verbose=settings.verbose)

    session = open_session(settings, lanes, policy)
    report_all(session, session.runtime.plan_all(session.lanes), show)
    if exit_code and work:
        raise typer.Exit(EXIT_CHANGES_PENDING)


def status(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="keep the table live; in a pipe a line a change")
    ] = False,
    every: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="how often --watch looks", callback=each_time(0.2)),
    ] = 2.0,
) -> None:
    """Show state, endpoint, ready, drift."""
    from lanekit.cli.output.json import line, status_record  # noqa: PLC0415 - costs start-up
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.output.text import error_text  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, lanes, policy)
    if watch:
        from lanekit.cli.status_watch import follow  # noqa: PLC0415 - costs start-up

        follow(session, every)
    if not settings.json:
        _say_status(session)
        return
    engine = session.runtime.description
    faults: list[LaneError] = []

    def show(_lane: Lane, seen: LaneStatus) -> str:
        if seen.fault is not None:
            faults.append(seen.fault)
            print_message(error_text(seen.fault))
        return line(status_record(seen), state=seen.state, ready=seen.ready, engine=engine)

    report_all(session, session.runtime.status_all(session.lanes), show)
    if faults:
        raise typer.Exit(FAILED)


def _say_status(session: Session) -> None:
    from returns.result import Failure, Success  # noqa: PLC0415 - costs start-up

    from lanekit.cli.output.outcomes import report_failure  # noqa: PLC0415
    from lanekit.cli.output.text import STATUS_HEAD, say_table, status_row  # noqa: PLC0415

    rows: list[tuple[str, ...]] = []
    failures: list[tuple[Lane, LaneError]] = []
    for lane, outcome in session.runtime.status_all(session.lanes):
        match outcome:
            case Success(seen):
                rows.append(status_row(seen))
                failures.extend([(lane, seen.fault)] if seen.fault else [])
            case Failure(error):
                rows.append((lane.name, lane.container_name, "?", "-", "-", error.kind))
                failures.append((lane, error))
    say_table(STATUS_HEAD, rows)
    print_result(f"engine: {session.runtime.description}")
    for lane, error in failures:
        report_failure(session, lane, error)
    if failures:
        raise typer.Exit(FAILED)


def endpoint(settings: Settings, lane: LaneArgument) -> None:
    """Print a worker's URL.

    Nothing else; the worker is not asked.
    """
    from lanekit.cli.output.json import Record, line  # noqa: PLC0415 - costs start-up
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    def show(asked: Lane, found: Endpoint) -> str:
        if not settings.json:
            return found.url
        return line(Record(asked.name, asked.container_name, endpoint=found.url))

    session = open_session(settings, [lane])
    report_all(session, [(one, session.runtime.endpoint(one)) for one in session.lanes], show)


def logs(
    settings: Settings,
    lane: LaneArgument,
    tail: Annotated[int, typer.Option(min=1, metavar="N", help="how many lines")] = 100,
) -> None:
    """Print the last lines of a lane."""
    from lanekit.cli.output.json import Record, line  # noqa: PLC0415 - costs start-up
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    def show(asked: Lane, text: str) -> str:
        if not settings.json:
            return text.removesuffix("\n")
        return line(Record(asked.name, asked.container_name), log=text)

    session = open_session(settings, [lane])
    report_all(session, [(one, session.runtime.logs(one, tail)) for one in session.lanes], show)
