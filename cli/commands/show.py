"""lanekit show."""

from shlex import join

from lanekit.cli.arguments import LaneArgument
from lanekit.cli.options import Settings
from lanekit.cli.output.json import Record, line
from lanekit.cli.output.outcomes import report_all
from lanekit.cli.output.streams import print_message
from lanekit.cli.session import open_session
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.podman_create.args import (
    affects_podman_itself,
    create_args,
    env_passthrough,
)


def run(settings: Settings, lane: LaneArgument) -> None:
    """Print the podman create command of a lane.

    It is exact, and quoted for a shell. Values from the fleet file's env are left out.
    """

    def command(lane: Lane, spec: ContainerSpec) -> str:
        _print_secret_notes(spec)
        argv = ("podman", *create_args(spec))
        if settings.json:
            return line(Record(lane.name, lane.container_name), command=argv)
        return join(argv)

    session = open_session(settings, [lane])
    report_all(session, [(each, session.runtime.spec(each)) for each in session.lanes], command)


def _print_secret_notes(spec: ContainerSpec) -> None:
    exported = sorted(env_passthrough(spec))
    if exported:
        print_message(f"note: podman takes {', '.join(exported)} from its own environment")
    on_stdin = [var.name for var in spec.env if var.secret and affects_podman_itself(var.name)]
    if on_stdin:
        print_message(
            f"note: podman reads {', '.join(on_stdin)} from stdin, one NAME=value per line"
        )
