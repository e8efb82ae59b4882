"""The commands on the in-memory engine: what they print where, and how they exit."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from returns.result import Failure
from tests.unit.cli.conftest import FLEET, SECRET, Lanekit

from lanekit.adapters.host.files import DiskFiles
from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.api import Lanes
from lanekit.cli import wiring
from lanekit.cli.output.progress import Progress
from lanekit.core.domain.errors import EngineFailed, Outcome, or_raise
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Lane, Profile
from lanekit.core.domain.operations import Start
from lanekit.core.domain.progress import OperationFailed
from lanekit.core.domain.results import EnsureResult

KEYS = [
    *("lane", "container", "endpoint", "action", "drift"),
    *("operations", "rolled_back", "seconds", "error", "remaining_drift", "remaining_reason"),
]


def _ensured(line: str) -> list[str]:
    """The columns of a line of ensure, its seconds and port made the same."""
    assert re.search(r"  \d+\.\d\ds(  |$)", line), line
    line = re.sub(r"\d+\.\d\ds", "0.00s", line)
    return re.split(r" {2,}", re.sub(r":\d{5}", ":PORT", line))


def test_ensure_says_for_each_lane_what_was_done_where_and_why(lanekit: Lanekit) -> None:
    said = lanekit("ensure")
    assert said.code == 0
    assert [_ensured(line) for line in said.out.splitlines()] == [
        [lane, "created", "http://127.0.0.1:PORT", "0.00s", "because there is no such container"]
        for lane in ("ws1/a", "ws1/long")
    ]
    assert {line.index("created") for line in said.out.splitlines()} == {len("ws1/long  ")}
    again = lanekit("ensure")
    assert [_ensured(line)[1:] for line in again.out.splitlines()] == [
        ["none", "http://127.0.0.1:PORT", "0.00s"]
    ] * 2


def test_ensure_names_the_fields_that_made_it_replace(lanekit: Lanekit, fleet: Path) -> None:
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    said = lanekit("ensure", "ws1/a")
    assert _ensured(said.out.rstrip("\n")) == [
        *("ws1/a", "replaced", "http://127.0.0.1:PORT", "0.00s", "because worker.digest")
    ]


def test_a_lane_that_was_stopped_is_started(lanekit: Lanekit) -> None:
    _ = lanekit("ensure")
    assert lanekit("stop", "ws1/a").out == "ws1/a  stopped\n"
    assert _ensured(lanekit("ensure", "ws1/a").out.rstrip("\n"))[1::3] == [
        *("started", "because it is exited")
    ]


def test_in_a_pipe_a_line_an_event_and_a_summary(lanekit: Lanekit, fleet: Path) -> None:
    said = lanekit("ensure")
    *events, summary = said.err.splitlines()
    for lane in ("a", "long"):
        mine = [line for line in events if line.startswith(f"ws1/{lane}: ")]
        steps = ("create", "copy config", "verify", "rename", "start")
        assert all(
            line.split(": ")[1].startswith(step) for line, step in zip(mine, steps, strict=True)
        )
    assert re.fullmatch(r"2 lanes: 2 created; \d+\.\d s", summary)
    again = lanekit("ensure")
    assert re.fullmatch(r"2 lanes: 2 unchanged; \d+\.\d s\n", again.err)
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    assert "2 lanes: 2 replaced (worker.digest); " in lanekit("ensure").err
    assert lanekit("ensure", "ws1/a").err == "", "of one lane its line says all"


def test_json_has_events_when_asked_for_them(lanekit: Lanekit) -> None:
    said = lanekit("ensure", "ws1/a", "--json", "--verbose")
    assert said.err == ""
    *events, last = said.records
    assert last["action"] == "created"
    assert events[0] == {
        "event": "OperationStarted",
        "lane": "ws1/a",
        "operation": "create ws1-a.next",
        "cause": "there is no such container",
    }
    assert {event["event"] for event in events} == {"OperationStarted", "OperationFinished"}
    assert all("event" not in record for record in lanekit("ensure", "--json").records)


def test_lanes_are_told_in_the_order_of_the_file_and_once(lanekit: Lanekit) -> None:
    said = lanekit("ensure", "ws1/long", "ws1/a", "ws1/long", "--json")
    assert [record["lane"] for record in said.records] == ["ws1/a", "ws1/long"]


def _break_worker(engine: InMemory, fleet: Path) -> None:
    """Let the worker of ws1/a be another one, which exits."""
    _ = (fleet / "worker").write_text("#!/bin/sh\nexit 7\n")
    engine.set_worker("ws1-a", Worker(exits_after=0.0, exit_code=7, last_lines=("no key",)))


def test_one_failing_lane_stops_no_other_and_exits_1(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = lanekit("ensure", "ws1/a")
    _break_worker(engine, fleet)
    said = lanekit("ensure")
    assert said.code == 1
    assert [_ensured(line)[1] for line in said.out.splitlines()] == ["failed", "created"]
    assert _ensured(said.out.splitlines()[0])[-1] == "because WorkerExited"
    lines = said.err.splitlines()
    assert lines[-1].startswith("2 lanes: 1 created, 1 failed (WorkerExited); ")
    begin = next(n for n, line in enumerate(lines) if line.startswith("ws1/a: the worker of"))
    message, *rest = lines[begin:-1]
    assert "    no key" in rest
    assert [message, *rest[-2:]] == snapshot(
        [
            "ws1/a: the worker of ws1-a exited with code 7 before it answered",
            "  the changes were rolled back",
            "  -> fix the worker, then run `lanekit ensure ws1/a`",
        ]
    )


def test_what_a_container_says_cannot_steer_the_terminal(
    lanekit: Lanekit, engine: InMemory
) -> None:
    engine.fail("inspect", EngineFailed("no", detail="a\x1b]0;title\x07\tb\r\x9bc"), times=None)
    assert "    a\\x1b]0;title\\x07\tb\n    \\x9bc\n" in lanekit("ensure").err


def test_json_has_exactly_the_keys_of_every_lane(lanekit: Lanekit, engine: InMemory) -> None:
    created = lanekit("ensure", "--json").records[0]
    assert list(created) == KEYS
    assert (created["lane"], created["container"], created["action"]) == (
        "ws1/a",
        "ws1-a",
        "created",
    )
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", created["endpoint"])
    assert created["operations"][0] == {
        "operation": "create ws1-a.next",
        "cause": "there is no such container",
    }
    assert (created["drift"], created["rolled_back"], created["error"]) == ([], False, None)
    assert isinstance(created["seconds"], float)
    engine.remove_image(DEFAULT_IMAGE)
    _ = engine.add_image(DEFAULT_IMAGE)
    replaced = lanekit("ensure", "ws1/a", "--json").records[0]
    assert (replaced["action"], list(replaced["drift"][0])) == (
        "replaced",
        ["field", "expected", "actual", "remedy"],
    )
    assert [difference["field"] for difference in replaced["drift"]] == ["image.id"]


def test_json_of_a_failure_says_what_was_begun_and_that_it_was_undone(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = lanekit("ensure", "ws1/a")
    _break_worker(engine, fleet)
    said = lanekit("ensure", "ws1/a", "--json")
    (record,) = said.records
    assert said.code == 1
    assert list(record) == KEYS
    assert list(record["error"]) == ["kind", "message", "detail", "hint"]
    assert record["error"]["kind"] == "WorkerExited"
    assert record["rolled_back"] is True
    assert record["operations"][-1]["operation"] == "await ws1-a"
    assert record["seconds"] >= 0


def test_what_could_not_be_undone_is_not_called_rolled_back(
    lanekit: Lanekit, engine: InMemory
) -> None:
    engine.fail("start", EngineFailed("no start"))
    engine.fail("remove", EngineFailed("no remove"), times=None)
    assert lanekit("ensure", "ws1/a", "--json").records[0]["rolled_back"] is False


def test_plan_prints_the_plan_and_exits_3_only_when_asked(lanekit: Lanekit) -> None:
    said = lanekit("plan", "ws1/a")
    assert said.code == 0
    assert said.out.splitlines()[:2] == [
        "ws1/a (ws1-a): create",
        "  create ws1-a.next  because there is no such container",
    ]
    assert lanekit("plan", "--exit-code").code == 3
    _ = lanekit("ensure", "ws1/a")
    assert lanekit("plan", "ws1/a", "--exit-code").code == 0
    assert lanekit("plan", "ws1/a").out == "ws1/a (ws1-a): nothing to do\n"


def test_a_plan_that_fails_exits_1_also_with_exit_code(lanekit: Lanekit, fleet: Path) -> None:
    (fleet / "wt-a").rmdir()
    said = lanekit("plan", "--exit-code")
    assert said.code == 1
    assert "ws1/a: " in said.err
    assert said.out.startswith("ws1/long (ws1-long): create")


def test_plan_json_says_what_would_be_done(lanekit: Lanekit, fleet: Path) -> None:
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    (record,) = lanekit("plan", "ws1/a", "--json").records
    assert list(record) == [*KEYS, "loses"]
    assert (record["action"], record["drift"][0]["remedy"]) == ("replaced", "replace")
    assert record["operations"][0]["cause"] == "worker.digest differs"
    _ = lanekit("ensure")
    (record,) = lanekit("plan", "ws1/a", "--json").records
    assert (record["action"], record["operations"]) == ("none", [])


def test_plan_counts_what_a_replace_would_lose_and_lists_it_when_asked(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    assert "loses" not in lanekit("plan", "ws1/a").out
    assert lanekit("plan", "ws1/a", "--json").records[0]["loses"] == []
    engine.write_file("ws1-a", "/root/.bash\x1b[31m\n")
    engine.write_file("ws1-a", "/root/conf/config.toml")
    assert lanekit("plan", "ws1/a").out == snapshot("""\
