"""A login is no config, on real podman."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.podman.conftest import RealLane

from lanekit.core.domain.errors import or_raise

pytestmark = pytest.mark.podman


def _in_lane(real: RealLane, name: str) -> str:
    return real.sandbox.run("exec", real.lane.container_name, "cat", f"/root/.codex/{name}")


def test_refreshed_token_alone_does_not_replace_container(
    real_lane: RealLane,
) -> None:
    real_lane.profile = replace(real_lane.profile, credentials=("auth.json", "not-yet"))
    auth = Path(real_lane.profile.config_dir) / "auth.json"
    lanes, lane = real_lane.lanes(), real_lane.lane
    # Not logged in yet.
    made = or_raise(lanes.ensure(lane))
    assert made.action == "created"
    for word in ("one", "two, longer"):
        new = real_lane.folder / "new-token"
        _ = new.write_text(word)
        _ = new.replace(auth)
        assert or_raise(lanes.ensure(lane)).action == "none"
        assert or_raise(lanes.status(lane)).drift == ()
    real_lane.config("second")
    done = or_raise(lanes.ensure(lane))
    assert done.action == "replaced"
    assert [d.field for d in done.drift] == ["env.INBOX_RUNTIME_CODEX_SHA", "config.digest"]
    assert (_in_lane(real_lane, "auth.json"), _in_lane(real_lane, "config.toml")) == (
        "two, longer",
        "second",
    )
    # The lane refreshes its own; only a container made anew gets the host's.
    _ = real_lane.sandbox.run(
        "exec", lane.container_name, "sh", "-c", "echo mine > /root/.codex/auth.json"
    )
    _ = auth.write_text("three")
    assert or_raise(lanes.ensure(lane)).action == "none"
    _ = real_lane.sandbox.run("stop", "-t", "2", lane.container_name)
    assert or_raise(lanes.ensure(lane)).action == "started"
    assert _in_lane(real_lane, "auth.json") == "mine"
    _ = real_lane.sandbox.run("exec", "-w", "/", lane.container_name, "rm", "-r", "/root/.codex")
    assert or_raise(lanes.ensure(lane)).action == "adjusted"
    assert _in_lane(real_lane, "auth.json") == "three"


def test_token_not_listed_as_credential_causes_a_replace(cli_lane: RealLane) -> None:
    auth = Path(cli_lane.profile.config_dir) / "auth.json"
    _ = auth.write_text("one")
    _ = or_raise(cli_lane.lanes().ensure(cli_lane.lane))
    _ = auth.write_text("two")
    assert or_raise(cli_lane.lanes().ensure(cli_lane.lane)).action == "replaced"
