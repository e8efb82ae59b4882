"""The labels that lanekit puts on a lane's container."""

from collections.abc import Mapping

LABEL_WORKSPACE = "lanekit.workspace"
LABEL_LANE = "lanekit.lane"
LABEL_WORKER = "lanekit.worker"
LABEL_INBOX = "lanekit.inbox"
LABEL_CONFIG = "lanekit.config"
LABEL_FLEET = "lanekit.fleet"
"""Which fleet a container was made for; for `gc` alone, never drift and never identity (ADR 21)."""
LABEL_ENV = "lanekit.env"
"""Names of the environment variables of the spec: a variable that was dropped is thus seen."""


def has_labels(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether all wanted labels are among these; an empty value stands for any."""
    return all(key in labels and value in ("", labels[key]) for key, value in wanted.items())
