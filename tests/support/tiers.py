"""What runs in which tier: see the markers in pyproject.toml and the targets of the Makefile."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest

Case = TypeVar("Case", bound=tuple[Any, ...])


def with_nightly(usual: Sequence[Case], every: Iterable[Case], *, arguments: int) -> list[Any]:
    """Return parameters: the usual ones, then those of `every` that only the nightly tier tries.

    Args:
        usual: The cases of every run.
        every: All cases, the usual ones among them.
        arguments: How many arguments of the test a case is: 1 for the tuple as a whole.
    """
    more = [case for case in every if case not in usual]
    nightly = pytest.mark.nightly
    if arguments == 1:
        return [*usual, *(pytest.param(case, marks=nightly) for case in more)]
    return [*usual, *(pytest.param(*case, marks=nightly) for case in more)]
