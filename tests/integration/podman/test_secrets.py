"""Values of [profile.env] on real podman: in the container, and nowhere else that one can look."""

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.podman.conftest import WORKER, RealLane

pytestmark = pytest.mark.podman

# One that podman takes from its environment, one of several lines, two that it must be given apart.
SECRET = {
    "TOKEN": "s3cret-one",
    "KEY": 's3cret two\n  and "s3cret" three\n',
    "LD_X": "s3cret 'four'",
    "https_proxy": "http://user:s3cret@127.0.0.1:9",
}
MARK = "s3cret"
TELLTALE = "#!/bin/sh\nenv\nenv >&2\n{more}"


def _fleet(real: RealLane) -> None:
    """The lane with its secrets in the fleet file: TOML reads what JSON writes of a text."""
    file = real.fleet_file()
    env = "".join(f"{name} = {json.dumps(value)}\n" for name, value in real.profile.env.items())
    _ = file.write_text(file.read_text().replace("[[lane]]", f"[profile.env]\n{env}[[lane]]"))


def _lanekit(
    real: RealLane, *args: str, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    engine = {} if real.socket else {"LANEKIT_ENGINE": "cli"}
    return subprocess.run(
        [sys.executable, "-m", "lanekit", *args, "--file", str(real.folder / "lanes.toml")],
        env=real.environ(**engine),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def _process_list() -> Generator[set[bytes]]:
    """The command lines of all processes that there are meanwhile."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    seen.add((folder / "cmdline").read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def test_process_list_contains_no_secret(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, env=SECRET)
    _fleet(real_lane)
    with _process_list() as seen:
        done = _lanekit(real_lane, "ensure", "--verbose")
    assert done.returncode == 0, done.stderr
    assert MARK not in done.stdout + done.stderr
    container = real_lane.lane.container_name.encode()
    if real_lane.socket is None:
        creates = [line for line in seen if b"\0create\0" in line and container in line]
        assert creates, "the watcher was too slow to see podman at all"
        assert all(b"\0TOKEN\0" in line for line in creates)
    assert not [line for line in seen if MARK.encode() in line]
    (made,) = real_lane.containers()
    assert {name: made.env[name] for name in SECRET} == SECRET


def test_commands_print_no_secret(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, env=SECRET)
    real_lane.worker(TELLTALE.format(more=WORKER.format(word="one")))
    _fleet(real_lane)
    lane = real_lane.lane.name
    said = [_lanekit(real_lane, "ensure", "--json")]
    assert said[0].returncode == 0, said[0].stderr
    logs = _lanekit(real_lane, "logs", lane)
    assert "TOKEN=(hidden)" in logs.stdout
    inspected = real_lane.sandbox.run("inspect", real_lane.lane.container_name)
    real_lane.profile = replace(real_lane.profile, env={**SECRET, "TOKEN": "s3cret-new"})
    _fleet(real_lane)
    said += [
        logs,
        _lanekit(real_lane, "plan", "--json"),
        _lanekit(real_lane, "status", "--json"),
        _lanekit(real_lane, "show", lane),
        _lanekit(real_lane, "drift", lane, "--inspect", "-", "--json", stdin=inspected),
    ]
    assert "env.TOKEN" in said[2].stdout
    assert "env.TOKEN" in said[-1].stdout
    for each in said:
        assert MARK not in each.stdout + each.stderr, each.args


def test_output_of_crashed_worker_is_redacted(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, env=SECRET)
    real_lane.worker(TELLTALE.format(more="sleep 0.2; exit 7\n"))
    _fleet(real_lane)
    done = _lanekit(real_lane, "ensure", "--json", "--verbose")
    assert done.returncode == 1
    *events, last = map(json.loads, done.stdout.splitlines())
    assert last["error"]["kind"] == "WorkerExited"
    assert [event["event"] for event in events].count("OperationFailed") == 1
    assert "TOKEN=(hidden)" in done.stderr
    assert MARK not in done.stdout + done.stderr
