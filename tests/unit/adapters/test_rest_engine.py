"""What the socket engine makes of answers that are recorded, or that podman gives but seldom."""

from pathlib import Path

import pytest
from returns.result import Failure
from tests.unit.adapters.scripted_service import http, service

from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import LaneError, Outcome, or_raise
from lanekit.core.domain.lanes import Lane, Profile

ID = "ab" * 32
SPEC = container_spec(
    Lane("ws", "a", "/t"), Profile("/w", "/i", env={"TOKEN": "s3cret"}), Digests()
)


def _error(outcome: Outcome[object]) -> LaneError:
    assert isinstance(outcome, Failure)
    return outcome.failure()


def _said(message: str, status: int) -> bytes:
    return http(status, b'{"cause":"","message":"%s","response":%d}' % (message.encode(), status))


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (500, "creating container storage: x: that name is already in use", "NameInUse"),
        (409, "container already exists", "NameInUse"),
        (500, "localhost/x:1: image not known", "ImageMissing"),
        (404, "no such image: localhost/x:1: image not known", "ImageMissing"),
        (500, "statfs /x: no such file or directory", "MountSourceMissing"),
        (500, "something never seen before", "EngineFailed"),
    ],
)
def test_error_kind_depends_on_message_not_on_status(
    tmp_path: Path, status: int, message: str, kind: str
) -> None:
    with service(tmp_path, lambda _: _said(message, status)) as running:
        error = _error(PodmanSocket(str(running.path)).create(SPEC, "ws-a"))
    assert error.kind == kind
    assert message in error.detail
    assert "s3cret" not in f"{error}{error!r}"


def test_create_with_warnings_succeeds_and_sends_env(tmp_path: Path) -> None:
    said = b'{"Id":"%s","Warnings":["cgroups are odd here"]}' % ID.encode()
    with service(tmp_path, lambda _: http(201, said)) as running:
        assert or_raise(PodmanSocket(str(running.path)).create(SPEC, "ws-a")) == ID
        assert b'"TOKEN": "s3cret"' in running.bodies[0]


@pytest.mark.parametrize("warnings", [b"null", b"[]", b'[""]', b'["odd"]'])
def test_warnings_of_any_shape_are_not_a_failure(tmp_path: Path, warnings: bytes) -> None:
    said = b'{"Id":"%s","Warnings":%s}' % (ID.encode(), warnings)
    with service(tmp_path, lambda _: http(201, said)) as running:
        assert or_raise(PodmanSocket(str(running.path)).create(SPEC, "ws-a")) == ID
    with service(tmp_path, lambda _: http(200, said)) as running:
        assert or_raise(PodmanSocket(str(running.path)).rename(ID, "ws-b")) is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (409, "container already exists"),
        (500, "creating container storage: x: that name is already in use"),
    ],
)
def test_rename_to_name_in_use_is_reported_as_such(
    tmp_path: Path, status: int, message: str
) -> None:
    with service(tmp_path, lambda _: _said(message, status)) as running:
        error = _error(PodmanSocket(str(running.path)).rename(ID, "ws-b"))
    assert error.kind == "NameInUse"
    assert message in error.detail


@pytest.mark.parametrize("body", [b"<html>not here</html>", b"404 page not found", b"", b"{}"])
def test_remove_fails_on_404_not_sent_by_podman(tmp_path: Path, body: bytes) -> None:
    with service(tmp_path, lambda _: http(404, body)) as running:
        assert isinstance(PodmanSocket(str(running.path)).remove(ID, 0), Failure)


@pytest.mark.parametrize("order", ["name or ID", "ID or name"])
def test_remove_succeeds_on_404_sent_by_podman(tmp_path: Path, order: str) -> None:
    words = f'no container with {order} \\"{ID}\\" found: no such container'
    with service(tmp_path, lambda _: _said(words, 404)) as running:
        assert or_raise(PodmanSocket(str(running.path)).remove(ID, 0)) is None


@pytest.mark.parametrize("said", [b"{}", b'{"Id":"x"}', b'{"Id":7}', b"[]", b"", b"no json"])
def test_create_response_without_id_is_invalid(tmp_path: Path, said: bytes) -> None:
    with service(tmp_path, lambda _: http(201, said)) as running:
        assert _error(PodmanSocket(str(running.path)).create(SPEC, "a")).kind == "InvalidResponse"


def test_remove_error_in_success_response_is_reported(tmp_path: Path) -> None:
    said = b'[{"Id":"%s","Err":"device or resource busy"}]' % ID.encode()
    with service(tmp_path, lambda _: http(200, said)) as running:
        error = _error(PodmanSocket(str(running.path)).remove(ID, 0))
    assert "device or resource busy" in error.detail


