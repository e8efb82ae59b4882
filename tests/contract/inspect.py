"""The contract of inspect, images, find and logs."""

import time
from contextlib import suppress

import pytest

from lanekit.contract.base import NO_SUCH_ID, STATES, Base, bring, look, until, value
from lanekit.contract.harness import LINES, RICH_LABEL, RICH_VOLUME, Harness
from lanekit.core.domain.drift import drift
from lanekit.core.domain.observed import InspectResult, State
from lanekit.core.ports.engine import ContainerEngine


class Looking(Base):
    """Nothing is changed by looking."""

    def test_inspect_finds_containers_by_name_and_by_id(self, harness: Harness, name: str) -> None:
        first = bring(harness, f"{name}-a", "created")
        second = bring(harness, f"{name}-b", "created")
        asked = [f"{name}-a", first, f"{name}-b", f"{name}-c", NO_SUCH_ID]
        found = value(harness.engine.inspect(asked))
        assert {key: seen.id for key, seen in found.items()} == {
            f"{name}-a": first,
            first: first,
            f"{name}-b": second,
        }
        assert found[f"{name}-a"] == found[first]

    def test_inspect_without_keys_returns_nothing(self, engine: ContainerEngine) -> None:
        assert value(engine.inspect([])) == {}

    def test_inspect_of_repeated_name_returns_it_once(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        found = value(harness.engine.inspect([f"{name}-a", f"{name}-a"]))
        assert [seen.id for seen in found.values()] == [identifier]

    def test_inspect_ignores_id_prefix(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        starts = [identifier[:length] for length in (1, 4, 12, 63)]
        assert value(harness.engine.inspect(starts)) == {}

    def test_inspect_ignores_ambiguous_id_prefix(self, harness: Harness, name: str) -> None:
        # podman answers nothing at all when one of the names asked for is such a begin.
        ids: list[str] = []
        while len({identifier[0] for identifier in ids}) == len(ids):
            ids.append(bring(harness, f"{name}-{len(ids)}", "created"))
        found = value(harness.engine.inspect([f"{name}-0", ids[-1][0], ids[-1]]))
        assert set(found) == {f"{name}-0", ids[-1]}

    def test_inspect_finds_container_named_like_an_id_prefix(
        self, harness: Harness, name: str
    ) -> None:
        first = bring(harness, f"{name}-a", "created")
        second = value(harness.engine.create(harness.spec(f"{name}-b"), f"{name}-b"))
        value(harness.engine.rename(second, first[:20]))
        try:
            found = value(harness.engine.inspect([first, first[:20], first[:19]]))
            assert {key: seen.id for key, seen in found.items()} == {
                first: first,
                first[:20]: second,
            }
        finally:
            value(harness.engine.rename(second, f"{name}-b"))

    @pytest.mark.parametrize("odd", ["-a", "--all", "--format=x", "*", "", "a b", "a/b"])
    def test_inspect_does_not_take_odd_name_as_option(
        self, engine: ContainerEngine, odd: str
    ) -> None:
        assert value(engine.inspect([odd])) == {}

    def test_inspect_of_image_name_or_id_returns_nothing(self, harness: Harness) -> None:
        image = value(harness.engine.images([harness.image]))[harness.image]
        short = harness.image.rsplit("/", 1)[-1].split(":")[0]
        assert value(harness.engine.inspect([harness.image, short, image.id])) == {}

    def test_inspect_of_301_names_returns_the_existing_one(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        found = value(harness.engine.inspect([*(f"{name}-{n}" for n in range(300)), identifier]))
        assert list(found) == [identifier]

    def test_images_returns_id_labels_and_volumes(self, harness: Harness, name: str) -> None:
        missing = "localhost/lanekit-none:1"
        asked = [harness.image, missing, harness.rich_image]
        found = value(harness.engine.images(asked))
        assert set(found) == {harness.image, harness.rich_image}
        identifier = bring(harness, f"{name}-a", "created")
        assert look(harness.engine, identifier).image_id == found[harness.image].id
        rich = found[harness.rich_image]
        assert rich.labels.get(RICH_LABEL[0]) == RICH_LABEL[1]
        assert rich.volumes == (RICH_VOLUME,)

    def test_images_without_references_returns_nothing(self, engine: ContainerEngine) -> None:
        assert value(engine.images([])) == {}

    def test_inspect_many_returns_containers_and_images(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        engine, none = harness.engine, "localhost/lanekit-none:1"
        seen = value(engine.inspect_many([f"{name}-a", f"{name}-b"], [harness.image, none]))
        assert seen.containers == {f"{name}-a": look(engine, identifier)}
        assert seen.images == value(engine.images([harness.image]))
        assert value(engine.inspect_many([f"{name}-a"], [])).images == {}
        assert value(engine.inspect_many([], [harness.image])).containers == {}

    def test_inspect_many_partial_results_match_final_result(
        self, harness: Harness, name: str
    ) -> None:
        _ = bring(harness, f"{name}-a", "created")
        names, image = [f"{name}-a", f"{name}-b"], harness.image
        told: dict[str, InspectResult] = {}
        seen = value(harness.engine.inspect_many(names, [image], told.__setitem__))
        assert told.keys() <= {*names, image}
        for what, known in told.items():
            assert known.containers.get(what) == seen.containers.get(what)
            assert known.images.get(what) == seen.images.get(what)

    def test_on_partial_that_raises_harms_no_later_inspect(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")

        class Enough(Exception):
            pass

        done: list[int] = []

        def give_up(_name: str, _results: InspectResult) -> None:
            done.append(1)
            raise Enough

        # An engine need not do it; one that does has to let this pass.
        with suppress(Enough):
            _ = harness.engine.inspect_many([f"{name}-a"], [harness.image], give_up)
            assert done == []
        assert look(harness.engine, f"{name}-a").id == identifier

    def test_images_of_container_name_or_id_returns_nothing(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        assert value(harness.engine.images([f"{name}-a", identifier])) == {}

    @pytest.mark.parametrize("state", STATES)
    def test_list_by_labels_finds_container_in_each_state(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        lane = look(harness.engine, identifier).labels["lanekit.lane"]
        found = value(harness.engine.list_by_labels({"lanekit.lane": lane}))
        assert found == (look(harness.engine, identifier),)

    def test_list_by_labels_requires_every_label(self, harness: Harness, name: str) -> None:
        made = {
            "c": {"mark": name, "kind": "x=1,2"},
            "a": {"mark": name, "kind": "x=1,2", "more": "yes"},
            "b": {"mark": name, "kind": "y"},
        }
        for end, labels in made.items():
            spec = harness.spec(f"{name}-{end}", labels=labels)
            _ = value(harness.engine.create(spec, spec.name))
        harness.run_foreign(f"{name}-foreign")

        def names(**labels: str) -> list[str]:
            return [seen.name for seen in value(harness.engine.list_by_labels(labels))]

        assert names(mark=name) == [f"{name}-a", f"{name}-b", f"{name}-c"]
        assert names(mark=name, kind="x=1,2") == [f"{name}-a", f"{name}-c"]
        assert names(mark=name, more="") == [f"{name}-a"]
        assert names(mark=name, kind="x") == []
        assert names(mark=f"{name}-") == []

    def test_inspect_shows_unowned_container_with_drift(self, harness: Harness, name: str) -> None:
        harness.run_foreign(f"{name}-a")
        seen = look(harness.engine, f"{name}-a")
        assert seen.state == "running"
        assert not [label for label in seen.labels if label.startswith("lanekit.")]
        assert drift(harness.spec(f"{name}-a"), seen, None)

    def test_logs_return_last_lines_and_survive_restart(self, harness: Harness, name: str) -> None:
        spec = harness.talkative(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        assert value(harness.engine.logs(identifier, 10)) == ""
        value(harness.engine.start(identifier))
        all_lines = "".join(f"{line}\n" for line in LINES)
        _wait_for_logs(harness.engine, identifier, all_lines)
        assert value(harness.engine.logs(identifier, 2)) == "line 4\nline 5\n"
        assert value(harness.engine.logs(identifier, 5)) == all_lines
        assert value(harness.engine.logs(identifier, 0)) == ""
        harness.kill(spec.name)
        _ = until(harness.engine, identifier, "exited")
        assert value(harness.engine.logs(identifier, 1)) == "line 5\n"
        value(harness.engine.start(identifier))
        _wait_for_logs(harness.engine, identifier, all_lines * 2)


def _wait_for_logs(engine: ContainerEngine, identifier: str, expected: str) -> None:
    deadline = time.monotonic() + 15
    while (said := value(engine.logs(identifier, 100))) != expected:
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
