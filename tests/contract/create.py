"""The contract of create and put_archive."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from returns.result import Failure

from lanekit.contract.base import STATES, Base, bring, gone, kind, look, value
from lanekit.contract.harness import (
    RICH_ENV,
    RICH_LABEL,
    RICH_VOLUME,
    Entry,
    Harness,
    make_tar,
)
from lanekit.core.domain.containers import ContainerSpec, EnvVar, Mount
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import ConfigUnreadable
from lanekit.core.domain.observed import State
from lanekit.core.ports.host_files import ArchiveBroken

CONFIG = "/root/.codex"
TREE = {
    CONFIG: Entry("folder", 0o750),
    f"{CONFIG}/auth.json": Entry("file", 0o600, b'{"key": 1}'),
    f"{CONFIG}/run": Entry("file", 0o755, b"#!/bin/sh\n" * 900),
    f"{CONFIG}/empty": Entry("file", 0o644),
    f"{CONFIG}/skills": Entry("folder", 0o755),
    f"{CONFIG}/skills/link": Entry("link", 0o777, b"../auth.json"),
    f"{CONFIG}/skills/ümlaut {'n' * 120}": Entry("file", 0o640, b"\0\xff"),
}


class Creating(Base):
    """A container is made as asked, or not at all."""

    def test_created_container_has_no_drift(self, harness: Harness, name: str) -> None:
        spec = harness.spec(f"{name}-a")
        identifier = value(harness.engine.create(spec, spec.name))
        seen = look(harness.engine, spec.name)
        image = value(harness.engine.images([spec.image]))[spec.image]
        assert drift(spec, seen, image) == ()
        assert len(identifier) == 64
        assert (seen.id, seen.name, seen.state) == (identifier, spec.name, "created")
        assert (seen.exit_code, seen.started_at) == (0, "")
        value(harness.engine.start(identifier))
        assert drift(spec, look(harness.engine, identifier), image) == ()

    def test_container_inherits_image_labels_env_and_volume(
        self, harness: Harness, name: str
    ) -> None:
        spec = harness.spec(f"{name}-a", image=harness.rich_image)
        identifier = value(harness.engine.create(spec, spec.name))
        seen = look(harness.engine, identifier)
        image = value(harness.engine.images([spec.image]))[spec.image]
        assert drift(spec, seen, image) == ()
        assert seen.labels.get(RICH_LABEL[0]) == RICH_LABEL[1]
        assert seen.env.get(RICH_ENV[0]) == RICH_ENV[1]
        assert [(m.target, m.read_only) for m in seen.mounts if m.kind == "volume"] == [
            (RICH_VOLUME, False)
        ]

    def test_container_gets_env_mounts_and_limits_of_spec(
        self, harness: Harness, name: str
    ) -> None:
        plain = harness.spec(f"{name}-a")
        odd = {
            "EMPTY": "",
            "BLANKS": " a  b ",
            "LINES": "one\ntwo\n",
            "EQUALS": "a=b=c",
            "QUOTES": "\"'\\$HOME",
            "UTF8": "grüße",
            "HTTP_PROXY": "http://127.0.0.1:1",
        }
        env = (*plain.env, *(EnvVar(key, text) for key, text in odd.items()))
        mounts = (*plain.mounts, Mount(plain.mounts[0].source, "/extra", read_only=True))
        spec = replace(plain, env=env, mounts=mounts, memory=64 * 2**20, cpus=0.5, pids_limit=100)
        _ = value(harness.engine.create(spec, spec.name))
        seen = look(harness.engine, spec.name)
        assert drift(spec, seen, None) == ()
        assert {key: seen.env.get(key) for key in odd} == odd
        assert seen.labels["lanekit.env"] == ",".join(sorted(odd))
        assert drift(plain, seen, None), "the test would not notice"

    def test_create_uses_given_name_not_the_spec_name(self, harness: Harness, name: str) -> None:
        spec = harness.spec(f"{name}-a")
        identifier = value(harness.engine.create(spec, f"{name}-a.next"))
        assert gone(harness.engine, f"{name}-a")
        assert look(harness.engine, f"{name}-a.next").id == identifier

    @pytest.mark.parametrize("state", STATES)
    def test_create_with_name_in_use_fails_and_changes_nothing(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        before = look(harness.engine, identifier)
        assert kind(harness.engine.create(harness.spec(f"{name}-a"), f"{name}-a")) == "NameInUse"
        assert look(harness.engine, f"{name}-a") == before

    def test_create_with_missing_image_fails_and_leaves_nothing(
        self, harness: Harness, name: str
    ) -> None:
        spec = harness.spec(f"{name}-a", image="localhost/lanekit-none:1")
        self._refused(harness, spec, f"{name}-a", "ImageMissing")

    def test_create_with_missing_source_fails_and_leaves_nothing(
        self, harness: Harness, name: str
    ) -> None:
        self._refused(harness, _sourceless(harness, name), f"{name}-a", "MountSourceMissing")

    @pytest.mark.parametrize("bad", ["with blank", "-option", ".dot", "sla/sh", "ümlaut", ""])
    def test_create_with_invalid_name_fails_and_leaves_nothing(
        self, harness: Harness, name: str, bad: str
    ) -> None:
        self._refused(harness, harness.spec(f"{name}-a"), bad, "InvalidLane")

    def _refused(self, harness: Harness, spec: ContainerSpec, name: str, expected: str) -> None:
        volumes = harness.volumes()
        assert kind(harness.engine.create(spec, name)) == expected
        assert gone(harness.engine, name)
        assert harness.volumes() == volumes

    def test_create_checks_image_then_mounts_then_name(self, harness: Harness, name: str) -> None:
        _ = bring(harness, f"{name}-a", "created")
        broken = _sourceless(harness, name)
        imageless = replace(broken, image="localhost/lanekit-none:1")
        for bad in (f"{name}-a", "with blank"):
            assert kind(harness.engine.create(imageless, bad)) == "ImageMissing"
            assert kind(harness.engine.create(broken, bad)) == "MountSourceMissing"

    def test_create_error_does_not_contain_env_value(self, harness: Harness, name: str) -> None:
        secret = "tell-nobody-4711"
        plain = harness.spec(f"{name}-a", env=(EnvVar("TOKEN", secret),))
        assert secret not in repr(plain)
        for spec in (plain, replace(plain, image="localhost/lanekit-none:1")):
            outcomes = [harness.engine.create(spec, bad) for bad in ("with blank", "-x")]
            for outcome in outcomes:
                assert isinstance(outcome, Failure)
                assert secret not in f"{outcome.failure()}{outcome!r}"


def _sourceless(harness: Harness, name: str) -> ContainerSpec:
    plain = harness.spec(f"{name}-a", image=harness.rich_image)
    return replace(plain, mounts=(*plain.mounts, Mount(harness.missing_path, "/x")))


class Copying(Base):
    """An archive lands in the container as it is."""

    @pytest.mark.parametrize("state", STATES)
    def test_put_archive_in_each_state_preserves_the_tree(
        self, harness: Harness, name: str, state: State
    ) -> None:
        identifier = bring(harness, f"{name}-a", state)
        value(harness.engine.put_archive(identifier, [make_tar(TREE)]))
        assert harness.tree(f"{name}-a", CONFIG) == TREE
        assert look(harness.engine, identifier).state == state

    def test_copied_tree_survives_rename_start_and_stop(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        value(harness.engine.put_archive(identifier, [make_tar(TREE)]))
        value(harness.engine.rename(identifier, f"{name}-b"))
        value(harness.engine.start(identifier))
        assert harness.tree(f"{name}-b", CONFIG) == TREE
        value(harness.engine.stop(identifier, 5))
        assert harness.tree(f"{name}-b", CONFIG) == TREE

    def test_put_archive_accepts_chunks_of_any_size(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        archive = make_tar(TREE)

        def pieces() -> Iterator[bytes]:
            yield b""
            yield archive[:1]
            yield b""
            for begin in range(1, len(archive), 777):
                yield archive[begin : begin + 777]

        value(harness.engine.put_archive(identifier, pieces()))
        assert harness.tree(f"{name}-a", CONFIG) == TREE

    def test_put_archive_creates_missing_parent_folders(self, harness: Harness, name: str) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        deep = {"/root/a/b/c": Entry("file", 0o644, b"deep")}
        value(harness.engine.put_archive(identifier, [make_tar(deep)]))
        assert harness.tree(f"{name}-a", "/root/a") == {
            "/root/a": Entry("folder", 0o755),
            "/root/a/b": Entry("folder", 0o755),
            **deep,
        }

    def test_second_put_archive_overwrites_and_keeps_the_rest(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        value(harness.engine.put_archive(identifier, [make_tar(TREE)]))
        change = {f"{CONFIG}/empty": Entry("file", 0o600, b"not any more")}
        value(harness.engine.put_archive(identifier, [make_tar(change)]))
        assert harness.tree(f"{name}-a", CONFIG) == {**TREE, **change}

    @pytest.mark.parametrize("cut", [0, 700, 3000])
    def test_broken_archive_fails_and_next_copy_succeeds(
        self, harness: Harness, name: str, cut: int
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")

        def broken() -> Iterator[bytes]:
            yield make_tar(TREE)[:cut]
            raise ArchiveBroken(ConfigUnreadable("it changed"))

        outcome = harness.engine.put_archive(identifier, broken())
        assert isinstance(outcome, Failure)
        assert outcome.failure() == ConfigUnreadable("it changed")
        value(harness.engine.put_archive(identifier, [make_tar(TREE)]))
        assert harness.tree(f"{name}-a", CONFIG) == TREE

    def test_put_archive_rejects_invalid_empty_and_truncated_tar(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        # In a header, at two places; in the content of a small file, and of a larger one.
        cuts = [make_tar(TREE)[:end] for end in (600, 800, 1030, 3000)]
        for wrong in (b"garbage" * 300, b"", bytes(1024), *cuts):
            assert kind(harness.engine.put_archive(identifier, [wrong])) == "EngineFailed"

    def test_put_archive_rejects_change_between_file_and_folder(
        self, harness: Harness, name: str
    ) -> None:
        identifier = bring(harness, f"{name}-a", "created")
        value(harness.engine.put_archive(identifier, [make_tar(TREE)]))
        for path, other in ((f"{CONFIG}/empty", "folder"), (f"{CONFIG}/skills", "file")):
            clash = make_tar({path: Entry(other, 0o755)})
            assert kind(harness.engine.put_archive(identifier, [clash])) == "EngineFailed"
        assert harness.tree(f"{name}-a", CONFIG) == TREE
