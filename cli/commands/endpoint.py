"""lanekit endpoint."""

from lanekit.cli.arguments import LaneArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.json import Record, line
from lanekit.cli.output.outcomes import report_all
from lanekit.cli.session import open_session
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import Endpoint


def run(settings: Settings, lane: LaneArgument) -> None:
    """Print the URL of a lane's worker.

    Prints nothing else, and does not ask the worker. A container that does not run is an error.
    """

    def show(lane: Lane, endpoint: Endpoint) -> str:
        if not settings.json:
            return endpoint.url
        return line(Record(lane.name, lane.container_name, endpoint=endpoint.url))

    session = open_session(settings, [lane])
    report_all(session, [(each, session.runtime.endpoint(each)) for each in session.lanes], show)
