"""What the contract suite needs to know of the world around an engine."""

import io
import tarfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.ports.engine import ContainerEngine

LINES = ("line 1", "line 2", "line 3", "line 4", "line 5")
"""What the worker of `Harness.talkative` writes."""
LAST_WORDS = ("begins", "no key: cannot go on")
"""What the worker of `Harness.crashing` writes before it exits."""
CRASH_CODE = 7
RICH_LABEL = ("made-by", "the-contract")
RICH_ENV = ("RICH", "yes")
RICH_VOLUME = "/data"


@dataclass(frozen=True)
class Entry:
    """Something in a container's files: kind (file, folder, link), mode, bytes or link target."""

    kind: str
    mode: int
    content: bytes = b""


class Harness(Protocol):
    """One engine, and what a test does beside it. Containers are named by their names.

    `image` has no /root. `rich_image` brings RICH_LABEL, RICH_ENV and the volume RICH_VOLUME.
    `missing_path` is an absolute path that the host does not have.
    """

    @property
    def engine(self) -> ContainerEngine: ...

    @property
    def image(self) -> str: ...

    @property
    def rich_image(self) -> str: ...

    @property
    def missing_path(self) -> str: ...

    def spec(self, name: str, **changes: Any) -> ContainerSpec:
        """A lane's spec, as `container_spec` makes it, with these fields changed.

        Its worker runs until it gets SIGTERM, which it obeys at once with exit code 0.
        """
        ...

    def crashing(self, name: str) -> ContainerSpec:
        """Its worker writes LAST_WORDS and exits with CRASH_CODE."""
        ...

    def unstartable(self, name: str) -> ContainerSpec:
        """Its entrypoint does not exist in the container."""
        ...

    def stubborn(self, name: str) -> ContainerSpec:
        """Its worker ignores SIGTERM."""
        ...

    def talkative(self, name: str) -> ContainerSpec:
        """Its worker writes LINES, to stdout and stderr in turn, and runs on."""
        ...

    def program(
        self, stdout: bytes, stderr: bytes, status: int, *, echoes: bool = False
    ) -> Sequence[str]:
        """A command for `execute`, in a container of `spec`: it writes these (no quotes in them),
        copies its stdin to stdout if it `echoes`, and ends with `status`.
        """
        ...

    def losable(self, name: str) -> ContainerSpec:
        """It mounts, at /losable, a folder that `lose_source` removes."""
        ...

    def lose_source(self, name: str) -> None:
        """Remove the host folder that `losable` of this name mounts."""
        ...

    def pause(self, name: str) -> None:
        """What `podman pause` does."""
        ...

    def kill(self, name: str) -> None:
        """What `podman kill` does."""
        ...

    def run_foreign(self, name: str) -> None:
        """Run a container with no label of lanekit's."""
        ...

    def occupy_port(self, port: int) -> AbstractContextManager[object]:
        """Listen on this port of 127.0.0.1 until the context is left."""
        ...

    def tree(self, name: str, path: str) -> dict[str, Entry]:
        """What is in a container at and below an absolute path."""
        ...

    def volumes(self) -> frozenset[str]:
        """The names of all volumes."""
        ...

    def write(self, name: str, path: str, content: str) -> None:
        """Let a process in a running container write a file; missing folders are made."""
        ...

    def delete(self, name: str, path: str) -> None:
        """Let a process in a running container delete a file, of its image perhaps."""
        ...

    def remove_all(self, prefix: str) -> None:
        """Remove all containers whose names begin so; there may be none."""
        ...


def make_tar(entries: dict[str, Entry]) -> bytes:
    """A tar of these entries, by absolute path; it ends after its two zero blocks."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in entries.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.mode = entry.mode
            match entry.kind:
                case "folder":
                    member.type = tarfile.DIRTYPE
                case "link":
                    member.type = tarfile.SYMTYPE
                    member.linkname = entry.content.decode()
                case _:
                    member.size = len(entry.content)
            tar.addfile(member, io.BytesIO(entry.content if entry.kind == "file" else b""))
        end = buffer.tell()
    return buffer.getvalue()[:end] + bytes(1024)
