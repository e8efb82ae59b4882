"""A state machine that drives two engines with the same random operations."""

import itertools
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, Verbosity, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.integration.engines.differential import ARCHIVES, WORKERS, Side, Twins

_MOST = 12
NOBODY = -1
_NUMBERS = itertools.count(1)
# The newest one, those before it, and now and then one that nobody has.
_TARGETS = st.sampled_from([0, 0, 0, 1, 1, 2, 3, NOBODY])
_NAMES = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8])
_BAD_NAMES = ("with blank", "-x", "", "a/b", "ü")

Pair: TypeAlias = Callable[[], tuple[Side, Side, Callable[[str], None]]]
"""Makes both sides, and what clears away containers whose names begin with its argument."""


class TwinMachine(RuleBasedStateMachine):
    """Does each operation to both and compares; a subclass says to which pair."""

    pair: Pair

    def __init__(self) -> None:
        super().__init__()
        one, other, self._clear = self.pair()
        self._prefix = f"twin{next(_NUMBERS)}"
        self._names = [f"{self._prefix}-{end}" for end in ("a", "b", "a.next", "c")]
        self._twins = Twins(one, other, self._names)
        self._made = one.ids

    def teardown(self) -> None:
        for target in range(len(self._made)):
            self._twins.files(target)
        self._clear(f"{self._prefix}-")

    def _name(self, number: int) -> str:
        return (*self._names, *_BAD_NAMES)[number]

    @initialize(third=st.sampled_from(("", *WORKERS)))
    def begin(self, third: str) -> None:
        # Whatever the seed, Hypothesis first tries the simplest of everything, step by step.
        _ = assume(third)
        for name, worker in enumerate(("plain", third, "plain")):
            self._twins.create(self._name(name), worker)
        self._twins.change("start", 0)
        self._twins.compare()

    @precondition(lambda self: len(self._made) < _MOST)
    @rule(name=_NAMES, worker=st.sampled_from(WORKERS))
    def create(self, name: int, worker: str) -> None:
        self._twins.create(self._name(name), worker)
        self._twins.compare()

    @rule(
        verb=st.sampled_from(["start", "start", "start", "unpause"]),
        which=_TARGETS,
    )
    def wake(self, verb: str, which: int) -> None:
        self._twins.change(verb, which)
        self._twins.compare()

    @rule(verb=st.sampled_from(["stop", "stop", "stop", "remove"]), which=_TARGETS)
    def end(self, verb: str, which: int) -> None:
        self._twins.change(verb, which, 5)
        self._twins.compare()

    @rule(which=_TARGETS, name=_NAMES)
    def rename(self, which: int, name: int) -> None:
        self._twins.change("rename", which, self._name(name))
        self._twins.compare()

    @rule(which=_TARGETS, archive=st.sampled_from(sorted(ARCHIVES)))
    def put_archive(self, which: int, archive: str) -> None:
        self._twins.change("put_archive", which, [ARCHIVES[archive]])
        self._twins.files(which)

    @rule(verb=st.sampled_from(["pause", "pause", "kill"]), which=_TARGETS)
    def by_hand(self, verb: str, which: int) -> None:
        self._twins.by_hand(verb, which)
        self._twins.compare()

    @rule(
        which=_TARGETS,
        tail=st.sampled_from([0, 1, 50]),
        label=st.sampled_from(["lanekit.lane", "made-by", "nobody-has-this"]),
        value=st.sampled_from(["", "plain", "the-contract", "x"]),
    )
    def look(self, which: int, tail: int, label: str, value: str) -> None:
        self._twins.logs(which, tail)
        lane = f"{self._prefix}-a-{value}" if value == "plain" else value
        self._twins.list_by_labels({label: lane})


def drive(
    pair: Pair, *, examples: int, steps: int, number: int, shrink: bool = True
) -> Counter[str]:
    """Run the machine; which operations were done, and how often. `number` is the seed."""
    before = Counter(Twins.done)
    found = type("Twins", (TwinMachine,), {"pair": staticmethod(pair)})
    run_state_machine_as_test(
        seed(number)(found),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
            report_multiple_bugs=False,
            print_blob=True,
            verbosity=Verbosity.normal,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    return Twins.done - before
