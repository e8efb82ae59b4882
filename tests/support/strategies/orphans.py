"""Fleets, and the containers that remain of their lanes."""

from dataclasses import replace

from hypothesis import strategies as st
from tests.support.strategies.lanes import snapshot_of

from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.observed import ObservedContainer, State

FLEETS = ("/one/lanes.toml", "/two/lanes.toml")
"""Names of fleets, for `fleet_zoos`."""


_ANY_SNAPSHOT = snapshot_of(ContainerSpec("x", "i", "root", ("/w",), "/", (), (), (), {}))


@st.composite
def fleet_zoos(draw: st.DrawFn) -> tuple[list[Lane], list[ObservedContainer]]:
    """Lanes of a fleet file, and containers: their own, leftovers, orphans, of whatever fleet."""
    ids = st.sampled_from("abcd")
    lanes = [Lane("ws", one, f"/t/{one}") for one in sorted(draw(st.sets(ids, max_size=3)))]
    names = st.builds(
        "{}-{}{}".format, st.just("ws"), ids, st.sampled_from(["", "", ".next", ".prev", "-old"])
    )
    seen: list[ObservedContainer] = []
    for number, name in enumerate(sorted(draw(st.sets(names, max_size=8)))):
        owner = draw(st.sampled_from([name.removeprefix("ws-")[0], "a", "z"]))
        labels = {"lanekit.workspace": "ws", "lanekit.lane": owner}
        fleet = draw(st.sampled_from(["", *FLEETS]))
        state: State = draw(st.sampled_from(["running", "exited", "created", "paused"]))
        labels |= {"lanekit.fleet": fleet} if fleet else {}
        mine = replace(_ANY_SNAPSHOT, id=f"{number:064x}", name=name, state=state, labels=labels)
        seen.append(mine)
    return lanes, seen
