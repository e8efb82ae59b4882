"""One module for each command. Its function `run` is the command; `lanekit.cli.app` lists them."""
