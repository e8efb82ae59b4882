"""lanekit drift."""

import sys
from typing import Annotated

import typer
from returns.result import Failure, Success

from lanekit.cli import wiring
from lanekit.cli.arguments import ExitCodeOption, LaneArgument, PolicyOption
from lanekit.cli.options import PolicyName, Settings
from lanekit.cli.output.json import Record, differences, line
from lanekit.cli.output.outcomes import report_all
from lanekit.cli.output.session import Session
from lanekit.cli.output.streams import EXIT_CHANGES_PENDING, print_message, usage_error
from lanekit.cli.session import open_session
from lanekit.core.domain.differences import Drift
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.lanes import Lane

_NOT_COMPARED = (
    "note: image.id and values inherited from the image were not compared, "
    "because podman was not asked"
)


def run(
    settings: Settings,
    lane: LaneArgument,
    inspect: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="saved output of `podman container inspect`; - reads stdin"
        ),
    ],
    policy: PolicyOption = PolicyName.strict,
    exit_code: ExitCodeOption = False,
) -> None:
    """Compare a saved podman inspect with the fleet file.

    Podman is not needed. If FILE has several containers, the one with the lane's container name is
    compared.
    """
    session = open_session(settings, [lane], policy)
    text = _read(inspect)
    drifts: list[Drift] = []

    def show(lane: Lane, drift: Drift) -> str:
        drifts.extend([drift] if drift else [])
        if settings.json:
            return line(Record(lane.name, lane.container_name, drift=differences(drift)))
        if not drift:
            return f"{lane.name}: no drift"
        return "\n".join([f"{lane.name}: drift", *(f"  differs  {each}" for each in drift)])

    outcomes = [(each, _drift(session, each, text, policy)) for each in session.lanes]
    report_all(session, outcomes, show)
    if policy is PolicyName.strict:
        print_message(_NOT_COMPARED)
    if exit_code and drifts:
        raise typer.Exit(EXIT_CHANGES_PENDING)


def _drift(session: Session, lane: Lane, text: str, policy: PolicyName) -> Outcome[Drift]:
    spec = session.runtime.spec(lane)
    if isinstance(spec, Failure):
        return spec
    saved = wiring.saved_drift(lane, spec.unwrap(), text, policy)
    if isinstance(saved, Failure):
        return saved
    drift, container = saved.unwrap()
    if container and container != lane.container_name:
        name = escape_control_chars(container)
        print_message(
            f"note: the inspect is of container {name}; the lane's is {lane.container_name}"
        )
    return Success(drift)


def _read(path: str) -> str:
    try:
        if path == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                content = file.read()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        usage_error(f"cannot read --inspect {path}: {reason}")
    return content.decode(errors="surrogateescape")
