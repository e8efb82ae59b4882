"""Each type that a public call takes or returns can be imported from a public module."""

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import cast, get_args, get_type_hints

import pytest

import lanekit

_REPO = Path(__file__).parents[2]
_MODULES = ("lanekit", "lanekit.engines", "lanekit.errors", "lanekit.operations", "lanekit.testing")
# What it says of a watcher, a lane's spec and a fleet file is walked too.
_ENTRIES = (
    lanekit.Lanes,
    lanekit.Watcher,
    lanekit.LaneBatch,
    lanekit.LaneBackend,
    lanekit.LoadedFleet,
    lanekit.InvalidFleetFile,
    lanekit.Report,
)


def _exported() -> dict[str, object]:
    return {
        f"{module}.{name}": getattr(importlib.import_module(module), name)
        for module in _MODULES
        for name in dir(importlib.import_module(module))
    }


@pytest.mark.parametrize("module", [*_MODULES, "lanekit.contract"])
def test_dir_of_public_module_shows_what_is_public(module: str) -> None:
    loaded = importlib.import_module(module)
    names: list[str] = loaded.__all__
    assert dir(loaded) == sorted(names)
    assert all(getattr(loaded, name) is not None for name in names)
    assert not hasattr(loaded, "no_such_name")


def test_star_import_gives_what_is_public() -> None:
    space: dict[str, object] = {}
    exec("from lanekit import *", space)
    assert set(space) - {"__builtins__"} == set(lanekit.__all__)


def test_every_type_of_a_public_call_is_exported() -> None:
    exported = _exported()
    known = [id(value) for value in exported.values()]
    spelled = [value for value in exported.values() if not inspect.isclass(value)]
    missing = {
        f"{where}: {_shown(hint)}"
        for where, hint in _hints()
        if id(hint) not in known and hint not in spelled
    }
    assert missing == set()


def _shown(hint: object) -> str:
    return f"{hint.__module__}.{hint.__qualname__}" if inspect.isclass(hint) else str(hint)


def _hints() -> Iterator[tuple[str, object]]:
    """Yield each class of lanekit, and each Literal, that is reached from a public call."""
    seen: set[object] = set()
    for entry in _ENTRIES:
        for where, hint in _hints_of(entry):
            yield from _parts(where, hint, seen)


def _hints_of(entry: type) -> Iterator[tuple[str, object]]:
    space = {name: getattr(lanekit, name) for name in lanekit.__all__}
    yield entry.__name__, entry
    if _has_fields(entry):
        for name, hint in get_type_hints(entry).items():
            yield f"{entry.__name__}.{name}", hint
    for name, member in inspect.getmembers_static(entry):
        if name.startswith("_") and name not in ("__init__", "__iter__"):
            continue
        function = member.fget if isinstance(member, property) else member
        if inspect.isfunction(function):
            for argument, hint in get_type_hints(function, localns=space).items():
                yield f"{entry.__name__}.{name}({argument})", hint


def _has_fields(entry: type) -> bool:
    return is_dataclass(entry) or issubclass(entry, tuple)


def _parts(where: str, hint: object, seen: set[object]) -> Iterator[tuple[str, object]]:
    if isinstance(hint, list):  # the arguments of a Callable
        for part in cast("list[object]", hint):
            yield from _parts(where, part, seen)
        return
    arguments = get_args(hint)
    if arguments and all(isinstance(one, str) for one in arguments):
        yield where, hint
        return
    for part in arguments:
        yield from _parts(where, part, seen)
    if arguments or not inspect.isclass(hint) or hint in seen:
        return
    seen.add(hint)
    if hint.__module__.startswith("lanekit."):
        yield where, hint
        if is_dataclass(hint):
            kinds = get_type_hints(hint)
            for field in fields(hint):
                yield from _parts(f"{hint.__name__}.{field.name}", kinds[field.name], seen)


def test_reference_documents_every_public_name() -> None:
    text = (_REPO / "docs" / "reference.md").read_text()
    documented = set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))
    documented |= set(re.findall(r"`(lanekit\.[A-Z]\w+)`", text))
    known = {id(value) for name, value in _exported().items() if name in documented}
    unknown = documented - {*_exported(), *_MODULES, "lanekit.contract"}
    lacking = {
        name
        for name, value in _exported().items()
        if id(value) not in known and name.rpartition(".")[0] not in documented
    }
    assert (lacking, unknown) == (set(), set())
