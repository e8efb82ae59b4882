"""A program that plays podman: it records what it is given and answers with all that it knows."""

import json
import os
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure
from tests.unit.adapters.test_refused_paths import Host

from lanekit.adapters.host.clock import VirtualClock
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.api import Lanes
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import LaneFailed, or_raise

SECRET = {
    "TOKEN": "s3cret-one",
    "KEY": 's3cret two\n\t"s3cret" ü \\ three',
    "LD_X": "s3cret 'four'",
    # Too short to be found again in what others say, so it is looked for by its place.
    "PIN": "7q",
}
# What it says at which verb: everything that it was given, in many spellings.
_PLAYER = """\
#!{python} -IS
import json, os, sys
given = {{name: os.environ[name] for name in ("TOKEN", "KEY", "PIN") if name in os.environ}}
read = sys.stdin.read() if "/dev/stdin" in sys.argv else ""
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": sys.argv[1:], "env": sorted(given), "stdin": read}}) + "\\n")
known = given | dict(line.split("=", 1) for line in read.splitlines())
ways = [f(known) for f in (str, json.dumps, lambda k: json.dumps(k, ensure_ascii=False))]
words = "\\n".join([*ways, *known.values(), *map(repr, known.values()), {own!r}])
if sys.argv[1] == {fails!r} or sys.argv[1:3] == [{fails!r}, "inspect"]:
    print(words if {garbage} else "")
    print("Error: " + words, file=sys.stderr)
    sys.exit(0 if {garbage} else 125)
if sys.argv[1:3] == ["image", "inspect"]:
    print(json.dumps([{{"Id": "a" * 64, "RepoTags": [sys.argv[-1]]}}]))
    sys.exit(0)
if sys.argv[2] == "inspect":
    print("[]")
    for name in sys.argv[4:]:
        print(f"Error: no such container {{name}}", file=sys.stderr)
    sys.exit(125)
print("f" * 64)
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A possible lane with secrets."""
    host = Host(tmp_path)
    host.profile = replace(host.profile, env=SECRET, config_dir="")
    return host


def player(host: Host, fails: str, *, garbage: bool = False) -> PodmanCli:
    """An engine whose podman tells all that it knows when it comes to `fails`."""
    # Words of others may hold a secret too, known to lanekit only by the profile.
    own = f"{SECRET['TOKEN']} {json.dumps(SECRET['KEY'])} {SECRET['LD_X']}"
    program = host.folder / "podman"
    text = _PLAYER.format(
        python=Path(sys.executable).resolve(),
        log=str(host.folder / "log"),
        own=own,
        fails=fails,
        garbage=garbage,
    )
    _ = program.write_text(text)
    program.chmod(0o755)
    return PodmanCli((str(program),), env=dict(os.environ))


def _calls(host: Host) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (host.folder / "log").read_text().splitlines()]


def test_secrets_are_passed_by_env_or_stdin_never_as_argument(host: Host) -> None:
    lanes = Lanes(player(host, "nothing"), host.profile, clock=VirtualClock())
    _ = lanes.ensure(host.lane)
    creates = [call for call in _calls(host) if call["argv"][0] == "create"]
    others = [call for call in _calls(host) if call["argv"][0] != "create"]
    assert creates
    for create in creates:
        assert create["env"] == ["KEY", "PIN", "TOKEN"]
        assert create["stdin"] == f"LD_X={SECRET['LD_X']}\n"
        given = [arg for option, arg in pairwise(create["argv"]) if option == "-e"]
        assert [arg for arg in given if arg in SECRET] == ["KEY", "PIN", "TOKEN"]
        others_names = {arg.partition("=")[0] for arg in given if arg not in SECRET}
        assert not others_names & set(SECRET)
        assert SECRET["PIN"] not in create["argv"]
    assert not [call for call in _calls(host) if "s3cret" in str(call["argv"])]
    assert not [call for call in others if call["env"] or call["stdin"]]


@pytest.mark.parametrize("garbage", [False, True])
@pytest.mark.parametrize("fails", ["container", "create", "image"])
def test_secrets_in_podman_output_are_redacted(host: Host, fails: str, garbage: bool) -> None:
    events: list[object] = []
    program = player(host, fails, garbage=garbage)
    lanes = Lanes(program, host.profile, on_event=events.append, clock=VirtualClock())
    outcomes = [
        *(lanes.ensure(host.lane), lanes.plan(host.lane), lanes.status(host.lane)),
        *(lanes.endpoint(host.lane), lanes.logs(host.lane)),
        *(lanes.stop(host.lane), lanes.remove(host.lane)),
    ]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert failures
    told = [repr(event) for event in events]
    for failure in failures:
        told += [repr(failure), str(failure.failure())]
        with pytest.raises(LaneFailed) as raised:
            or_raise(failure)
        told += [repr(raised.value), str(raised.value)]
    assert not [text for text in told if "s3cret" in text]
    if fails == "container" and not garbage:
        assert any("(hidden)" in text for text in told)


CUT = """\
#!{python} -IS
import sys
words = "x" * {room} + {secret!r}
print(words)
print("Error: " + words, file=sys.stderr)
sys.exit({status})
"""


@pytest.mark.parametrize("status", [0, 125])
@pytest.mark.parametrize("room", [196, 3988])
def test_truncated_secret_in_output_is_redacted(host: Host, status: int, room: int) -> None:
    # What is shown of an answer that makes no sense ends somewhere: here, within the secret.
    program = host.folder / "podman"
    python, secret = Path(sys.executable).resolve(), SECRET["TOKEN"]
    text = CUT.format(python=python, room=room, secret=secret, status=status)
    _ = program.write_text(text)
    program.chmod(0o755)
    spec = container_spec(host.lane, host.profile, Digests())
    outcome = PodmanCli((str(program),), env=dict(os.environ)).create(spec, "ws-a")
    assert isinstance(outcome, Failure)
    assert "s3c" not in str(outcome.failure())
