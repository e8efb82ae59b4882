"""Drift: the differences between the desired state and the observed one."""

from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.escaping import escape_control_chars

Remedy = Literal["adjust", "restart", "replace"]
"""What ends a difference, mildest first: an in-place update, a restart, another container."""


@dataclass(frozen=True)
class Difference:
    """One field in which a container differs. Both sides are printable, with secrets redacted."""

    field: str
    expected: str
    actual: str
    remedy: Remedy = "replace"

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, actual {self.actual}"

    def escaped(self) -> "Difference":
        """Return the difference with control characters escaped: podman's text may hold some."""
        field, expected, actual = map(
            escape_control_chars, (self.field, self.expected, self.actual)
        )
        return Difference(field, expected, actual, self.remedy)


Drift = tuple[Difference, ...]
Policy = Literal["strict", "reference"]
