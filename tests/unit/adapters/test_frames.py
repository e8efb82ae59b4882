"""podman's frames: what comes out does not depend on how the bytes arrived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.strategies.podman_answers import FRAMES, pieces

from lanekit.adapters.podman.rest.frames import Frames, Unframed


def _encoded(frames: list[tuple[int, bytes]]) -> bytes:
    heads = [bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") for stream, data in frames]
    return b"".join(head + data for head, (_, data) in zip(heads, frames, strict=True))


def _decoded(parts: list[bytes]) -> tuple[bytes, bytes, bool]:
    frames, said = Frames(), (bytearray(), bytearray())
    for part in parts:
        for to_errors, piece in frames.feed(memoryview(part)):
            said[to_errors].extend(piece)
    return bytes(said[0]), bytes(said[1]), frames.is_whole


@given(FRAMES, st.data())
def test_frames_are_the_same_however_they_are_split(
    frames: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    parts = data.draw(pieces(_encoded(frames)))
    out = b"".join(text for stream, text in frames if stream < 2)
    err = b"".join(text for stream, text in frames if stream == 2)
    assert _decoded(parts) == (out, err, True)


@given(FRAMES)
def test_truncated_frame_is_not_whole(frames: list[tuple[int, bytes]]) -> None:
    last = _encoded([(1, b"last")])
    for length in range(1, len(last)):
        assert not _decoded([_encoded(frames) + last[:length]])[2]


@pytest.mark.parametrize("head", [b"\x03\0\0\0\0\0\0\1", b"\1\0\1\0\0\0\0\1", b"HTTP/1.1"])
def test_invalid_frame_is_rejected(head: bytes) -> None:
    with pytest.raises(Unframed):
        _ = _decoded([head])
