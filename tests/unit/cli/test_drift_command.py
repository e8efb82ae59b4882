"""`lanekit drift LANE --inspect`: a verdict on what podman once said, without podman."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from inline_snapshot import snapshot
from tests.unit.cli.conftest import SECRET, Lanekit

from lanekit.adapters.memory.engine import InMemory

# Those of `podman ps` are no inspect.
RECORDED = [
    path
    for path in sorted((Path(__file__).parents[2] / "recorded" / "inspect").glob("*/*.cli.json"))
    if not path.name.startswith("ps-")
]
NOTE = snapshot(
    "note: image.id and values inherited from the image were not compared, because podman was not asked\n"
)


def _inspect(folder: Path, name: str = "ws1-a", **env: str) -> dict[str, Any]:
    """What podman would show of the lane ws1/a made from this folder, but for its config."""
    made = {
        "INBOX_WORKSPACE": "/workspace",
        "INBOX_WORKSPACE_ID": "ws1",
        "INBOX_LANE_ID": "a",
        "INBOX_API_URL": "http://host.containers.internal:8080",
        "INBOX_RUNTIME_AGENT_ID": "ws1-a",
        "HOME": "/root",
        "API_TOKEN": SECRET,
    } | env
    mounts = {
        "/workspace": (f"{folder}/wt-a", True),
        "/usr/local/bin/lane-worker": (f"{folder}/worker", False),
        "/usr/local/bin/inbox": (f"{folder}/inbox", False),
    }
    image = "localhost/ai-workflow-agent-runner:local"
    return {
        "Id": "c" * 64,
        "Name": name,
        "Image": "1" * 64,
        "ImageName": image,
        "Path": "/usr/local/bin/lane-worker",
        "Args": ["/usr/local/bin/lane-worker"],
        "State": {"Status": "running", "Running": True},
        "Config": {
            "Image": image,
            "User": "root",
            "WorkingDir": "/workspace",
            "Entrypoint": ["/usr/local/bin/lane-worker"],
            "Env": [f"{key}={value}" for key, value in made.items()],
            "Labels": {},
        },
        "Mounts": [
            {"Type": "bind", "Source": source, "Destination": target, "RW": writable}
            for target, (source, writable) in mounts.items()
        ],
        "NetworkSettings": {"Ports": {"31417/tcp": [{"HostIp": "127.0.0.1", "HostPort": "40000"}]}},
        "HostConfig": {"NetworkMode": "bridge", "RestartPolicy": {"Name": "no"}},
    }


@pytest.fixture
def without_config(fleet: Path) -> Path:
    """The fleet without config_dir, so that no fingerprint has to be known."""
    text = (fleet / "lanes.toml").read_text()
    _ = (fleet / "lanes.toml").write_text(text.replace('config_dir = "conf"', ""))
    return fleet


def _saved(folder: Path, value: object) -> str:
    path = folder / "inspect.json"
    _ = path.write_text(json.dumps(value))
    return str(path)


def test_no_drift_is_said_and_podman_not_asked(
    lanekit: Lanekit, engine: InMemory, without_config: Path
) -> None:
    saved = _saved(without_config, [_inspect(without_config)])
    said = lanekit("drift", "ws1/a", "--inspect", saved, "--policy", "reference", "--exit-code")
    assert (said.code, said.out, said.err) == (0, "ws1/a: no drift\n", "")
    assert engine.calls == ()


def test_each_difference_is_printed_and_the_exit_code_is_3_only_when_asked(
    lanekit: Lanekit, without_config: Path
) -> None:
    seen = _inspect(without_config)
    seen["Config"]["User"] = "nobody"
    arguments = ("drift", "ws1/a", "--inspect", _saved(without_config, seen))
    said = lanekit(*arguments, "--policy", "reference")
    assert said.code == 0
    assert said.out == "ws1/a: drift\n  differs  user: expected root, actual nobody\n"
    assert lanekit(*arguments, "--policy", "reference", "--exit-code").code == 3
    said = lanekit(*arguments, "--json")
    (record,) = said.records
    fields = [difference["field"] for difference in record["drift"]]
    # The labels that tell the files' digests are strict's alone.
    assert {"user", "worker.digest", "inbox.digest"} <= set(fields)
    assert "image.id" not in fields
    assert said.err == NOTE
    assert lanekit(*arguments, "--exit-code", "--json").code == 3


def test_of_several_containers_the_lanes_own_is_judged(
    lanekit: Lanekit, without_config: Path
) -> None:
    others = [_inspect(without_config, name, INBOX_LANE_ID="x") for name in ("ws1-a.next", "b")]
    mine = _inspect(without_config)
    saved = _saved(without_config, [others[0], mine, others[1]])
    arguments = ("drift", "ws1/a", "--policy", "reference", "--inspect")
    assert lanekit(*arguments, saved).out == "ws1/a: no drift\n"
    said = lanekit(*arguments, _saved(without_config, others))
    assert (said.code, said.out) == (1, "")
    assert said.err == snapshot("""\
