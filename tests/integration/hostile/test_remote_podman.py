"""podman on another machine over ssh: its own command speaks that, and is told where to."""

import subprocess
import sys

import pytest
from tests.integration.hostile.fake_podman import (
    NOTHING_THERE,
    FakePodman,
    environ,
    fleet_of,
    make_lane,
)

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.ports.engine import Streams

HOST = "ssh://user@host:2222/run/user/1000/podman/podman.sock?secure=1"
KEY = "/home/user/.ssh/a key"
ID = "ab" * 32
ANSWERS = f"""
case "$1" in
  create) echo {ID} ;;
  container|image) {NOTHING_THERE.strip()} ;;
  cp) exec cat >/dev/null ;;
esac"""


def _notes(fake: FakePodman, script: str) -> None:
    hosts = fake.folder / "hosts"
    line = f'printf "%s\\n" "$1|$CONTAINER_HOST|$CONTAINER_SSHKEY" >> "{hosts}"\n'
    _ = fake.becomes(line + script)


def _noted(fake: FakePodman) -> list[tuple[str, str, str]]:
    lines = (fake.folder / "hosts").read_text().splitlines()
    return [(verb, host, key) for verb, host, key in (line.split("|") for line in lines)]


@pytest.mark.parametrize("engine", ["auto", "cli"])
def test_container_host_reaches_podman_unchanged(fake: FakePodman, engine: str) -> None:
    _notes(fake, NOTHING_THERE)
    _ = make_lane(fake.folder)
    there = {**environ(fake), "CONTAINER_HOST": HOST, "CONTAINER_SSHKEY": KEY}
    del there["LANEKIT_ENGINE"]
    for command, words in (("status", "engine: podman command"), ("ensure", "localhost/a:1")):
        file = str(fleet_of(fake.folder))
        said = subprocess.run(
            [sys.executable, "-m", "lanekit", command, "--engine", engine, "--file", file],
            env=there,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert said.returncode == 1
        assert words in said.stdout + said.stderr
    assert len(_noted(fake)) >= 2
    assert {(host, key) for _verb, host, key in _noted(fake)} == {(HOST, KEY)}


def test_every_podman_call_gets_container_host(
    fake: FakePodman, monkeypatch: pytest.MonkeyPatch
) -> None:
    _notes(fake, ANSWERS)
    monkeypatch.setenv("CONTAINER_HOST", HOST)
    monkeypatch.setenv("CONTAINER_SSHKEY", KEY)
    engine = PodmanCli((str(fake.path),), timeout=20)
    # Two secrets: one goes through podman's environment, one that would steer it by its stdin.
    profile = Profile("/w", "/i", env={"TOKEN": "s3cret", "CONTAINER_HOST": "ssh://elsewhere"})
    assert or_raise(engine.inspect([ID])) == {}
    spec = container_spec(Lane("ws", "a", "/t"), profile, Digests())
    assert or_raise(engine.create(spec, "ws-a")) == ID
    for outcome in (
        engine.put_archive(ID, [bytes(512)]),
        engine.start(ID),
        engine.unpause(ID),
        engine.stop(ID, 0),
        engine.rename(ID, "ws-b"),
        engine.remove(ID, 0),
        engine.logs(ID, 1),
        engine.diff(ID),
        engine.update(ID, Limits(memory=64 << 20)),
        engine.execute(ID, ["true"], Streams(), tty=False),
    ):
        _ = outcome.value_or(None)
    stream = or_raise(engine.events())
    _ = stream.next(5)
    stream.close()
    verbs = "container create cp start unpause stop rename rm logs update exec events"
    assert {verb for verb, _host, _key in _noted(fake)} >= set(verbs.split())
    assert {(host, key) for _verb, host, key in _noted(fake)} == {(HOST, KEY)}
