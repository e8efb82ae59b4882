"""Config trees and images that are out to harm, on real podman."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure
from tests.integration.podman.conftest import RealLane
from tests.support.config_files import NOBODY, copy_of, rewritten
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

from lanekit.api import Lanes
from lanekit.contract.harness import Entry, make_tar
from lanekit.core.domain.errors import ConfigUnreadable, or_raise
from lanekit.core.domain.labels import LABEL_CONFIG
from lanekit.core.domain.operations import CopyIn
from lanekit.core.domain.progress import OperationStarted

pytestmark = pytest.mark.podman


def _config(real: RealLane) -> Path:
    return Path(real.profile.config_dir)


def _sh(real: RealLane, script: str) -> str:
    return real.sandbox.run("exec", real.lane.container_name, "sh", "-c", script)


def test_copied_config_has_container_owner_and_host_modes(real_lane: RealLane) -> None:
    config = _config(real_lane)
    _ = (config / "sub" / "run").write_text("#!/bin/sh\n")
    (config / "sub" / "run").chmod(0o4750)
    (config / "link").symlink_to("sub/../config.toml")
    for path in (config, config / "config.toml", config / "sub", config / "sub" / "run"):
        mode = path.stat().st_mode
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        path.chmod(mode)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    assert _sh(real_lane, "id -u") == "0"
    listing = _sh(real_lane, "cd /root && find .codex -exec stat -c '%n %u:%g %a' {} + | sort")
    assert listing.splitlines() == [
        f".codex 0:0 {config.stat().st_mode & 0o7777:o}",
        ".codex/config.toml 0:0 644",
        ".codex/link 0:0 777",
        ".codex/sub 0:0 755",
        ".codex/sub/run 0:0 4750",
    ]
    assert _sh(real_lane, "cat /root/.codex/link") == "first"


CHANGES: dict[str, Callable[[Path], object]] = {
    "rewritten": lambda config: rewritten(config / "config.toml"),
    "one more": lambda config: (config / "more").touch(),
}


def _refused_for_a_change(real: RealLane, change: str) -> None:
    """An ensure fails because the config changes when it is copied."""
    config = _config(real)

    def when_copied(event: object) -> None:
        if isinstance(event, OperationStarted) and isinstance(event.operation, CopyIn):
            _ = CHANGES[change](config)

    outcome = Lanes(real.engine(), real.profile, on_event=when_copied).ensure(real.lane)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), ConfigUnreadable)
    assert str(config) in outcome.failure().message


@pytest.mark.parametrize("change", CHANGES)
def test_config_change_before_copy_creates_nothing(real_lane: RealLane, change: str) -> None:
    _refused_for_a_change(real_lane, change)
    assert real_lane.containers() == []


def test_config_change_before_copy_keeps_the_old_container(real_lane: RealLane) -> None:
    _ = or_raise(real_lane.lanes().ensure(real_lane.lane))
    before = real_lane.containers()
    real_lane.config("second")
    _refused_for_a_change(real_lane, "rewritten")
    assert real_lane.containers() == before
    assert _sh(real_lane, "cat /root/.codex/config.toml") == "first"
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "replaced"


def test_config_digest_matches_copy_during_concurrent_writes(
    real_lane: RealLane,
) -> None:
    # As fast as it can, half of the time in the middle of a write.
    config, lanes, ended = _config(real_lane), real_lane.lanes(), threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            with open(config / "config.toml", "r+b", buffering=0) as file:
                _ = file.write(b"%04d" % (number % 1000) * 50)
                _ = file.write(b"%04d" % (number % 1000) * 50)
            _ = ended.wait(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        outcomes = [lanes.ensure(real_lane.lane) for _ in range(4)]
    finally:
        ended.set()
        writer.join()
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            assert isinstance(outcome.failure(), ConfigUnreadable)
    found = real_lane.containers()
    assert len(found) <= 1, "a failed ensure leaves nothing"
    for container in found:
        assert real_lane.config_in(container.id) == container.labels[LABEL_CONFIG]
    _ = or_raise(lanes.ensure(real_lane.lane))
    (container,) = real_lane.containers()
    assert real_lane.config_in(container.id) == container.labels[LABEL_CONFIG]
    assert container.labels[LABEL_CONFIG] == copy_of(config).digest


# What an image has at the config's place or above it; the host's folder is put for HOST.
IMAGES = {
    "home is a link": {"data": Entry("folder", 0o755), "root": Entry("link", 0, b"/data")},
    "home leads to the host": {"root": Entry("link", 0, b"../../../../../../../../HOST")},
    "the config is a link": {
        "root": Entry("folder", 0o755),
        "root/.codex": Entry("link", 0, b"/etc"),
    },
    "a folder of it is a link": {
        "root/.codex": Entry("folder", 0o755),
        "root/.codex/sub": Entry("link", 0, b"/etc"),
    },
    "a file of it is a link": {
        "root/.codex": Entry("folder", 0o755),
        "etc/victim": Entry("file", 0o644, b"untouched"),
        "root/.codex/config.toml": Entry("link", 0, b"/etc/victim"),
    },
}


@pytest.fixture(scope="module")
def images(podman: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Their names, and under "HOST" the folder of the host that one of them leads to."""
    host = str(tmp_path_factory.mktemp("victim"))
    made = {"HOST": host}
    for number, (what, entries) in enumerate(IMAGES.items()):
        real = {
            path: replace(entry, content=entry.content.replace(b"/HOST", host.encode()))
            for path, entry in entries.items()
        }
        made[what] = f"localhost/attack-{number}:1"
        _ = podman.run("create", "--name", "for-attack", DEMO_IMAGE, "true")
        copy = [*podman.argv, "cp", "-", "for-attack:/"]
        _ = subprocess.run(copy, env=podman.env, input=make_tar(real), check=True)
        _ = podman.run("commit", "-q", "for-attack", made[what])
        _ = podman.run("rm", "for-attack")
    yield made
    _ = podman.run("rmi", *(name for what, name in made.items() if what != "HOST"))