ws1/a: the saved inspect does not contain container ws1-a
  -> save it with `podman container inspect ws1-a > FILE`
""")


def test_a_single_container_of_another_name_is_judged_and_the_name_told(
    lanekit: Lanekit, without_config: Path
) -> None:
    saved = _saved(without_config, [_inspect(without_config, "old")])
    said = lanekit("drift", "ws1/a", "--inspect", saved)
    assert said.err == snapshot("""\
note: the inspect is of container old; the lane's is ws1-a
note: image.id and values inherited from the image were not compared, because podman was not asked
""")


def test_the_inspect_may_come_on_stdin(lanekit: Lanekit, without_config: Path) -> None:
    text = json.dumps(_inspect(without_config))
    said = lanekit("drift", "ws1/a", "--inspect", "-", "--policy", "reference", stdin=text)
    assert said.out == "ws1/a: no drift\n"


@pytest.mark.parametrize("policy", ["strict", "reference"])
@pytest.mark.parametrize(
    "text", ["", "[", "[{]", "{}x", "[{}]x", "[{} {}]", "[[]]", '[{"Id": 5, "Path": 5}]', "[1,2"]
)
def test_what_is_no_inspect_is_an_error_of_the_lane(
    lanekit: Lanekit, text: str, policy: str
) -> None:
    said = lanekit("drift", "ws1/a", "--inspect", "-", "--policy", policy, stdin=text)
    assert (said.code, said.out) == (1, "")
    message, *_, hint = said.err.splitlines()
    assert message in snapshot(
        [
            "ws1/a: the saved inspect could not be understood",
            "ws1/a: the saved inspect does not contain container ws1-a",
        ]
    )
    assert hint == snapshot("  -> save it with `podman container inspect ws1-a > FILE`")


def test_an_empty_list_means_that_podman_did_not_know_it(lanekit: Lanekit) -> None:
    said = lanekit("drift", "ws1/a", "--inspect", "-", "--json", stdin=" [ ] ")
    assert said.code == 1
    assert said.records[0]["error"]["kind"] == "NotFound"


def test_a_file_that_cannot_be_read_is_a_wrong_call(lanekit: Lanekit) -> None:
    said = lanekit("drift", "ws1/a", "--inspect", "nothing.json")
    assert said.code == 2
    assert said.err == snapshot(
        "lanekit: cannot read --inspect nothing.json: No such file or directory\n"
    )


def test_what_duplicate_keys_mean_to_the_reference_is_not_lost(
    lanekit: Lanekit, without_config: Path
) -> None:
    # Go merges the two Configs and takes the last User; a Python dict would keep one Config only.
    text = json.dumps(_inspect(without_config))
    twice = f'[{text[:-1]}, "Config": {{"User": "root"}}}}]'
    said = lanekit("drift", "ws1/a", "--inspect", "-", "--policy", "reference", stdin=twice)
    assert said.out == "ws1/a: no drift\n"


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda p: f"{p.parent.name}-{p.stem}")
@pytest.mark.parametrize("policy", ["strict", "reference"])
def test_every_recorded_inspect_gets_a_verdict_without_a_secret(
    lanekit: Lanekit, recorded: Path, policy: str
) -> None:
    content = cast("object", json.loads(recorded.read_text()))
    said = lanekit("drift", "ws1/a", "--inspect", str(recorded), "--policy", policy)
    assert said.code == (0 if content else 1)
    assert SECRET not in said.out + said.err


@pytest.mark.parametrize("policy", ["strict", "reference"])
def test_what_would_steer_a_terminal_is_shown_as_escapes(
    lanekit: Lanekit, without_config: Path, policy: str
) -> None:
    evil = "\x1b[2J\x07\nws1/a: no drift\ud800\x00"
    seen = _inspect(without_config, f"old{evil}")
    seen["Config"]["User"] = f"u{evil}"
    seen["Config"]["Labels"] = {f"l{evil}": f"v{evil}"}
    seen["Mounts"][0]["Destination"] = f"/d{evil}"
    arguments = ("drift", "ws1/a", "--inspect", _saved(without_config, seen), "--policy", policy)
    said = lanekit(*arguments)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "ws1/a: drift"
    assert all(line.startswith("  differs  ") for line in lines[1:])
    for line in (*lines, *said.err.splitlines()):
        assert line.isprintable()
    shown = r"u\x1b[2J\x07\nws1/a: no drift\ud800\x00"
    assert f"  differs  user: expected root, actual {shown}" in lines
    drift = lanekit(*arguments, "--json").records[0]["drift"]
    user = {"field": "user", "expected": "root", "actual": shown, "remedy": "replace"}
    assert user in drift
