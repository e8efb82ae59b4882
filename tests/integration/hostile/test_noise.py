"""Words of others on podman's stderr, in any language: never mixed into what is read."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.fuzz.mutations import seeds
from tests.integration.podman.conftest import WORKER, RealLane
from tests.support.sandbox.podman_sandbox import Sandbox
from tests.support.strategies.podman_answers import noise

from lanekit.adapters.host.processes import CompletedCommand
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.cli.output import in_order, shown_containers, shown_images
from lanekit.adapters.podman.inspect_decoder import decode_containers
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.errors import InvalidResponse, or_raise
from lanekit.core.ports.engine import ContainerEngine

RUNNING = [text for name, text in sorted(seeds().items()) if name.endswith("-running.cli")]
INSPECTS = [text for text in RUNNING if '"ImageName":' in text]  # a `podman ps` is no inspect
IMAGES = '[{"Id":"' + "1" * 64 + '"},{"Id":"' + "2" * 64 + '"}]'
NOT_THERE = (
    "Error: no such container {}",
    'Error: no such container "{}"',
    "Error: inspecting object: no such container {}",
    "error inspecting object: no such container {}",
    'Error: no container with name or ID "{}" found: no such container',
)
statuses = st.sampled_from([0, 1, 125, 255])


@given(st.sampled_from(INSPECTS), statuses, noise(), noise(), st.sampled_from(NOT_THERE))
def test_law_noise_and_status_do_not_change_containers(
    stdout: str, status: int, before: str, after: str, saying: str
) -> None:
    name = json.loads(stdout)[0]["Name"]
    stderr = "\n".join([before, saying.format("away"), saying.format("a.next"), after])
    said = CompletedCommand(status, stdout, stderr)
    seen = or_raise(shown_containers(said, [name, "away", "a.next"]))
    assert seen == or_raise(decode_containers(stdout))


@given(statuses, noise(), noise(), st.sampled_from(["Error: {}", "Error: inspecting object: {}"]))
def test_law_noise_does_not_change_which_images_are_found(
    status: int, before: str, after: str, saying: str
) -> None:
    lines = [before, saying.format("x:2: image not known"), after]
    said = CompletedCommand(status, IMAGES, "\n".join(lines))
    found = or_raise(shown_images(said, ["localhost/a", "x:2", "b:1"]))
    assert {name: info.id[0] for name, info in found.items()} == {"localhost/a": "1", "b:1": "2"}


@given(st.sampled_from(INSPECTS), noise())
def test_law_name_without_any_answer_is_not_taken_as_missing(stdout: str, words: str) -> None:
    _ = assume("away" not in words)
    refused = shown_containers(CompletedCommand(0, stdout, words), ["away"]).failure()
    assert isinstance(refused, InvalidResponse)
    assert "away" in refused.detail


@pytest.mark.parametrize(
    "line",
    [
        'time="2026-01-01T00:00:00Z" level=warning msg="no such container away"',
        "WARN[0000] no such container away",
        "Error: no such container awa",
        "Error: no such container xaway",
        "Error: away is no such container of mine",
    ],
)
def test_unrelated_message_does_not_mark_a_name_as_missing(line: str) -> None:
    refused = shown_containers(CompletedCommand(0, "[]", line), ["away"]).failure()
    assert isinstance(refused, InvalidResponse)


def test_logs_exclude_messages_of_podman_itself() -> None:
    # The last line of a stream need not end; a form feed in a line does not end it.
    out = "2026-01-01T00:00:02Z two\n2026-01-01T00:00:04Z fo\x0cur\u2028!"
    err = 'time="2026" level=warning msg=x\n2026-01-01T00:00:01Z one\n2026-01-01T00:00:03Z three'
    assert in_order(CompletedCommand(0, out, err), 9) == "one\ntwo\nthree\nfo\x0cur\u2028!\n"
    assert in_order(CompletedCommand(0, out, err), 1) == "fo\x0cur\u2028!\n"


NOISY = """#!/bin/sh
echo 'Warnung: Die Sprache de_DE.UTF-8 ist nicht eingerichtet' >&2
echo 'Error: no such container' >&2
printf '\\377\\376 \\033[31mrot\\033[0m\\n' >&2
exec {podman} --log-level=info "$@"
"""


def _that_warns(sandbox: Sandbox, folder: Path) -> Sandbox:
    """podman with a containers.conf of which it complains, in a German terminal-less session."""
    conf = folder / "containers.conf"
    sound = (sandbox.folder / "containers.conf").read_text()
    _ = conf.write_text(sound.replace("[engine]", 'quatsch = "ja"\n[engine]\nunbekannt = true'))
    german = {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "CONTAINERS_CONF": str(conf)}
    env = {name: value for name, value in sandbox.env.items() if name != "TERM"}
    argv = (*sandbox.argv, "--log-level=debug")
    return replace(sandbox, folder=folder, argv=argv, env={**env, **german})


def _warned(sandbox: Sandbox, folder: Path) -> PodmanCli:
    warns = _that_warns(sandbox, folder)
    return PodmanCli(warns.argv, env=warns.env)


def _noisy(sandbox: Sandbox, folder: Path) -> PodmanCli:
    """podman behind a script that has its own things to say."""
    script = folder / "noisy"
    _ = script.write_text(NOISY.format(podman=" ".join(sandbox.argv)))
    script.chmod(0o755)
    return PodmanCli((str(script),), env=sandbox.env)


@pytest.mark.parametrize("make", [_warned, _noisy])
def test_lane_lifecycle_works_while_podman_prints_warnings(
    cli_lane: RealLane, make: Callable[[Sandbox, Path], PodmanCli]
) -> None:
    engine = make(cli_lane.sandbox, cli_lane.folder)
    _lives(cli_lane, engine)
    _refused_in_podmans_words(engine)


def test_lane_lifecycle_works_while_service_prints_warnings(cli_lane: RealLane) -> None:
    with _that_warns(cli_lane.sandbox, cli_lane.folder).service() as socket:
        _lives(cli_lane, PodmanSocket(str(socket)))


def _lives(cli_lane: RealLane, engine: ContainerEngine) -> None:
    lane = cli_lane.lane

    def lanes() -> Lanes:
        return Lanes(engine, cli_lane.profile)

    made = or_raise(lanes().ensure(lane))
    assert made.action == "created"
    again = or_raise(lanes().ensure(lane))
    assert (again.action, again.endpoint) == ("none", made.endpoint)
    cli_lane.worker(WORKER.format(word="two"))
    assert or_raise(lanes().ensure(lane)).action == "replaced"
    status = or_raise(lanes().status(lane))
    assert (status.state, status.ready, status.drift) == ("running", True, ())
    assert or_raise(lanes().logs(lane)) == "serving two\n"
    gone = Lanes(engine, replace(cli_lane.profile, image="localhost/none:1")).ensure(lane)
    assert gone.failure().kind == "ImageMissing"
    assert or_raise(lanes().remove(lane)) == "removed"
    assert or_raise(lanes().remove(lane)) == "missing"


def _refused_in_podmans_words(engine: PodmanCli) -> None:
    missing = engine.start("f" * 64).failure()
    assert missing.kind == "NotFound"
    assert missing.detail.startswith("Error: ")
    assert "Warnung" not in missing.detail


def test_images_finds_each_existing_name_and_id_form(podman: Sandbox) -> None:
    # What the reading of an image's inspect relies on.
    engine = PodmanCli(podman.argv, env=podman.env)
    (name,) = podman.run("images", "--format", "{{.Repository}}:{{.Tag}}", "lanekit-demo").split()
    _ = podman.run("tag", name, "localhost/lanekit-twin:1")
    asked = ["localhost/none", "localhost/lanekit-twin:1", "none:5", name, "lanekit-twin:1"]
    found = or_raise(engine.images(asked))
    assert sorted(found) == sorted(["localhost/lanekit-twin:1", name, "lanekit-twin:1"])
    assert len({info.id for info in found.values()}) == 1
    identifier = next(iter(found.values())).id
    assert sorted(or_raise(engine.images([identifier, f"sha256:{identifier}", identifier[:9]])))
    assert len(or_raise(engine.images([identifier, f"sha256:{identifier}", identifier[:9]]))) == 3
    _ = podman.run("untag", "localhost/lanekit-twin:1", "localhost/lanekit-twin:1")
