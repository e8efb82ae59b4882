"""The head of a request: its lines, and targets that cannot be sent."""

import pytest

from lanekit.adapters.http.request import request_head


def test_request_head_has_one_header_per_line() -> None:
    head = request_head("PUT", "/a?b=c", "Host: h", "Accept: */*")
    assert head == b"PUT /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n"


def test_request_head_contains_the_given_http_version() -> None:
    assert request_head("GET", "/", version="1.0") == b"GET / HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize("target", ["", "/a b", "/a\r\nHost: evil", "/\xe4", "/\x7f"])
def test_request_head_rejects_unquoted_target(target: str) -> None:
    with pytest.raises(ValueError, match="quoted"):
        _ = request_head("GET", target)
