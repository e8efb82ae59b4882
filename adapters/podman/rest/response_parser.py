"""One HTTP answer, taken apart as it comes. The protocol is httptools', the bounds are ours."""

from functools import partial
from types import SimpleNamespace

# An inspect is about 6 kB; what goes on beyond this is no answer.
MAX_BODY_BYTES = 64 << 20
# Chunks say their lengths between what they hold.
_MAX_CHUNKED_BYTES = 2 * MAX_BODY_BYTES
_NO_END = "it goes on for more than any answer can be"
# Of a head alone, which httptools would take without an end.
_MAX_HEAD_BYTES = 1 << 16
_FINAL = 200


class ResponseParser:
    """What there is so far of an answer. Raises ValueError for what is none.

    What httptools calls is C through and through: a Ctrl-C that came in a line of Python there
    would reach nobody, for httptools makes an error of its own of whatever is raised.
    """

    def __init__(self) -> None:
        from httptools import HttpResponseParser  # noqa: PLC0415 - costs start-up

        self._begun: list[bool] = []
        self._heads: list[bool] = []
        self._ended: list[bool] = []
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._is_last = False
        self._fed = 0
        callbacks = SimpleNamespace(
            on_message_begin=partial(self._begun.append, True),
            on_header=self._headers.__setitem__,
            on_headers_complete=partial(self._heads.append, True),
            on_body=self._body.append,
            on_message_complete=partial(self._ended.append, True),
        )
        self._parser = HttpResponseParser(callbacks)

    def feed(self, data: bytes) -> None:
        """Take what came next."""
        from httptools import HttpParserError, HttpParserUpgrade  # noqa: PLC0415

        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise ValueError(f"no HTTP answer: {error}") from None
        if len(self._begun) > 1 or (self._ended and self.status < _FINAL):
            # Nobody asked twice, nor for "100 Continue" or the like.
            raise ValueError("no HTTP answer: more came than was asked for")
        self._fed += len(data)
        if self._fed > (_MAX_CHUNKED_BYTES if self._heads else _MAX_HEAD_BYTES):
            raise ValueError(_NO_END)
        if not self.is_whole and int(self._header(b"content-length") or 0) > MAX_BODY_BYTES:
            raise ValueError(_NO_END)

    def end(self) -> None:
        """The connection ended: that is the end of an answer that does not say its length."""
        lengths = self._header(b"content-length"), self._header(b"transfer-encoding")
        if not self._heads or any(lengths):
            raise ValueError("the answer ends in its middle")
        self._ended.append(True)
        self._is_last = True

    @property
    def status(self) -> int:
        """Its HTTP status, 0 before that came."""
        return self._parser.get_status_code()

    @property
    def has_begun(self) -> bool:
        """Whether anything of it came."""
        return bool(self._begun)

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end."""
        return bool(self._ended)

    @property
    def may_follow(self) -> bool:
        """Whether the connection can take another request."""
        return (
            not self._is_last
            and self._parser.get_http_version() == "1.1"
            and self._header(b"connection").lower() != b"close"
        )

    @property
    def server(self) -> str:
        """What the service calls itself."""
        return self._header(b"server").decode("latin-1")

    def body(self) -> bytes:
        """Return the whole body."""
        body = b"".join(self._body)
        if len(body) > MAX_BODY_BYTES:
            raise ValueError(_NO_END)
        return body

    def _header(self, name: bytes) -> bytes:
        return next((v for n, v in self._headers.items() if n.lower() == name), b"")