ws1/a (ws1-a): replace
  differs  worker.digest: expected c8a6cf6873118e223c58a9229226d8f0d9a36b7b2eb91c71d5907449e9391ac9, actual a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf  -> replace
  create ws1-a.next  because worker.digest differs
  copy config into ws1-a.next  because a new container has no config
  verify ws1-a.next  because podman may create something else than was asked for
  stop ws1-a  because two containers of a lane never run at once
  rename ws1-a to ws1-a.prev  because it is kept until its replacement is ready
  rename ws1-a.next to ws1-a  because this is the commit
  start ws1-a  because worker.digest differs
  await ws1-a  because a lane is ready when its worker answers
  remove ws1-a.prev  because its replacement is ready
  loses  1 file changed in the container's writable layer (--verbose lists them)
""")
    engine.delete_file("ws1-a", "/etc/passwd")
    assert lanekit("--verbose", "plan", "ws1/a").out.splitlines()[-3:] == snapshot(
        [
            "  loses  2 files changed in the container's writable layer",
            "    deleted  /etc/passwd",
            "    added    /root/.bash\\x1b[31m\\n",
        ]
    )
    assert lanekit("plan", "ws1/a", "--json").records[0]["loses"] == [
        {"path": "/etc/passwd", "kind": "deleted"},
        {"path": "/root/.bash\x1b[31m\n", "kind": "added"},
    ]
    _ = lanekit("ensure")
    assert lanekit("plan", "ws1/a", "--json").records[0]["loses"] is None


def test_what_on_drift_leaves_is_told(lanekit: Lanekit, engine: InMemory, fleet: Path) -> None:
    _ = lanekit("ensure")
    text = FLEET.replace('inbox = "inbox"', 'inbox = "inbox"\non_drift = "report"')
    _ = (fleet / "lanes.toml").write_text(text)
    engine.tamper("ws1-a", user="nobody", workdir="/")
    said = lanekit("ensure", "ws1/a").out.rstrip("\n")
    assert _ensured(said)[1::3] == snapshot(
        ["none", "still differs: user, workdir (on_drift is report)"]
    )
    planned = lanekit("plan", "ws1/a", "--exit-code")
    assert planned.code == 0
    assert planned.out == snapshot("""\
