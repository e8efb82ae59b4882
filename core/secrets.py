"""Keep the values of secret variables out of words that come from elsewhere."""

from collections.abc import Mapping
from dataclasses import replace

from lanekit.core.drift import HIDDEN
from lanekit.core.errors import LaneError
from lanekit.core.model import ContainerSpec

# Shorter values ("1", "no") are words that any message may hold by chance.
_SHORTEST = 4


def hide(text: str, env: Mapping[str, str]) -> str:
    """The text with every value of these variables replaced; longest first."""
    values = {value for value in env.values() if len(value) >= _SHORTEST}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def hide_in(error: LaneError, spec: ContainerSpec) -> LaneError:
    """The error with the values of the spec's secret variables hidden in its words."""
    env = {var.name: var.value for var in spec.env if var.secret}
    return replace(error, message=hide(error.message, env), detail=hide(error.detail, env))
