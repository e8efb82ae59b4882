"""Redact the values of secret variables in texts that come from elsewhere."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.drift import REDACTED
from lanekit.core.domain.errors import LaneError
from lanekit.core.domain.lanes import Profile

# Shorter values ("1", "no") are words that any message may hold by chance.
_SHORTEST = 4


def secrets_of(spec: ContainerSpec) -> dict[str, str]:
    """Return the variables whose values are never shown."""
    return {var.name: var.value for var in spec.env if var.secret}


def secrets_of_profile(profile: Profile | None) -> dict[str, str]:
    """Return the profile's variables whose values are text, as they all are in a valid one.

    An invalid profile is refused, and the error that refuses it passes through here too.
    """
    env: Mapping[str, object] = {} if profile is None else profile.env
    if not isinstance(cast("object", env), Mapping):
        return {}
    return {str(name): value for name, value in env.items() if isinstance(value, str)}


def secrets_of_all(profiles: Iterable[Profile | None]) -> dict[str, str]:
    """Return the secret values of several lanes, whose variables may have the same names."""
    values = {value for profile in profiles for value in secrets_of_profile(profile).values()}
    return {str(number): value for number, value in enumerate(values)}


def redact(text: str, env: Mapping[str, str]) -> str:
    """Return the text with every value of these variables replaced, longest first.

    Also where it stands escaped, as in JSON or in Python's quotes, even twice (JSON that is
    quoted), and each line of a value of several.
    """
    values = {way for value in env.values() for way in _ways(value) if len(way) >= _SHORTEST}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text


def _ways(value: str) -> Iterator[str]:
    for part in (value, *value.splitlines()):
        once = {part, *_escaped(part)}
        yield from once
        for way in once:
            yield from _escaped(way)


def _escaped(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    # With both kinds of quotes beside it, repr escapes the single ones.
    yield repr(f"{text}'\"")[1:-4]


def redact_error(error: LaneError, env: Mapping[str, str]) -> LaneError:
    """Return the error with the values of these variables redacted in all its texts."""
    hints = tuple(hint._replace(subject=redact(hint.subject, env)) for hint in error.hints)
    message, detail = redact(error.message, env), redact(error.detail, env)
    return replace(error, message=message, detail=detail, hints=hints)


def redact_for_spec(error: LaneError, spec: ContainerSpec) -> LaneError:
    """Return the error with the values of the spec's secret variables redacted."""
    return redact_error(error, secrets_of(spec))
