"""The contract's surroundings for an engine on real podman."""

import io
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

from lanekit.contract.harness import (
    CRASH_CODE,
    LAST_WORDS,
    LINES,
    RICH_ENV,
    RICH_LABEL,
    RICH_VOLUME,
    Entry,
)
from lanekit.core.domain.containers import ContainerSpec, Mount
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.ports.engine import ContainerEngine

RICH_IMAGE = "localhost/contract-rich:1"
# Time between two lines: conmon reads two pipes, and puts in order only what it can tell apart.
_SCRIPTS = {
    "obedient": "trap 'exit 0' TERM\nsleep 3600 &\nwait $!\n",
    "stubborn": "trap '' TERM\nwhile true; do sleep 3600; done\n",
    "crashing": "".join(f"echo '{line}'\n" for line in LAST_WORDS) + f"exit {CRASH_CODE}\n",
    "talkative": "".join(
        f"echo '{line}' >&{1 + at % 2}\nsleep 0.1\n" for at, line in enumerate(LINES)
    )
    + "exec sleep 3600\n",
}


def make_rich_image(podman: Sandbox) -> None:
    """The demo image, and what an image can bring to its containers."""
    changes = [
        f"LABEL {RICH_LABEL[0]}={RICH_LABEL[1]}",
        f"ENV {RICH_ENV[0]}={RICH_ENV[1]}",
        f"VOLUME {RICH_VOLUME}",
    ]
    options = [word for change in changes for word in ("--change", change)]
    _ = podman.run("create", "--name", "for-commit", DEMO_IMAGE, "true")
    _ = podman.run("commit", "-q", *options, "for-commit", RICH_IMAGE)
    _ = podman.run("rm", "for-commit")


class PodmanHarness:
    """A `Harness`; `folder` gets the host files of its containers."""

    image = DEMO_IMAGE
    rich_image = RICH_IMAGE

    def __init__(self, engine: ContainerEngine, podman: Sandbox, folder: Path) -> None:
        self.engine = engine
        self._podman = podman
        self._folder = folder
        self.missing_path = str(folder / "missing")
        (folder / "worktree").mkdir()
        for name, lines in _SCRIPTS.items():
            script = folder / name
            _ = script.write_text(f"#!/bin/sh\n{lines}")
            script.chmod(0o755)

    def spec(self, name: str, **changes: Any) -> ContainerSpec:
        return replace(self._spec(name, "obedient"), **changes)

    def _spec(self, name: str, script: str) -> ContainerSpec:
        worker = str(self._folder / script)
        profile = Profile(worker=worker, inbox=worker, image=self.image)
        lane = Lane("contract", name, str(self._folder / "worktree"), name)
        return container_spec(lane, profile, Digests(worker="0" * 64))

    def crashing(self, name: str) -> ContainerSpec:
        return self._spec(name, "crashing")

    def unstartable(self, name: str) -> ContainerSpec:
        return self.spec(name, entrypoint=("/no/such",))

    def stubborn(self, name: str) -> ContainerSpec:
        return self._spec(name, "stubborn")

    def talkative(self, name: str) -> ContainerSpec:
        return self._spec(name, "talkative")

    def program(
        self, stdout: bytes, stderr: bytes, status: int, *, echoes: bool = False
    ) -> Sequence[str]:
        # Line by line: a long text cannot be an argument.
        out, err = (_repeated(text.decode()) for text in (stdout, stderr))
        rest = f"{'cat; ' if echoes else ''}exit {status}"
        return ("sh", "-c", f"{err} >&2\n{out}\n{rest}")

    def losable(self, name: str) -> ContainerSpec:
        lost = self._folder / f"losable-{name}"
        lost.mkdir()
        plain = self.spec(name)
        return replace(plain, mounts=(*plain.mounts, Mount(str(lost), "/losable")))

    def lose_source(self, name: str) -> None:
        shutil.rmtree(self._folder / f"losable-{name}")

    def pause(self, name: str) -> None:
        _ = self._podman.run("pause", name)

    def kill(self, name: str) -> None:
        _ = self._podman.run("kill", name)

    def run_foreign(self, name: str) -> None:
        _ = self._podman.run("run", "-d", "--name", name, self.image, "sleep", "3600")

    @contextmanager
    def occupy_port(self, port: int) -> Generator[None]:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            yield

    def tree(self, name: str, path: str) -> dict[str, Entry]:
        command = [*self._podman.argv, "cp", f"{name}:{path}", "-"]
        done = subprocess.run(command, env=self._podman.env, check=True, capture_output=True)
        parent = path.rsplit("/", 1)[0]
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            return {f"{parent}/{m.name.rstrip('/')}": _entry(tar, m) for m in tar}

    def volumes(self) -> frozenset[str]:
        return frozenset(self._podman.run("volume", "ls", "-q").split())

    def write(self, name: str, path: str, content: str) -> None:
        script = 'mkdir -p "${1%/*}" && echo "$2" > "$1"'
        _ = self._podman.run("exec", name, "sh", "-c", script, "sh", path, content)

    def delete(self, name: str, path: str) -> None:
        _ = self._podman.run("exec", name, "rm", path)

    def remove_all(self, prefix: str) -> None:
        self._podman.remove(prefix)


def _repeated(text: str) -> str:
    """Shell words that write it: its lines, which are all the same."""
    lines = text.splitlines(keepends=True) or [""]
    count, line = len(lines), lines[0]
    return f"n=0; while [ $n -lt {count} ]; do printf %s '{line}'; n=$((n + 1)); done"


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    if member.isdir():
        return Entry("folder", member.mode)
    if member.issym():
        return Entry("link", member.mode, member.linkname.encode())
    content = tar.extractfile(member)
    return Entry("file", member.mode, content.read() if content else b"")
