"""The head of an HTTP request, as bytes."""

import re


def request_head(method: str, target: str, *headers: str, version: str = "1.1") -> bytes:
    """Return the request line and these headers, up to the empty line that ends them.

    Raises:
        ValueError: the target has a character that has to be quoted before it gets here.
    """
    if not re.fullmatch(r"[!-~]+", target):
        raise ValueError("a part of a target is quoted before it is asked for")
    lines = (f"{method} {target} HTTP/{version}", *headers, "", "")
    return "\r\n".join(lines).encode("ascii")
