"""lanekit shell."""

from typing import Final

from lanekit.cli.arguments import LaneArgument
from lanekit.cli.commands.exec import execute
from lanekit.cli.options import Settings

# Runs in the container, never on the host. Not exec bash || exec sh: a shell that is no terminal's
# ends at an exec that fails. Not a login shell: /etc/profile would set another PATH than the
# worker's.
SHELL: Final = ("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh")


def run(settings: Settings, lane: LaneArgument) -> None:
    """Open a shell in a lane.

    It is bash, or sh if the image has no bash, in the worker's folder.
    """
    execute(settings, lane, SHELL)
