"""lanekit plan."""

import typer

from lanekit.cli.arguments import ExitCodeOption, LanesArgument, PolicyOption
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.json import line, losses, planned_record
from lanekit.cli.output.outcomes import report_all
from lanekit.cli.output.streams import EXIT_CHANGES_PENDING
from lanekit.cli.output.text import plan_text
from lanekit.cli.session import open_session
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.plan import Plan


def run(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    exit_code: ExitCodeOption = False,
) -> None:
    """Show what ensure would do, and why.

    Changes nothing. Shows each difference and the least disruptive fix for it, each operation and
    its reason and, when a container would be replaced, how many files in its writable layer would
    be lost (--verbose lists them).
    """
    pending: list[Plan] = []

    def show(_lane: Lane, planned: Plan) -> str:
        pending.extend([planned] if planned.changes else [])
        if settings.json:
            return line(planned_record(planned), loses=losses(planned.lost_files))
        return plan_text(planned, verbose=settings.verbose)

    session = open_session(settings, lanes, policy)
    report_all(session, session.runtime.plan_all(session.lanes), show)
    if exit_code and pending:
        raise typer.Exit(EXIT_CHANGES_PENDING)
