"""The command's default for --jobs is the library's; it stands twice so that a start loads less."""

from lanekit.api import JOBS
from lanekit.cli import options


def test_the_commands_jobs_are_the_librarys() -> None:
    assert options.JOBS == JOBS
