"""`python -m lanekit` is the command `lanekit`."""

from lanekit.cli.main import main

main()
