"""The contract of changes and update."""

import pytest

from lanekit.contract.base import STATES, Base, bring, kind, look, value
from lanekit.contract.harness import Entry, Harness, make_tar
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.observed import LayerChange, State
from lanekit.core.ports.engine import ContainerEngine

FILE = Entry("file", 0o600, b"x")
ODD = ("a b", "c,d", 'q"uo', "é", "n\nl", "esc\x1b[31m", "-x")


def _own(engine: ContainerEngine, identifier: str, below: str) -> dict[str, str]:
    """The changes at and below a path, and their kinds."""
    found = value(engine.diff(identifier))
    assert list(found) == sorted(found, key=lambda change: change.path)
    return {c.path: c.kind for c in found if f"{c.path}/".startswith(f"{below}/")}


class Layering(Base):
    """What is in a container's own layer."""

    def test_diff_of_new_container_is_empty(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        assert value(harness.engine.diff(identifier)) == ()

    @pytest.mark.parametrize("state", STATES)
    def test_diff_in_each_state_shows_copied_files(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        tree = {"/root/.codex": Entry("folder", 0o755), "/root/.codex/a": FILE}
        value(harness.engine.put_archive(identifier, [make_tar(tree)]))
        assert _own(harness.engine, identifier, "/root") == dict.fromkeys(
            ("/root", "/root/.codex", "/root/.codex/a"), "added"
        )

    def test_diff_after_first_start_shows_mount_points(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        found = {c.path: c.kind for c in value(harness.engine.diff(identifier))}
        assert found == {
            "/etc": "changed",
            **dict.fromkeys(("/usr", "/usr/local", "/usr/local/bin", "/workspace"), "added"),
            **dict.fromkeys(("/usr/local/bin/inbox", "/usr/local/bin/lane-worker"), "added"),
        }

    def test_diff_ignores_files_inside_mounts(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        harness.write(f"{name}-a", "/workspace/left", "x")
        assert list(_own(harness.engine, identifier, "/workspace")) == ["/workspace"]

    def test_diff_distinguishes_added_changed_and_deleted(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "running")
        harness.write(f"{name}-a", "/new/deep/file", "x")
        harness.write(f"{name}-a", "/etc/passwd", "root:x:0:0::/root:/bin/sh")
        assert _own(harness.engine, identifier, "/new") == dict.fromkeys(
            ("/new", "/new/deep", "/new/deep/file"), "added"
        )
        assert _own(harness.engine, identifier, "/etc") == {
            "/etc": "changed",
            "/etc/passwd": "changed",
        }
        harness.delete(f"{name}-a", "/new/deep/file")
        harness.delete(f"{name}-a", "/etc/passwd")
        assert _own(harness.engine, identifier, "/etc")["/etc/passwd"] == "deleted"
        assert "/new/deep/file" not in _own(harness.engine, identifier, "/new")

    def test_diff_returns_odd_names_and_thousands_of_files(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        names = (*ODD, *(f"many-{number:05}" for number in range(5000)))
        tree = {"/own": Entry("folder", 0o755), **{f"/own/{each}": FILE for each in names}}
        value(harness.engine.put_archive(identifier, [make_tar(tree)]))
        found = value(harness.engine.diff(identifier))
        assert {c.path for c in found} == {"/own", *(f"/own/{each}" for each in names)}
        assert {c.kind for c in found} == {"added"}
        assert LayerChange("/own/n\nl", "added") in found

    def test_diff_of_image_reports_not_found(self, harness: Harness) -> None:
        image = value(harness.engine.images([harness.image]))[harness.image]
        assert kind(harness.engine.diff(image.id)) == "NotFound"


class Updating(Base):
    """Limits that change while a container runs."""

    def test_update_takes_lasting_effect_only_where_updatable(
        self, harness: Harness, name: str
    ) -> None:
        engine = harness.engine
        asked = {"memory": 64 << 20, "cpus": 0.5, "pids_limit": 100}
        spec = harness.spec(f"{name}-a", **asked)
        identifier = value(engine.create(spec, spec.name))
        value(engine.start(identifier))
        before = look(engine, identifier)
        if not before.updatable:
            # Not promised, and not seen: such a container is replaced.
            _ = engine.update(identifier, Limits(memory=128 << 20))
            assert look(engine, identifier).memory == 64 << 20
            return
        value(engine.update(identifier, Limits(128 << 20, 1.5, 200, "on-failure:3")))
        now = look(engine, identifier)
        assert (now.memory, now.cpus, now.pids_limit) == (128 << 20, 1.5, 200)
        assert (now.restart_policy, now.id, now.pid) == ("on-failure:3", before.id, before.pid)
        value(engine.update(identifier, Limits(memory=96 << 20, restart_policy="no")))
        value(engine.stop(identifier, 5))
        value(engine.start(identifier))
        now = look(engine, identifier)
        assert (now.memory, now.cpus, now.pids_limit) == (96 << 20, 1.5, 200)
        assert (now.restart_policy, now.state) == ("no", "running")
