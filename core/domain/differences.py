"""Drift: the differences between the desired state and the observed one."""

from typing import Literal

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.escaping import printable

Grade = Literal["adjust", "restart", "replace"]
"""The mildest mend that ends a difference: while it runs, by a restart, by another container."""


@dataclass(frozen=True)
class Difference:
    """One field in which a container is not as asked. Both sides are printable and masked."""

    field: str
    expected: str
    actual: str
    grade: Grade = "replace"

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, actual {self.actual}"

    def printable(self) -> "Difference":
        """The same, with what would steer a terminal as escapes: podman's words may hold that."""
        field, expected, actual = map(printable, (self.field, self.expected, self.actual))
        return Difference(field, expected, actual, self.grade)


Drift = tuple[Difference, ...]
Policy = Literal["strict", "reference"]
