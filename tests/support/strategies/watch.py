"""What may happen to lanes that are watched."""

from dataclasses import dataclass

from hypothesis import strategies as st

from lanekit.core.domain.lanes import Lane

WATCHED = tuple(Lane("ws", name, f"/trees/{name}") for name in "abc")


@dataclass(frozen=True)
class Step:
    """Something that happens to a watch: `what`, to which lane, after how many seconds."""

    what: str
    lane: int
    after: float


def watch_steps() -> st.SearchStrategy[list[Step]]:
    """What may happen, in any order; a step that cannot be is to be left out by who plays it."""
    what = (
        "tick",
        "died",
        "fine",
        "reconciled",
        "failing",
        "away",
        "change",
        "drop",
        "lost",
        "heard",
    )
    step = st.builds(
        Step, st.sampled_from(what), st.integers(0, 2), st.floats(0, 100, allow_nan=False)
    )
    return st.lists(step, max_size=60)
