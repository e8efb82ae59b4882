"""Where podman's socket is looked for, and which engine `auto` takes."""

from pathlib import Path

import pytest
from returns.result import Failure
from tests.unit.adapters.scripted_service import http, service

from lanekit.adapters.podman import address
from lanekit.adapters.podman.address import Address, candidates, find_address, parse_address
from lanekit.adapters.podman.auto import find_podman
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.hints import Hint


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("unix:///run/x.sock", Address(path="/run/x.sock")),
        ("/run/x y.sock", Address(path="/run/x y.sock")),
        ("tcp://127.0.0.1:8080", Address(host="127.0.0.1", port=8080)),
        ("tcp://[::1]:80/", Address(host="::1", port=80)),
        ("tcp://box.lan:1", Address(host="box.lan", port=1)),
    ],
)
def test_valid_address_is_parsed_and_formatted_back(url: str, address: Address) -> None:
    assert or_raise(parse_address(url)) == address
    assert or_raise(parse_address(str(address))) == address


@pytest.mark.parametrize(
    "url", ["ssh://u:secret@h/run/x", "http://h:1", "tcp://h", "tcp://h:0", "tcp://h:99999", "x"]
)
def test_invalid_address_is_rejected_without_its_password(url: str) -> None:
    outcome = parse_address(url)
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "InvalidLane"
    assert outcome.failure().hints == (Hint("correct-address"), Hint("use-podman-command"))
    assert "secret" not in str(outcome.failure())


def test_socket_candidates_follow_the_order_of_podman() -> None:
    system = "/run/podman/podman.sock"
    assert candidates({}) == (system,)
    assert candidates({"XDG_RUNTIME_DIR": "/run/user/7"}) == (
        "/run/user/7/podman/podman.sock",
        system,
    )
    both = {"XDG_RUNTIME_DIR": "/run/user/7", "CONTAINER_HOST": "tcp://h:1"}
    assert candidates(both) == ("tcp://h:1",)


def test_missing_socket_error_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "SYSTEM", str(tmp_path / "system.sock"))
    outcome = find_address({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert error.kind == "EngineUnavailable"
    assert str(tmp_path / "podman/podman.sock") in error.message
    assert error.hints == (Hint("start-podman-service"), Hint("use-podman-command"))


def test_socket_that_appears_later_is_used(tmp_path: Path) -> None:
    engine = PodmanSocket(env={"CONTAINER_HOST": f"unix://{tmp_path}/service.sock"})
    outcome = engine.inspect(["a"])
    assert isinstance(outcome, Failure)
    assert outcome.failure().kind == "EngineUnavailable"
    missing = b'{"message":"no such container","cause":"","response":404}'
    with service(tmp_path, lambda _: http(404, missing)):
        assert or_raise(engine.inspect(["a"])) == {}


def test_auto_engine_uses_a_socket_that_answers(tmp_path: Path) -> None:
    env = {"CONTAINER_HOST": f"unix://{tmp_path}/service.sock"}
    assert isinstance(find_podman(env), PodmanCli)
    with service(tmp_path, lambda _: http(200, b"OK")):
        found = find_podman(env)
    assert isinstance(found, PodmanSocket)
    assert str(tmp_path) in found.description


@pytest.mark.parametrize("said", [http(404, b"Not Found"), http(500), b"garbage\r\n\r\n", None])
def test_auto_engine_uses_the_command_if_no_podman_answers(
    tmp_path: Path, said: bytes | None
) -> None:
    with service(tmp_path, lambda _: said) as running:
        env = {"CONTAINER_HOST": f"unix://{running.path}"}
        assert isinstance(find_podman(env), PodmanCli)


def test_auto_engine_uses_the_command_for_ssh() -> None:
    assert isinstance(find_podman({"CONTAINER_HOST": "ssh://user@host/run/x.sock"}), PodmanCli)


def test_auto_engine_uses_the_system_socket_only_for_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What others' podman command shows is not in the storage of the system's service.
    with service(tmp_path, lambda _: http(200, b"OK")) as running:
        monkeypatch.setattr(address, "SYSTEM", str(running.path))
        for user, engine in ((0, PodmanSocket), (1000, PodmanCli)):
            monkeypatch.setattr("os.geteuid", lambda user=user: user)
            assert isinstance(find_podman({}), engine)
