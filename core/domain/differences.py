"""Drift: the differences between the desired state and the observed one."""

from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.escaping import escape_control_chars

Remedy = Literal["adjust", "restart", "replace"]
"""The mildest mend that ends a difference: while it runs, by a restart, by another container."""


@dataclass(frozen=True)
class Difference:
    """One field in which a container is not as asked. Both sides are printable and masked."""

    field: str
    expected: str
    actual: str
    remedy: Remedy = "replace"

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, actual {self.actual}"

    def escaped(self) -> "Difference":
        """The same, with what would steer a terminal as escapes: podman's words may hold that."""
        field, expected, actual = map(
            escape_control_chars, (self.field, self.expected, self.actual)
        )
        return Difference(field, expected, actual, self.remedy)


Drift = tuple[Difference, ...]
Policy = Literal["strict", "reference"]
