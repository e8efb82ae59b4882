"""How many examples a law about podman's answers is tried with."""

import os

from hypothesis import settings

LONG = os.environ.get("LANEKIT_LONG") == "1"
# How long one takes says more of what else the machine does: it is no reason to fail.
MANY = settings(max_examples=20_000 if LONG else 100, deadline=None)
"""For what reads podman's answers."""
