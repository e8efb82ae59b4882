"""The quick dataclass means what the standard one means."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from lanekit.core.domain._dataclass import dataclass as quick

FLAVOURS = [quick, dataclasses.dataclass]


def _point(decorator: Callable[..., Any]) -> Any:
    class Point:
        x: int
        name: str = dataclasses.field(default="n", repr=False)
        note: str = dataclasses.field(default="", compare=False)

        __annotations__ = {"x": int, "name": str, "note": str}

    Point.__qualname__ = "Point"
    return decorator(frozen=True)(Point)


@pytest.fixture(params=FLAVOURS, ids=["quick", "standard"])
def point(request: pytest.FixtureRequest) -> Any:
    return _point(request.param)


def test_equality_uses_type_and_compared_fields_only(point: Any) -> None:
    assert point(1) == point(1, note="other")
    assert point(1) != point(2)
    assert point(1) != (1, "n", "")
    assert len({point(1), point(1), point(2)}) == 2
    assert hash(point(1)) == hash(point(1, note="other")) != hash(point(2))


def test_repr_omits_fields_marked_repr_false(point: Any) -> None:
    assert repr(point(1, "s3cret")) == "Point(x=1, note='')"


def test_frozen_instance_rejects_set_and_delete(point: Any) -> None:
    made = point(1)
    for name in ("x", "name", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"assign to field '{name}'"):
            setattr(made, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del made.x


def test_replace_and_match_args_follow_the_fields(point: Any) -> None:
    assert dataclasses.replace(point(1), x=5) == point(5)
    assert point.__match_args__ == ("x", "name", "note")


def test_unfrozen_instance_is_mutable_and_unhashable() -> None:
    @quick
    class Box:
        inside: int

    box = Box(1)
    box.inside = 2
    assert box == Box(2)
    with pytest.raises(TypeError):
        _ = hash(box)
