"""`dataclass`, made for a quick start: the same meaning as the standard one, less code made.

The standard decorator compiles six functions for each frozen class, 1.7 ms a class on a small
machine, and a start of lanekit loads some forty. Here only `__init__` is compiled; the other five
are shared by all. Type checkers see the standard decorator and nothing else. See ADR 0014.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, *, frozen=False):
        """As the standard decorator; of its options there is only `frozen`."""
        if cls is None:
            return lambda decorated: dataclass(decorated, frozen=frozen)
        methods = {"__eq__": _eq, "__hash__": _hash, "__repr__": _repr}
        if frozen:
            methods |= {"__setattr__": _set_once, "__delattr__": _never}
        else:
            methods["__hash__"] = None
        for name, method in methods.items():
            if name not in vars(cls):
                setattr(cls, name, method)
        return dataclasses.dataclass(cls, eq=False, repr=False)


__all__ = ["dataclass"]


def _values(self: Any, flag: str) -> list[tuple[str, object]]:
    fields = dataclasses.fields(self)
    return [(f.name, getattr(self, f.name)) for f in fields if getattr(f, flag)]


def _eq(self: Any, other: object) -> object:
    if type(self) is not type(other):
        return NotImplemented
    return _values(self, "compare") == _values(other, "compare")


def _hash(self: Any) -> int:
    return hash(tuple(value for _, value in _values(self, "compare")))


def _repr(self: Any) -> str:
    inner = ", ".join(f"{name}={value!r}" for name, value in _values(self, "repr"))
    return f"{type(self).__qualname__}({inner})"


def _set_once(self: Any, name: str, value: object) -> None:
    # __init__ sets each field once; nobody sets one again, or anything that is no field.
    values = self.__dict__
    if name in values or name not in self.__dataclass_fields__:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    values[name] = value


def _never(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
