"""lanekit ensure."""

import typer

from lanekit.api import JOBS
from lanekit.cli.arguments import JobsOption, LanesArgument, PolicyOption, RestartUnreadyOption
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.ensure_report import EnsureReport
from lanekit.cli.output.streams import FAILED
from lanekit.cli.session import open_session
from lanekit.cli.signals.interrupts import defer_interrupts
from lanekit.core.ports.backend import LaneBatch


def run(
    settings: Settings,
    lanes: LanesArgument = None,
    policy: PolicyOption = PolicyName.strict,
    restart_unready: RestartUnreadyOption = False,
    jobs: JobsOption = JOBS,
) -> None:
    """Create, start, update or replace containers to match the file.

    Prints one line per lane: what was done, the worker's URL, the seconds, the reason. It can be
    called at any time, by several processes, and after a crash. If a new worker does not answer,
    the old container runs again.
    """
    session = open_session(settings, lanes, policy, restart_unready=restart_unready)
    report = EnsureReport(session)
    batch: LaneBatch | None = None
    try:
        # The batch begins at once: a Ctrl-C before it is known here could not be passed on to it.
        with defer_interrupts():
            batch = session.runtime.ensure_all(session.lanes, jobs=jobs)
        report.add_all(batch)
    except KeyboardInterrupt:
        if batch is not None:
            batch.interrupt()
            if len(session.lanes) > 1:
                report.add_all(batch)
        raise
    finally:
        report.finish()
    if report.failed:
        raise typer.Exit(FAILED)
