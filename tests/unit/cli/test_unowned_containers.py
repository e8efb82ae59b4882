"""Somebody else's container under a lane's name: what every command says, and that it stays."""

from dataclasses import asdict

import pytest
from tests.unit.cli.conftest import Lanekit

from lanekit.adapters.memory.engine import InMemory

COMMANDS = ("ensure", "plan", "status", "endpoint", "logs", "stop", "rm", "exec")
TOLD = "a container named ws1-a exists and is not this lane's"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("runs", [False, True])
def test_unowned_container_is_reported_and_left_unchanged(
    lanekit: Lanekit, engine: InMemory, command: str, runs: bool
) -> None:
    _ = engine.external_create("ws1-a")
    if runs:
        _ = engine.start(engine.containers[0].id)
    before = [asdict(seen) for seen in engine.containers]
    more = ("--", "true") if command == "exec" else ()
    options = [()] if command == "exec" else [(), ("--json",)]
    for option in options:
        said = lanekit(command, *option, "ws1/a", *more)
        assert said.code == (125 if command == "exec" else 1)
        assert TOLD in said.err
        assert "podman rename ws1-a OTHER" in said.err
        if option:
            (record,) = said.records
            assert record["error"]["kind"] == "NotOwned"
            assert "it was not touched" in record["error"]["detail"]
        assert [asdict(seen) for seen in engine.containers] == before
