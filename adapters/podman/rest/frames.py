"""The frames in which podman's service sends two outputs on one connection.

Each is a byte for its stream (0 and 1 are stdout, 2 is stderr), three zeros, its length in four
bytes (big endian), and its bytes: the format of docker's `containers/{id}/attach`.
"""

from collections.abc import Iterator

_HEAD_BYTES = 8
_STREAMS = (0, 1, 2)
_STDERR = 2


class Unframed(Exception):
    """What came is no frame."""


class Frames:
    """Takes bytes as they come; keeps no more than the head of a frame that is not complete."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._remaining = 0
        self._to_errors = False

    @property
    def is_whole(self) -> bool:
        """Whether the last frame is complete."""
        return not self._head and not self._remaining

    def feed(self, data: memoryview) -> Iterator[tuple[bool, memoryview]]:
        """Yield the pieces in it, each with whether it is stderr's; raises `Unframed`."""
        while data:
            if self._remaining:
                piece, data = data[: self._remaining], data[self._remaining :]
                self._remaining -= len(piece)
                yield self._to_errors, piece
                continue
            wanted = _HEAD_BYTES - len(self._head)
            self._head += data[:wanted]
            data = data[wanted:]
            if len(self._head) == _HEAD_BYTES:
                self._begin(bytes(self._head))

    def _begin(self, head: bytes) -> None:
        if head[0] not in _STREAMS or any(head[1:4]):
            raise Unframed(head.hex())
        self._head.clear()
        self._to_errors = head[0] == _STDERR
        self._remaining = int.from_bytes(head[4:], "big")
