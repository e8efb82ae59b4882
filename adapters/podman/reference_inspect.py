"""An inspect as the reference reads it: the rules of Go's encoding/json for its struct.

Keys fit in any case, missing and null leave the zero value, a later duplicate wins, unknown keys
are passed over, and a value of another type is an error.
"""

import json
from typing import TypeAlias, cast

from returns.result import Failure, Success

from lanekit.adapters.podman.json_reader import no_number, undecodable
from lanekit.core.domain.containers import WORKER_PORT
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.reference_policy import ReferenceView

_WORKER_KEY = f"{WORKER_PORT}/tcp"

# An object is kept as its pairs in order, so that duplicate keys are seen as Go sees them.
_Pairs: TypeAlias = tuple[tuple[str, object], ...]


class _GoError(Exception):
    pass


def decode_reference(text: str) -> Outcome[ReferenceView | None]:
    """Return what the reference sees of `podman inspect`'s output; None when the list is empty."""
    try:
        value = cast("object", json.loads(text, object_pairs_hook=tuple, parse_constant=no_number))
        items = _list(value, "the answer")
        return Success(_view(items[0]) if items else None)
    except (ValueError, RecursionError, _GoError) as error:
        return Failure(undecodable("inspect", str(error)))


def _view(item: object) -> ReferenceView:
    config = _field(item, "Config", "")
    state = _field(item, "State", "")
    # Decoded and never used by the verdict; a wrong type in them is an error all the same.
    _ = _text(state, "Status", "State"), _bool(state, "Running", "State")
    _ = _texts(_field(item, "Args", ""), "Args")
    return ReferenceView(
        image_name=_text(item, "ImageName", ""),
        config_image=_text(config, "Image", "Config"),
        user=_text(config, "User", "Config"),
        path=_text(item, "Path", ""),
        workdir=_text(config, "WorkingDir", "Config"),
        env=_texts(_field(config, "Env", "Config"), "Config.Env"),
        mounts=tuple(
            (_text(mount, "Destination", "Mounts"), _text(mount, "Source", "Mounts"))
            for mount in _list(_field(item, "Mounts", ""), "Mounts")
        ),
        host_ports=_host_ports(item),
    )


def _host_ports(item: object) -> tuple[str, ...]:
    ports = _field(_field(item, "NetworkSettings", ""), "Ports", "NetworkSettings")
    # A map, unlike a struct, has keys that fit only as they are.
    found: dict[str, object] = dict(_pairs(ports, "Ports"))
    published = {
        key: tuple(
            (_text(b, "HostIp", "Ports"), _text(b, "HostPort", "Ports")) for b in _list(v, key)
        )
        for key, v in found.items()
    }
    return tuple(port for _, port in published.get(_WORKER_KEY, ()))


def _pairs(value: object, where: str) -> _Pairs:
    if value is None:
        return ()
    if not isinstance(value, tuple):
        raise _GoError(f"cannot read {where or 'the container'}: it is no object")
    return cast("_Pairs", value)


def _field(value: object, name: str, where: str) -> object:
    """Return the last value under a key that fits; objects are merged, null is not a value."""
    found: object = None
    for key, item in _pairs(value, where):
        # Go compares letter by letter: one that casefold spells with two (\ufb01) fits nothing.
        fits = len(key) == len(name) and key.casefold() == name.casefold()
        if fits and item is not None:
            found = _merged(found, item)
    return found


def _merged(earlier: object, later: object) -> object:
    if isinstance(earlier, tuple) and isinstance(later, tuple):
        return (*cast("_Pairs", earlier), *cast("_Pairs", later))
    return later


def _text(value: object, name: str, where: str) -> str:
    found = _field(value, name, where)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise _GoError(f"{where}.{name} is no string")
    return found


def _bool(value: object, name: str, where: str) -> bool:
    found = _field(value, name, where)
    if found is not None and not isinstance(found, bool):
        raise _GoError(f"{where}.{name} is no boolean")
    return bool(found)


def _list(value: object, where: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _GoError(f"{where} is no list")
    return cast("list[object]", value)


def _texts(value: object, where: str) -> tuple[str, ...]:
    items = _list(value, where)
    if not all(item is None or isinstance(item, str) for item in items):
        raise _GoError(f"{where} has something else than strings")
    return tuple(item if isinstance(item, str) else "" for item in items)
