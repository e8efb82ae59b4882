"""Somebody else acts between two calls of lanekit to an engine; commands run beside each other."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

from tests.integration.podman.conftest import RealLane

from lanekit.core.ports.engine import ContainerEngine


class Between:
    """An engine whose calls are told of: `before` and `after` get the method's name."""

    def __init__(
        self,
        engine: ContainerEngine,
        before: Callable[[str], None] = lambda _method: None,
        after: Callable[[str], None] = lambda _method: None,
    ) -> None:
        self._engine, self._before, self._after = engine, before, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._before(name)
            result = found(*args, **kwargs)
            self._after(name)
            return result

        return call


def between(
    engine: ContainerEngine,
    before: Callable[[str], None] = lambda _method: None,
    after: Callable[[str], None] = lambda _method: None,
) -> ContainerEngine:
    """`engine`, told of."""
    return cast("ContainerEngine", Between(engine, before, after))


def at(method: str, skip: int, act: Callable[[], None]) -> Callable[[str], None]:
    """Acts once, when `method` is called for the time after `skip` others."""
    calls: list[str] = []

    def tell(called: str) -> None:
        calls.append(called)
        if called == method and calls.count(method) == skip + 1:
            act()

    return tell


def lanekit(real: RealLane, *arguments: str, **env: str) -> "subprocess.Popen[str]":
    """`lanekit ARGUMENTS --file ..` on the lane, in a process group of its own."""
    file = () if "--file" in arguments else ("--file", str(real.fleet_file()))
    return subprocess.Popen(
        [sys.executable, "-m", "lanekit", *arguments, *file],
        env=real.environ(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def results(processes: Sequence["subprocess.Popen[str]"]) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each, when all have ended."""
    said = [process.communicate(timeout=120) for process in processes]
    return [(p.returncode, out, err) for p, (out, err) in zip(processes, said, strict=True)]
