"""lanekit stop."""

from lanekit.cli.arguments import LanesArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.outcomes import named_line, report_all
from lanekit.cli.session import open_session


def run(settings: Settings, lanes: LanesArgument = None) -> None:
    """Stop lanes' containers.

    A container that does not run, or does not exist, is not an error.
    """
    session = open_session(settings, lanes)
    report_all(
        session,
        ((lane, session.runtime.stop(lane)) for lane in session.lanes),
        lambda lane, result: named_line(session, lane, result, result=result),
    )
