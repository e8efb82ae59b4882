"""An HTTP answer, however it comes: whole, in pieces, cut off, too long, or two at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.strategies.podman_answers import http_answers

from lanekit.adapters.podman.rest.response_parser import MAX_BODY_BYTES, ResponseParser

LENGTH = b"HTTP/1.1 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 4\r\n\r\nbody"
UNTIL_ITS_END = b"HTTP/1.1 200 OK\r\n\r\nbody"


def _read(*parts: bytes) -> ResponseParser:
    answer = ResponseParser()
    for part in parts:
        answer.feed(part)
    return answer


@given(st.data(), http_answers())
def test_an_answer_is_the_same_however_it_is_cut(
    data: st.DataObject, said: tuple[int, bytes, bytes]
) -> None:
    status, body, raw = said
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=8)))
    answer = ResponseParser()
    for begin, end in zip((0, *cuts), (*cuts, len(raw)), strict=True):
        assert not answer.is_whole
        answer.feed(raw[begin:end])
    assert answer.is_whole
    assert answer.may_follow
    assert (answer.status, answer.body()) == (status, body)


def test_it_knows_what_the_service_calls_itself() -> None:
    assert _read(LENGTH).server == "Libpod/4.3.1 (linux)"
    assert _read(UNTIL_ITS_END).server == ""


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", LENGTH])
def test_an_answer_with_something_behind_it_is_none(more: bytes) -> None:
    with pytest.raises(ValueError, match="no HTTP answer"):
        _ = _read(LENGTH + more)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: Close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_ends_is_not_used_again(head: bytes) -> None:
    answer = _read(head)
    assert answer.is_whole
    assert not answer.may_follow


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    answer = _read(UNTIL_ITS_END)
    assert not answer.is_whole
    answer.end()
    assert (answer.is_whole, answer.may_follow, answer.body()) == (True, False, b"body")


@pytest.mark.parametrize(
    "cut",
    [
        b"HTT",
        b"HTTP/1.1 200 OK\r\nServer: x",
        LENGTH[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
def test_an_answer_that_is_cut_off_is_none(cut: bytes) -> None:
    answer = _read(cut)
    assert answer.has_begun
    assert not answer.is_whole
    with pytest.raises(ValueError, match="ends in its middle"):
        answer.end()


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_refused(said: bytes) -> None:
    with pytest.raises(ValueError, match="no HTTP answer"):
        _ = _read(said)


def test_what_is_longer_than_any_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="goes on for more"):
        _ = _read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1))
    with pytest.raises(ValueError, match="goes on for more"):
        _ = _read(b"HTTP/1.1 200 OK\r\nX: ", b"x" * (1 << 16))
    million = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    answer = _read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range((MAX_BODY_BYTES >> 20) + 1):
        answer.feed(million)
    answer.feed(b"0\r\n\r\n")
    with pytest.raises(ValueError, match="goes on for more"):
        _ = answer.body()
