"""Connections to podman's service: kept, given back, made anew once, never asked twice in doubt."""

import gc
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.adapters.scripted_service import Service, http, service

from lanekit.adapters.podman.address import Address
from lanekit.adapters.podman.rest.http_client import (
    MAX_CONNECTIONS,
    Client,
    ConnectError,
    ProtocolError,
    ReadTimeout,
)

CLOSING = "/closing"


def _answer(request: str) -> bytes | None:
    path = request.split()[1]
    if path == "/nothing":
        return None
    return http(404 if path == "/missing" else 200, path.encode(), close=path == CLOSING)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, _answer) as running:
        yield running


@pytest.fixture
def client(asked: Service) -> Client:
    return Client(Address(path=str(asked.path)))


def test_one_connection_serves_all_requests_of_a_thread(asked: Service, client: Client) -> None:
    for path in ("/a", "/missing", "/b"):
        assert client.request("GET", path, 5).body == path.encode()
    assert client.request("POST", "/c", 5, b"{}").status == 200
    assert (asked.connections, len(asked.asked)) == (1, 4)
    assert asked.bodies[-1] == b"{}"


def test_closed_connection_is_not_reused(asked: Service, client: Client) -> None:
    assert client.request("GET", CLOSING, 5).body == CLOSING.encode()
    assert client.request("POST", "/a", 5).body == b"/a"
    assert asked.connections == 2


def test_threads_never_share_a_connection_at_the_same_time(asked: Service, client: Client) -> None:
    def ask(number: int) -> None:
        for _ in range(20):
            assert client.request("GET", f"/{number}", 5).body == f"/{number}".encode()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked.asked) == 120
    assert asked.connections <= 6


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_restarted_service_receives_the_request_once(
    asked: Service, client: Client, method: str
) -> None:
    _ = client.request("GET", "/a", 5)
    asked.stop()
    asked.start()
    assert client.request(method, "/b", 5).body == b"/b"
    assert asked.asked == ["GET /a", f"{method} /b"]


def test_only_get_is_retried_when_the_outcome_is_unknown(tmp_path: Path) -> None:
    # It takes the request on a kept connection and ends without an answer.
    answers = {"GET": 0, "POST": 0}

    def answer(request: str) -> bytes | None:
        method, path = request.split()
        if path == "/first":
            return http(200)
        answers[method] += 1
        return None if answers[method] == 1 else http(200, b"again")

    with service(tmp_path, answer) as running:
        client = Client(Address(path=str(running.path)))
        _ = client.request("GET", "/first", 5)
        assert client.request("GET", "/x", 5).body == b"again"
        with pytest.raises(ConnectError):
            _ = client.request("POST", "/x", 5)
        assert answers == {"GET": 2, "POST": 1}


def test_failed_get_is_retried_once_on_a_kept_connection(asked: Service, client: Client) -> None:
    _ = client.request("GET", "/a", 5)
    with pytest.raises(ConnectError):
        _ = client.request("GET", "/nothing", 5)
    assert asked.asked.count("GET /nothing") == 2
    with pytest.raises(ConnectError):
        _ = client.request("GET", "/nothing", 5)
    assert asked.asked.count("GET /nothing") == 3, "on a new connection not even once"


def test_parallel_gets_return_in_order(asked: Service, client: Client) -> None:
    paths = [f"/{number}" for number in range(30)]
    assert [reply.body.decode() for reply in client.get_all(paths, 5)] == paths
    assert asked.connections == MAX_CONNECTIONS


def test_failed_parallel_get_does_not_affect_next_request(asked: Service, client: Client) -> None:
    with pytest.raises(ConnectError):
        _ = list(client.get_all(["/a", "/nothing", "/b", "/c", "/d"], 5))
    assert client.request("GET", "/e", 5).body == b"/e"
    assert asked.asked.count("GET /e") == 1


def test_abandoned_parallel_gets_do_not_affect_next_request(asked: Service, client: Client) -> None:
    replies = client.get_all(["/a", "/b", "/c", "/d", "/e"], 5)
    assert next(replies).body == b"/a"
    replies.close()
    assert client.request("GET", "/f", 5).body == b"/f"


def test_broken_upload_stream_closes_its_connection(asked: Service, client: Client) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begin"
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        _ = client.request("PUT", "/a", 5, stream=broken())
    assert client.request("GET", "/b", 5).body == b"/b"
    assert asked.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_invalid_or_incomplete_response_is_rejected(tmp_path: Path, said: bytes) -> None:
    with service(tmp_path, lambda _: said) as running:
        threading.Timer(0.2, running.stop).start()
        with pytest.raises((ProtocolError, ConnectError)):
            _ = Client(Address(path=str(running.path))).request("GET", "/", 5)


def test_slow_response_ends_at_the_deadline(tmp_path: Path) -> None:
    def trickle(_request: str) -> bytes:
        def more() -> None:
            for client in running.clients:
                client.sendall(b"x")
                threading.Timer(0.1, more).start()

        threading.Timer(0.1, more).start()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"

    with service(tmp_path, trickle) as running, pytest.raises(ReadTimeout):
        _ = Client(Address(path=str(running.path))).request("GET", "/", 0.5)


def test_unreachable_service_raises_connect_error(tmp_path: Path) -> None:
    for name in ("missing", "file"):
        _ = (tmp_path / "file").write_text("")
        with pytest.raises(ConnectError):
            _ = Client(Address(path=str(tmp_path / name))).request("GET", "/", 5)
    with pytest.raises(ConnectError):
        _ = Client(Address(host="127.0.0.1", port=1)).request("GET", "/", 5)


def test_collected_client_closes_its_connections(asked: Service) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = Client(Address(path=str(asked.path)))
        _ = list(client.get_all(["/a", "/b"], 5))
        del client
        _ = gc.collect()
    deadline = threading.Event()
    for _ in range(400):
        if len(os.listdir("/proc/self/fd")) <= before:
            return
        _ = deadline.wait(0.05)
    raise AssertionError("a connection is still open")
