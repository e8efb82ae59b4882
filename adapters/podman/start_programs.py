"""Programs that the container of doctor's start test can run: what is there, none of our own."""

import os
import platform
import shutil
import tarfile
from collections.abc import Mapping
from contextlib import suppress

from lanekit.core.domain.containers import WORKER_PORT
from lanekit.core.ports.diagnostics import StartProgram

# busybox looks at the name that it is called by: anything that begins with its own will do.
_PATH = "/busybox.lanekit-doctor"
_MAX_BUSYBOX_BYTES = 16 << 20
# podman's names of machines, by the system's.
_MACHINES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64"}
_BLOCK = 512
_LISTENING = "lanekit-doctor: listening"
# Every container has /dev/shm, and it is empty.
_HTTPD = ("httpd", "-f", "-p", str(WORKER_PORT), "-h", "/dev/shm")
_PYTHON_SERVER = f"""\
import socket
server = socket.create_server(("", {WORKER_PORT}))
print("{_LISTENING}", flush=True)
while True:
    client = server.accept()[0]
    client.recv(65536)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    client.close()
"""
_SHELL_SCRIPT = f"""\
for python in python3 python; do
    command -v $python >/dev/null && exec $python -c '{_PYTHON_SERVER}'
done
if command -v busybox >/dev/null; then
    echo '{_LISTENING}'
    exec busybox {" ".join(_HTTPD)}
fi
exec sleep 60
"""


def start_programs(machine: str, image: str, env: Mapping[str, str]) -> tuple[StartProgram, ...]:
    """Return this host's busybox, and the shell of the image.

    Args:
        machine: the architecture of podman's host, in podman's words.
        image: the image that the container is made of; empty for one that has no files.
        env: where PATH is looked up.
    """
    busybox = _busybox(env) if machine == _machine() else None
    programs = [] if busybox is None else [StartProgram((_PATH, *_HTTPD), archive(_PATH, busybox))]
    if image:
        shell = StartProgram(("/bin/sh", "-c", _SHELL_SCRIPT), listening=_LISTENING)
        programs.append(shell)
    return tuple(programs)


def _machine() -> str:
    return _MACHINES.get(platform.machine(), platform.machine())


def _busybox(env: Mapping[str, str]) -> bytes | None:
    path = shutil.which("busybox", path=env.get("PATH"))
    if path is None:
        return None
    with suppress(OSError):
        if os.path.getsize(path) <= _MAX_BUSYBOX_BYTES:
            with open(path, "rb") as file:
                return file.read()
    return None


def archive(path: str, content: bytes) -> bytes:
    """Return a tar stream that has an executable file at this path."""
    member = tarfile.TarInfo(path.lstrip("/"))
    member.mode, member.size = 0o755, len(content)
    padding = bytes(-len(content) % _BLOCK)
    return member.tobuf(tarfile.USTAR_FORMAT) + content + padding + bytes(2 * _BLOCK)