ws1/a (ws1-a): left as it is
  left  user: expected root, actual nobody  because on_drift is report
  left  workdir: expected /workspace, actual /  because on_drift is report
""")
    for command in ("plan", "ensure"):
        (record,) = lanekit(command, "ws1/a", "--json").records
        assert [each["field"] for each in record["remaining_drift"]] == ["user", "workdir"]
        assert (record["remaining_reason"], record["drift"]) == ("on_drift is report", [])
        assert record["action"] == "none"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('on_drift = "never"', "profile.on_drift"),
        ('on_drift = "when-idle"', "profile.on_drift"),
        ('idle_path = "busy"', "profile.idle_path"),
        ("on_drift = 5", "profile.on_drift"),
    ],
)
def test_what_on_drift_needs_is_said_beforehand(
    lanekit: Lanekit, fleet: Path, line: str, fault: str
) -> None:
    _ = (fleet / "lanes.toml").write_text(FLEET.replace('inbox = "inbox"', f'inbox = "i"\n{line}'))
    said = lanekit("plan")
    assert said.code == 2
    assert f"lanes.toml:5: {fault}" in said.err


def test_a_lane_may_say_it_for_itself(lanekit: Lanekit, engine: InMemory, fleet: Path) -> None:
    own = 'worktree = "wt-a"\non_drift = "when-idle"\nidle_path = "/busy"'
    _ = (fleet / "lanes.toml").write_text(FLEET.replace('worktree = "wt-a"', own))
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    engine.replace_worker("ws1-a", Worker(busy=True))
    actions = [record["action"] for record in lanekit("ensure", "--json").records]
    assert actions == ["none", "replaced"]


def test_the_policy_decides_what_counts(lanekit: Lanekit, fleet: Path) -> None:
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    for command in ("plan", "status", "ensure"):
        said = lanekit(command, "ws1/a", "--policy", "reference", "--json")
        assert said.records[0]["drift"] == []
    assert lanekit("plan", "ws1/a", "--json").records[0]["drift"] != []


def test_status_is_a_table_and_says_which_engine(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = lanekit("ensure", "ws1/a")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    (url,) = re.findall(r"http://\S+", lanekit("endpoint", "ws1/a").out)
    said = lanekit("status")
    assert (said.code, said.err) == (0, "")
    assert [re.split(r" {2,}", line) for line in said.out.splitlines()] == [
        ["LANE", "CONTAINER", "STATE", "ENDPOINT", "READY", "DRIFT"],
        ["ws1/a", "ws1-a", "running", url, "yes", "1: worker.digest"],
        ["ws1/long", "ws1-long", "missing", "-", "no", "-"],
        ["engine: in-memory"],
    ]
    first, second = lanekit("status", "--json").records
    assert list(first) == [*KEYS, "state", "ready", "engine"]
    assert (first["state"], first["ready"], first["engine"]) == ("running", True, "in-memory")
    assert (second["state"], second["ready"], second["endpoint"]) == ("missing", False, None)


def test_status_shows_the_first_fields_of_a_long_drift(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = lanekit("ensure", "ws1/a")
    text = FLEET.replace('config_dir = "conf"', 'image = "x"\nserver_port = 1\nmemory = "1g"')
    _ = (fleet / "lanes.toml").write_text(text)
    _ = engine.add_image("x")
    assert re.search(r"  [5-9]: (\S+, ){3}\.\.\n", lanekit("status", "ws1/a").out)


def test_status_goes_on_after_a_lane_that_fails(lanekit: Lanekit, fleet: Path) -> None:
    _ = lanekit("ensure", "ws1/a")
    (url,) = re.findall(r"http://\S+", lanekit("endpoint", "ws1/a").out)
    (fleet / "wt-a").rmdir()
    said = lanekit("status")
    assert said.code == 1
    rows = [re.split(r" {2,}", line) for line in said.out.splitlines()]
    assert rows[1] == ["ws1/a", "ws1-a", "running", url, "yes", "InvalidLane"]
    assert rows[2][2] == "missing"
    assert said.err.startswith("ws1/a: worktree: ")
    as_json = lanekit("status", "--json")
    assert (as_json.code, as_json.err) == (1, said.err)
    first, second = as_json.records
    assert (first["state"], first["ready"], first["endpoint"]) == ("running", True, url)
    assert (first["error"]["kind"], second["error"]) == ("InvalidLane", None)


def test_status_of_a_container_that_is_not_ours_is_a_question_mark(
    lanekit: Lanekit, engine: InMemory
) -> None:
    _ = engine.external_create("ws1-a")
    said = lanekit("status")
    assert said.code == 1
    rows = [re.split(r" {2,}", line) for line in said.out.splitlines()]
    assert rows[1] == ["ws1/a", "ws1-a", "?", "-", "-", "NotOwned"]


def test_endpoint_prints_the_url_and_nothing_else(lanekit: Lanekit) -> None:
    _ = lanekit("ensure")
    said = lanekit("endpoint", "ws1/a")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", said.out)
    (record,) = lanekit("endpoint", "ws1/a", "--json").records
    assert record["endpoint"] + "\n" == said.out


def test_the_endpoint_of_a_missing_lane_is_an_error(lanekit: Lanekit) -> None:
    said = lanekit("endpoint", "ws1/a")
    assert (said.code, said.out) == (1, "")
    assert said.err == snapshot("""\
