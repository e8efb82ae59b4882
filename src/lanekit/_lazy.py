"""Names that are resolved on first use (PEP 562)."""

from collections.abc import Callable, Mapping, Sequence


def lazy(
    module: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a module whose names live in these modules."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - only paid by the first use

        return getattr(import_module(home_of[name]), name)

    return get, lambda: sorted(home_of)
