"""Interpret a worker's answer at its idle path."""

_BUSY = (409, 423)
_IDLE = range(200, 300)


def meaning(status: int | None, path: str) -> str:
    """Return why the worker counts as busy; empty when it is idle. A status of None: no answer."""
    if status is None:
        return f"its worker did not say at {path} whether it is busy"
    if status in _IDLE:
        return ""
    if status in _BUSY:
        return "its worker is busy"
    return f"its worker answered {status} at {path}, which does not say that it is idle"
