"""lanekit logs."""

from typing import Annotated

import typer

from lanekit.cli.arguments import LaneArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.json import Record, line
from lanekit.cli.output.outcomes import report_all
from lanekit.cli.session import open_session
from lanekit.core.domain.lanes import Lane


def run(
    settings: Settings,
    lane: LaneArgument,
    tail: Annotated[int, typer.Option(min=1, metavar="N", help="how many lines")] = 100,
) -> None:
    """Print the last lines that a lane's worker wrote.

    Values from the fleet file's env are redacted.
    """

    def show(lane: Lane, text: str) -> str:
        if not settings.json:
            return text.removesuffix("\n")
        return line(Record(lane.name, lane.container_name), log=text)

    session = open_session(settings, [lane])
    report_all(session, [(each, session.runtime.logs(each, tail)) for each in session.lanes], show)