ws1/a: there is no container ws1-a
  -> run `lanekit ensure ws1/a` to create it
""")


def test_logs_prints_the_last_lines(lanekit: Lanekit, engine: InMemory) -> None:
    engine.set_worker("ws1-a", Worker(output=("one", "two", "three")))
    _ = lanekit("ensure")
    assert lanekit("logs", "ws1/a").out == "one\ntwo\nthree\n"
    assert lanekit("logs", "ws1/a", "--tail", "2").out == "two\nthree\n"
    assert lanekit("logs", "ws1/a", "--json").records[0]["log"].startswith("one\ntwo")
    assert lanekit("logs", "ws1/long").out == ""
    assert lanekit("logs", "ws1/a", "--tail", "0").code == 2


def test_stop_and_rm_are_idempotent_and_say_what_was(lanekit: Lanekit) -> None:
    _ = lanekit("ensure", "ws1/a")
    results = [
        [re.split(" {2,}", line)[1] for line in lanekit(command).out.splitlines()]
        for command in ("stop", "stop", "rm", "rm")
    ]
    assert results == [
        ["stopped", "missing"],
        ["not running", "missing"],
        ["removed", "missing"],
        ["missing", "missing"],
    ]
    (record, _) = lanekit("rm", "--json").records
    assert (record["result"], record["error"]) == ("missing", None)


def test_rm_leaves_what_is_not_ours(lanekit: Lanekit, engine: InMemory) -> None:
    _ = engine.external_create("ws1-a")
    said = lanekit("rm")
    assert said.code == 1
    assert said.err.startswith("ws1/a: a container named ws1-a exists and is not this lane's\n")
    assert said.out == "ws1/long  missing\n"


def test_show_is_a_command_for_a_shell_without_a_secret(lanekit: Lanekit, fleet: Path) -> None:
    said = lanekit("show", "ws1/a")
    argv = shlex.split(said.out)
    assert argv[:4] == ["podman", "create", "--name", "ws1-a"]
    assert f"{fleet}/wt-a:/workspace:z" in argv
    assert argv[-1] == DEFAULT_IMAGE
    assert said.err == snapshot("note: podman takes API_TOKEN from its own environment\n")
    assert SECRET not in said.out
    (record,) = lanekit("show", "ws1/a", "--json").records
    assert record["command"] == argv


def test_show_tells_of_values_that_podman_reads_from_stdin(lanekit: Lanekit, fleet: Path) -> None:
    _ = (fleet / "lanes.toml").write_text(FLEET.replace("API_TOKEN", "https_proxy"))
    said = lanekit("show", "ws1/a")
    assert said.err == snapshot(
        "note: podman reads https_proxy from stdin, one NAME=value per line\n"
    )


def test_fingerprint_needs_no_fleet_file(lanekit: Lanekit, fleet: Path) -> None:
    (fleet / "lanes.toml").unlink()
    copy = or_raise(DiskFiles().config(str(fleet / "conf")))
    assert lanekit("fingerprint", "conf").out == f"{copy.fingerprint}\n"
    assert lanekit("fingerprint", "conf", "--json").records == [
        {"dir": "conf", "fingerprint": copy.fingerprint, "digest": copy.digest, "error": None}
    ]


def test_the_fingerprint_without_credentials(lanekit: Lanekit, fleet: Path) -> None:
    before = lanekit("fingerprint", "conf").out
    _ = (fleet / "conf" / "auth.json").write_text("token")
    assert lanekit("fingerprint", "conf").out != before
    assert lanekit("fingerprint", "conf", "--credentials", "auth.json").out == before


def test_folders_whose_names_look_like_options(lanekit: Lanekit, fleet: Path) -> None:
    _ = (fleet / "conf").rename(fleet / "-v")
    _ = (fleet / "wt-a").rename(fleet / "--all")
    text = (fleet / "lanes.toml").read_text()
    text = text.replace('"conf"', '"-v"').replace('"wt-a"', '"--all"')
    _ = (fleet / "lanes.toml").write_text(text)
    print_ = lanekit("fingerprint", "--", "-v")
    assert (print_.code, print_.out) == (0, lanekit("fingerprint", "./-v").out)
    assert lanekit("ensure").code == 0
    assert f"{fleet}/--all:/workspace" in lanekit("show", "ws1/a").out


def test_the_fingerprint_of_what_is_no_folder_is_an_error(lanekit: Lanekit) -> None:
    said = lanekit("fingerprint", "nothing", "--json")
    assert said.code == 1
    assert said.records[0]["error"]["kind"] == "ConfigUnreadable"
    assert "nothing" in said.err


@pytest.mark.parametrize("before", [True, False])
def test_common_options_may_stand_before_or_behind_the_command(
    lanekit: Lanekit, fleet: Path, before: bool
) -> None:
    _ = (fleet / "lanes.toml").rename(fleet / "other.toml")
    common = ["--file", "other.toml", "--json"]
    said = lanekit(*common, "status") if before else lanekit("status", *common)
    assert len(said.records) == 2


def test_what_stands_behind_the_command_wins(lanekit: Lanekit) -> None:
    assert lanekit("--file", "nothing.toml", "status").code == 2
    assert lanekit("--file", "nothing.toml", "status", "--file", "lanes.toml").code == 0


def _ensure_all_by(monkeypatch: pytest.MonkeyPatch, ensure_all: Callable[..., object]) -> None:
    """Let the runtime that wiring makes use this `ensure_all`."""
    make = wiring.lanes_for

    def lanes_for(*args: Any, **options: Any) -> Lanes:
        lanes = make(*args, **options)
        setattr(lanes, "ensure_all", partial(ensure_all, lanes))  # noqa: B010 - a method
        return lanes

    monkeypatch.setattr(wiring, "lanes_for", lanes_for)


def test_lanes_that_are_done_out_of_order_are_told_in_order_and_masked(
    lanekit: Lanekit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backwards(
        _lanes: Lanes, lanes: Sequence[Lane], *, jobs: int
    ) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
        _ = jobs
        for lane in reversed(lanes):
            yield lane, Failure(EngineFailed(f"no {SECRET}", detail=f"{SECRET}!", lane=lane.name))

    _ensure_all_by(monkeypatch, backwards)
    for said in (lanekit("ensure"), lanekit("ensure", "--json")):
        assert re.findall(r"ws1/\w+", said.out) == ["ws1/a", "ws1/long"]
        assert SECRET not in said.out + said.err
        assert said.err.count("no (hidden)\n    (hidden)!") == 2


def test_what_was_done_is_told_also_when_a_lane_before_it_was_interrupted(
    lanekit: Lanekit, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        """A run of which one lane is done when a Ctrl-C comes; the other is told after it."""

        def __init__(self, _lanes: Lanes, lanes: Sequence[Lane], *, jobs: int) -> None:
            self._lanes = [*lanes]
            self._broken = jobs < 1

        def __iter__(self) -> Iterator[tuple[Lane, Outcome[EnsureResult]]]:
            lane = self._lanes.pop()
            yield lane, Failure(EngineFailed("no", lane=lane.name))
            if not self._broken:
                raise KeyboardInterrupt

        def interrupt(self) -> None:
            """Whatever follows is about how things were left."""
            self._broken = True

    def interrupted(lanes: Lanes, fleet: Sequence[Lane], *, jobs: int) -> Interrupted:
        return Interrupted(lanes, fleet, jobs=jobs)

    _ensure_all_by(monkeypatch, interrupted)
    said = lanekit("ensure", "--json")
    assert (said.code, [record["lane"] for record in said.records]) == (130, ["ws1/a", "ws1/long"])


def test_what_events_say_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    profile = Profile("/w", "/i", env={"API_TOKEN": SECRET})
    progress = Progress([Lane("ws", "a", "/t", profile=profile)], verbose=True)
    progress.on_event(OperationFailed("ws/a", Start("ws-a", "it is exited"), f"no {SECRET}"))
    assert capsys.readouterr().err == "ws/a: start ws-a: failed: no (hidden)\n"


def test_timeout_overrides_how_long_a_worker_may_take(lanekit: Lanekit, engine: InMemory) -> None:
    engine.set_worker("ws1-a", Worker(answers_after=None))
    said = lanekit("ensure", "ws1/a", "--timeout", "0.05")
    assert "within 0.05 s" in said.err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "x"])
def test_a_timeout_that_is_none_is_refused(lanekit: Lanekit, seconds: str) -> None:
    said = lanekit("ensure", "--timeout", seconds)
    assert said.code == 2
    assert "--timeout" in said.err


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ws1/b", "did you mean ws1/a?"),
        ("box", "did you mean ws1/long?"),  # its container
        ("zzz", "its lanes are ws1/a, ws1/long"),
        ("", "its lanes are ws1/a, ws1/long"),
    ],
)
def test_a_lane_that_is_not_in_the_file_is_refused_with_advice(
    lanekit: Lanekit, engine: InMemory, fleet: Path, name: str, advice: str
) -> None:
    _ = (fleet / "lanes.toml").write_text(f'{FLEET}container = "box"\n')
    said = lanekit("ensure", "ws1/a", name)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"lanekit: no lane {name!r} in lanes.toml; {advice}\n"
    assert engine.calls == ()


def test_a_bad_fleet_file_is_refused_with_all_its_faults(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    _ = (fleet / "lanes.toml").write_text("colour = 1\n[profile]\nworker = 2\ninbox = 'i'\n")
    said = lanekit("ensure")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == snapshot(
        [
            "lanekit: the fleet file has 2 errors:",
            "  lanes.toml:1: colour: unknown key; the keys are fleet, profile, lane",
            '  lanes.toml:3: profile.worker: found 2, expected a path in a string ("~/" is your home folder; "~NAME/" is not supported)',
        ]
    )
    assert engine.calls == ()


def test_no_fleet_file_and_no_lane_are_refused(lanekit: Lanekit, fleet: Path) -> None:
    _ = (fleet / "lanes.toml").write_text("")
    said = lanekit("status")
    assert said.code == 2
    assert said.err == snapshot(
        "lanekit: lanes.toml has no lanes: add a [[lane]] table with workspace, id and worktree\n"
    )
    (fleet / "lanes.toml").unlink()
    said = lanekit("status")
    assert said.code == 2
    assert said.err == snapshot(
        "lanekit: no lanes.toml in this folder or a folder above it: write one with `lanekit init`, or name one with --file\n"
    )


def test_verbose_tells_of_each_operation_on_stderr(lanekit: Lanekit, engine: InMemory) -> None:
    engine.set_worker("ws1-a", Worker(answers_after=1.3))
    said = lanekit("ensure", "ws1/a", "--verbose")
    lines = [re.sub(r"\d+\.\d\ds", "0.00s", line) for line in said.err.splitlines()]
    assert lines[:2] == [
        "ws1/a: create ws1-a.next, because there is no such container",
        "ws1/a: create ws1-a.next: done in 0.00s",
    ]
    assert any(re.fullmatch(r"ws1/a: waiting for an answer at \S+, 1s", line) for line in lines)
    assert len(said.out.splitlines()) == 1
    engine.fail("start", EngineFailed("no start"))
    _ = lanekit("stop")
    assert "ws1/a: start ws1-a: failed: no start" in lanekit("ensure", "ws1/a", "-v").err


def test_no_command_shows_the_help_and_the_version_is_known(lanekit: Lanekit) -> None:
    said = lanekit()
    assert said.code == 2
    assert "Usage: " in said.out + said.err
    assert re.fullmatch(r"lanekit \d+\.\d+\.\d+\n", lanekit("--version").out)
    listed = lanekit("--help").out
    for command in ("ensure", "plan", "drift", "status", "endpoint", "logs", "stop", "rm", "show"):
        assert f"\n  {command} " in listed


def test_no_output_shows_a_value_of_the_fleets_env(
    lanekit: Lanekit, engine: InMemory, fleet: Path
) -> None:
    leak = EngineFailed(f"podman said {SECRET}", detail=f"and {SECRET}")
    engine.set_worker("ws1-a", Worker(output=(f"my token is {SECRET}",)))
    _ = lanekit("ensure")
    _ = (fleet / "worker").write_text("#!/bin/sh\n# another\n")
    text = (fleet / "lanes.toml").read_text()
    _ = (fleet / "lanes.toml").write_text(text.replace("API_TOKEN", "NEW_TOKEN"))
    commands = [["show", "ws1/a"], ["logs", "ws1/a"], ["endpoint", "ws1/a"], ["plan"], ["status"]]
    commands += [["ensure", "-v"], ["stop"], ["rm"]]
    said = [lanekit(*command, *more) for command in commands for more in ([], ["--json"])]
    for method in ("inspect", "create", "start"):
        engine.fail(method, leak, times=None)
        said += [lanekit(*command, *more) for command in commands for more in ([], ["--json"])]
    assert all(SECRET not in one.out + one.err for one in said)
    assert any("podman said" in one.err for one in said)


def test_a_lane_is_replaced_by_name_only(lanekit: Lanekit, engine: InMemory) -> None:
    _ = lanekit("ensure")
    before = {seen.name: replace(seen) for seen in engine.containers}
    _ = lanekit("stop", "ws1/long")
    after = {seen.name: seen for seen in engine.containers}
    assert after["ws1-a"] == before["ws1-a"]
    assert after["ws1-long"].state != before["ws1-long"].state


@pytest.mark.parametrize(
    "words",
    [
        *(("status", "--watch", "--every", value) for value in ("0.1", "inf", "nan", "1e300")),
        *(("watch", "--resync", value) for value in ("0.1", "inf", "nan", "1e300")),
    ],
)
def test_a_pause_that_nobody_can_wait_is_a_wrong_call(
    lanekit: Lanekit, words: tuple[str, ...]
) -> None:
    said = lanekit(*words)
    assert said.code == 2
    assert "to 86400 seconds" in said.err
    assert said.out == ""


def test_warning_of_the_fleet_file_is_printed_once(lanekit: Lanekit, fleet: Path) -> None:
    old = FLEET.replace('inbox = "inbox"', 'inbox = "inbox"\nbusy_path = "/busy"')
    _ = (fleet / "lanes.toml").write_text(old)
    said = lanekit("plan", "ws1/a", "--json")
    assert (said.code, len(said.records)) == (0, 1)
    assert said.err == snapshot(
        "warning: lanes.toml:5: profile.busy_path: is now called idle_path; rename it\n"
    )