@pytest.mark.parametrize("what", ["home is a link", "a file of it is a link"])
def test_harmless_links_of_image_allow_the_config_copy(
    real_lane: RealLane, images: dict[str, str], what: str
) -> None:
    _ = (_config(real_lane) / "sub" / "inner").write_text("second")
    real_lane.profile = replace(real_lane.profile, image=images[what])
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    seen = _sh(real_lane, "cat /root/.codex/config.toml /root/.codex/sub/inner /etc/victim; true")
    assert seen == ("firstsecond" if what == "home is a link" else "firstseconduntouched")
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


@pytest.mark.parametrize(
    "what",
    [
        "home leads to the host",
        "the config is a link",
        "a folder of it is a link",
    ],
)
def test_config_copy_refuses_harmful_links_of_image(
    real_lane: RealLane, images: dict[str, str], what: str
) -> None:
    _ = (_config(real_lane) / "sub" / "inner").write_text("second")
    real_lane.profile = replace(real_lane.profile, image=images[what])
    outcome = real_lane.lanes().ensure(real_lane.lane)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "EngineFailed"
    assert "could not copy" in outcome.failure().message
    assert real_lane.containers() == []
    assert os.listdir(images["HOST"]) == []


def test_image_volume_at_config_path_receives_the_config(
    real_lane: RealLane, podman: Sandbox
) -> None:
    image = "localhost/attack-volume:1"
    _ = podman.run("create", "--name", "for-attack", DEMO_IMAGE, "true")
    _ = podman.run("commit", "-q", "--change", "VOLUME /root/.codex", "for-attack", image)
    _ = podman.run("rm", "for-attack")
    real_lane.profile = replace(real_lane.profile, image=image)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    assert _sh(real_lane, "cat /root/.codex/config.toml") == "first"
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"