@pytest.mark.parametrize("said", [http(204), http(200, b"[]"), http(200, b'[{"Id":"x"}]')])
def test_remove_sends_force_volumes_and_rounded_timeout(tmp_path: Path, said: bytes) -> None:
    with service(tmp_path, lambda _: said) as running:
        assert PodmanSocket(str(running.path)).remove(ID, 1.2).unwrap() is None
        assert running.asked == [
            f"DELETE /v4.0.0/libpod/containers/{ID}?force=true&volumes=true&timeout=2"
        ]


def test_inspect_ignores_match_by_id_prefix(tmp_path: Path) -> None:
    shown = b'{"Id":"%s","Name":"other","State":{"Status":"running"}}' % ID.encode()
    with service(tmp_path, lambda _: http(200, shown)) as running:
        engine = PodmanSocket(str(running.path))
        assert or_raise(engine.inspect(["abab", "other", ID])).keys() == {"other", ID}


def test_image_reference_is_quoted_as_one_path_segment(tmp_path: Path) -> None:
    with service(tmp_path, lambda _: _said("image not known", 404)) as running:
        engine = PodmanSocket(str(running.path))
        assert or_raise(engine.images(["a/b:1", "../containers/json?all=1", "x y\n"])) == {}
        # They are under way at once: the service takes them in any order.
        assert sorted(running.asked) == [
            f"GET /v4.0.0/libpod/images/{part}/json"
            for part in ("..%2Fcontainers%2Fjson%3Fall%3D1", "a%2Fb%3A1", "x%20y%0A")
        ]


@pytest.mark.parametrize("odd", ["../x", "a/b", "a?b", "-a", "", "a b", "a\r\nb", "ü"])
def test_inspect_of_invalid_name_sends_no_request(tmp_path: Path, odd: str) -> None:
    with service(tmp_path, lambda _: None) as running:
        assert or_raise(PodmanSocket(str(running.path)).inspect([odd])) == {}
        assert running.asked == []


def test_unknown_service_response_is_quoted_in_the_error(tmp_path: Path) -> None:
    with service(tmp_path, lambda _: http(404, b"<h1>Not Found</h1>")) as running:
        error = _error(PodmanSocket(str(running.path)).inspect(["a"]))
    assert error.kind == "EngineFailed"
    assert "HTTP status 404: <h1>Not Found</h1>" in error.detail


def _frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def test_logs_keep_the_order_of_their_frames(tmp_path: Path) -> None:
    body = _frame(1, b"a\n") + _frame(2, b"b\n") + _frame(1, b"c\xff") + _frame(1, b"\nd\n")
    with service(tmp_path, lambda _: http(200, body)) as running:
        engine = PodmanSocket(str(running.path))
        assert or_raise(engine.logs(ID, 10)) == "a\nb\nc\\xff\nd\n"
        assert or_raise(engine.logs(ID, 2)) == "c\\xff\nd\n"


@pytest.mark.parametrize("body", [b"plain text", _frame(1, b"a")[:-1], _frame(9, b"a"), b"\1\0"])
def test_truncated_or_unframed_logs_are_invalid(tmp_path: Path, body: bytes) -> None:
    with service(tmp_path, lambda _: http(200, body)) as running:
        assert _error(PodmanSocket(str(running.path)).logs(ID, 5)).kind == "InvalidResponse"


def test_archive_without_an_entry_is_an_error(tmp_path: Path) -> None:
    with service(tmp_path, lambda _: http(200)) as running:
        for empty in (b"", bytes(1024)):
            outcome = PodmanSocket(str(running.path)).put_archive(ID, [empty])
            assert _error(outcome).kind == "EngineFailed"


def test_create_passes_nonempty_http_proxies_of_the_caller(
    tmp_path: Path,
) -> None:
    said = b'{"Id":"%s"}' % ID.encode()
    env = {"http_proxy": "p1", "HTTPS_PROXY": "p2", "no_proxy": "", "ALL_PROXY": "p3", "TOKEN": "x"}
    with service(tmp_path, lambda _: http(201, said)) as running:
        _ = or_raise(PodmanSocket(str(running.path), env=env).create(SPEC, "ws-a"))
        (body,) = running.bodies
    assert b'"http_proxy": "p1"' in body
    assert b'"HTTPS_PROXY": "p2"' in body
    assert b"no_proxy" not in body
    assert b"ALL_PROXY" not in body
    assert b'"TOKEN": "s3cret"' in body
