"""What the probe takes for an answer, and that it never waits longer than it was told."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from lanekit.adapters.http.probe import HttpProbe
from lanekit.core.domain.observed import Endpoint
from lanekit.core.ports.probe import Probe

Serve = Callable[[socket.socket], None]


class Server:
    """Takes one connection after the other; `requests` holds what each asked."""

    def __init__(self, stack: ExitStack, serve: Serve, family: socket.AddressFamily) -> None:
        self.requests: list[bytes] = []
        self._serve = serve
        self._listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        self._listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._listener.listen()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        _ = stack.callback(self._end)
        port = self._listener.getsockname()[1]
        self.endpoint = Endpoint("[::1]" if family == socket.AF_INET6 else "127.0.0.1", port)

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # The probe goes away as soon as it knows enough.
            with connection, suppress(OSError):
                self.requests.append(connection.recv(65536))
                self._serve(connection)

    def _end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def start_server(serve: Serve, family: socket.AddressFamily = socket.AF_INET) -> Server:
            return Server(stack, serve, family)

        yield start_server


def _says(*parts: bytes, pause: float = 0.0) -> Serve:
    def serve(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return serve


def _ask(server: Server, path: str = "/", timeout: float = 5.0) -> tuple[bool, float]:
    begun = time.monotonic()
    answered = HttpProbe().answers(server.endpoint, path, timeout)
    return answered, time.monotonic() - begun


def test_http_probe_implements_probe() -> None:
    probe: Probe = HttpProbe()
    assert isinstance(probe, Probe)


@pytest.mark.parametrize(
    ("status", "answers"),
    [(200, True), (204, True), (301, True), (404, True), (499, True), (500, False), (503, False)],
)
def test_status_below_500_counts_as_answer(start: Start, status: int, answers: bool) -> None:
    server = start(_says(b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status))
    assert _ask(server)[0] is answers
    assert HttpProbe().status(server.endpoint, "/busy", 5.0) == status
    assert server.requests[1].startswith(b"GET /busy HTTP/1.1")


@pytest.mark.parametrize("line", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200\r\n", b"HTTP/1.1 200 \n"])
def test_status_line_variants_are_accepted(start: Start, line: bytes) -> None:
    assert _ask(start(_says(line + b"\r\n")))[0]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 abc OK\r\n",
        b"HTTP/1.1 200 OK",
        b"x" * 200_000 + b"\n",
        "HTTP/1.1 \u0662\u0660\u0660 OK\r\n".encode(),
    ],
)
def test_response_that_is_not_http_is_no_answer(start: Start, said: bytes) -> None:
    server = start(_says(said))
    assert not _ask(server)[0]
    assert HttpProbe().status(server.endpoint, "/", 5.0) is None


def test_probe_sends_path_host_and_connection_close(start: Start) -> None:
    server = start(_says(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert _ask(server, "/ready?x=1&y=%20")[0]
    lines = server.requests[0].split(b"\r\n")
    assert lines[0] == b"GET /ready?x=1&y=%20 HTTP/1.1"
    assert b"Host: 127.0.0.1:%d" % server.endpoint.port in lines
    assert b"Connection: close" in lines
    assert lines[-2:] == [b"", b""]


def test_probe_path_is_percent_encoded(start: Start) -> None:
    server = start(_says(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert _ask(server, "/a b\u00fc\r\nEvil: yes")[0]
    assert server.requests[0].startswith(b"GET /a%20b%C3%BC%0D%0AEvil:%20yes HTTP/1.1\r\n")


def _has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as one:
        one.bind(("::1", 0))
        return True
    return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
def test_probe_works_over_ipv6(start: Start) -> None:
    server = start(_says(b"HTTP/1.1 200 OK\r\n\r\n"), socket.AF_INET6)
    assert _ask(server)[0]
    assert b"Host: [::1]:%d\r\n" % server.endpoint.port in server.requests[0]


def test_a_redirect_is_not_followed(start: Start) -> None:
    other = start(_says(b"HTTP/1.1 500 No\r\n\r\n"))
    there = f"Location: {other.endpoint.url}/\r\n\r\n".encode()
    assert _ask(start(_says(b"HTTP/1.1 302 Found\r\n" + there)))[0]
    assert other.requests == []


def test_proxy_variables_are_ignored(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = start(_says(b"HTTP/1.1 500 No\r\n\r\n"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.endpoint.url)
    assert _ask(start(_says(b"HTTP/1.1 200 OK\r\n\r\n")))[0]
    assert proxy.requests == []


def test_probe_ends_after_the_status_line(start: Start) -> None:
    endless = (b"HTTP/1.1 200 OK\r\n", *[b"X-More: yes\r\n"] * 30)
    answered, seconds = _ask(start(_says(*endless, pause=0.1)))
    assert answered
    assert seconds < 1


def test_silent_worker_ends_the_probe_at_its_timeout(start: Start) -> None:
    answered, seconds = _ask(start(_says(b"", pause=1)), timeout=0.3)
    assert not answered
    assert 0.25 < seconds < 0.9


def test_slow_response_does_not_extend_the_timeout(start: Start) -> None:
    slow = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n\r\n"]
    answered, seconds = _ask(start(_says(*slow, pause=0.1)), timeout=0.4)
    assert not answered
    assert 0.35 < seconds < 0.9


def test_endless_status_line_is_given_up(start: Start) -> None:
    answered, seconds = _ask(start(_says(*[b"x" * 65536] * 60, pause=0.05)))
    assert not answered
    assert seconds < 2


def test_split_status_line_is_an_answer(start: Start) -> None:
    pieces = [b"HT", b"TP/1.1 20", b"0 OK\r", b"\n"]
    assert _ask(start(_says(*pieces, pause=0.05)))[0]


def test_closed_port_is_no_answer_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", unused.getsockname()[1])
        begun = time.monotonic()
        assert not HttpProbe().answers(endpoint, "/", 5)
        assert time.monotonic() - begun < 1


def test_full_accept_queue_is_no_answer() -> None:
    with socket.socket() as listener, ExitStack() as others:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            _ = other.connect_ex(address)
        begun = time.monotonic()
        assert not HttpProbe().answers(Endpoint("127.0.0.1", address[1]), "/", 0.3)
        assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize(
    "endpoint",
    [Endpoint("no.such.host.invalid", 80), Endpoint("", 80), Endpoint("127.0.0.1", 99_999),
     Endpoint("127.0.0.1", 0), Endpoint("127.0.0.1", -1), Endpoint("127.0.0.1", 10**20),
     Endpoint("a\0b", 80), Endpoint("\udcff", 80)],
    ids=str,
)  # fmt: skip
def test_invalid_endpoint_is_no_answer(endpoint: Endpoint) -> None:
    assert not HttpProbe().answers(endpoint, "/", 0.5)


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_timeout_of_zero_or_less_is_no_answer(start: Start, timeout: float) -> None:
    server = start(_says(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert not _ask(server, timeout=timeout)[0]


def test_path_with_a_lone_surrogate_is_no_answer(start: Start) -> None:
    server = start(_says(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert not _ask(server, "/\udcff")[0]


def test_probe_of_closed_port_has_no_status() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", closed.getsockname()[1])
        assert HttpProbe().status(endpoint, "/", 5.0) is None
