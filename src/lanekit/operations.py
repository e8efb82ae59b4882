"""The operations that a plan is made of, and the union of them."""

from typing import TYPE_CHECKING

from lanekit._lazy import lazy

if TYPE_CHECKING:
    from lanekit.core.domain.operations import (
        Action,
        AwaitReady,
        CheckIdle,
        CopyIn,
        Create,
        Operation,
        Remove,
        Rename,
        Start,
        Stop,
        Unpause,
        Update,
        Verify,
    )

__all__ = [
    "Action",
    "AwaitReady",
    "CheckIdle",
    "CopyIn",
    "Create",
    "Operation",
    "Remove",
    "Rename",
    "Start",
    "Stop",
    "Unpause",
    "Update",
    "Verify",
]


_HOMES = {
    "lanekit.core.domain.operations": (
        "Action",
        "AwaitReady",
        "CheckIdle",
        "CopyIn",
        "Create",
        "Operation",
        "Remove",
        "Rename",
        "Start",
        "Stop",
        "Unpause",
        "Update",
        "Verify",
    ),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, _HOMES)
