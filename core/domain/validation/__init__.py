"""Check a lane and its profile, and name each value that cannot be used."""

from lanekit.core.domain.validation.types import InvalidValue
from lanekit.core.domain.validation.values import identity_errors, path_error, validation_errors

__all__ = ["InvalidValue", "identity_errors", "path_error", "validation_errors"]
