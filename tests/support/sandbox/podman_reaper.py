"""Clears a podman sandbox away: its containers, its processes, its mounts, its folder.

Runs as a process of its own beside the tests (`python podman_reaper.py FOLDER`, lock and pipe
inherited): its stdin ends when they do, in whatever way, kill -9 included. Then it clears.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

RECIPE = "sandbox.json"
"""In the sandbox's folder: {"argv": [..], "env": {..}}, how its podman is called."""
MARK = "LANEKIT_TEST_SANDBOX"
"""The variable by which what uses the sandbox is known; its value is the folder."""
_TRIES = 3
_PATIENCE = 3.0


def reap(folder: Path) -> None:
    """Leave nothing of the sandbox in `folder`; raises OSError when its files cannot be deleted."""
    _end_users(folder)
    _end_podman(folder)
    podman = _recipe(folder)
    if podman:
        _remove_containers(*podman)
    _signal(lambda pid: _is_program(pid, "conmon", folder) or _lives_in(pid, folder), SIGKILL)
    _unmount(folder)
    if podman and os.geteuid() != 0:
        _delete_rootless(folder, *podman)
    _delete(folder)


def _recipe(folder: Path) -> tuple[list[str], dict[str, str]] | None:
    try:
        recipe = json.loads((folder / RECIPE).read_text())
    except (OSError, ValueError):
        return None  # killed before it was written, or while it was deleted: nothing runs there
    return recipe["argv"], recipe["env"]


def _remove_containers(argv: list[str], env: dict[str, str]) -> None:
    """By podman itself, for only that gives back addresses, firewall rules and cgroups."""
    for _ in range(_TRIES):
        _ = _call([*argv, "pod", "rm", "-f", "-a", "-t", "0"], env)
        _ = _call([*argv, "rm", "-f", "-a", "-v", "-t", "0"], env)
        if _call([*argv, "ps", "-a", "-q", "--external"], env) == "":
            return


def _call(argv: list[str], env: dict[str, str]) -> str | None:
    """What it wrote to stdout, stripped; None (and its words on stderr) when it failed."""
    try:
        done = subprocess.run(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _ = sys.stderr.write(f"{error}\n")
        return None
    if done.returncode != 0:
        _ = sys.stderr.write(done.stderr)
        return None
    return done.stdout.strip()


def _end_users(folder: Path) -> None:
    """End what still runs with the sandbox's podman in its PATH.

    It must end before that podman is gone: after it in PATH comes the user's own.
    """
    mark = f"{MARK}={folder}".encode()

    def uses(pid: int) -> bool:
        return (
            pid != os.getpid()
            and mark in _read(f"/proc/{pid}/environ").split(b"\0")
            and not _is_program(pid, "podman", folder)
        )

    _signal(uses, SIGTERM)
    _wait_while_any(uses)
    _signal(uses, SIGKILL)


def _end_podman(folder: Path) -> None:
    """Give calls under way the time to finish, then end those that would not.

    A podman that is ended between setting up a network and writing that down leaves an address,
    a firewall rule and a namespace behind of which no podman knows.
    """

    def of_sandbox(pid: int) -> bool:
        return _is_program(pid, "podman", folder)

    for number in (SIGTERM, SIGKILL):
        _wait_while_any(of_sandbox)
        _signal(of_sandbox, number)


def _wait_while_any(which: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while any(map(which, _pids())) and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal(which: Callable[[int], bool], number: Signals) -> None:
    for pid in _pids():
        if which(pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _is_program(pid: int, name: str, folder: Path) -> bool:
    """Whether it is this program, called with a path of the sandbox among its arguments."""
    words = _read(f"/proc/{pid}/cmdline").split(b"\0")
    return os.path.basename(words[0]) == name.encode() and any(
        f"{folder}/".encode() in word for word in words
    )


def _lives_in(pid: int, folder: Path) -> bool:
    """Whether its / is a folder of the sandbox: the process of a container, and nothing else."""
    for line in _read(f"/proc/{pid}/mountinfo").splitlines():
        if line.split(b" ")[4] == b"/":
            return f"{folder}/".encode() in line
    return False


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""  # it ended meanwhile, or belongs to somebody else


def _unmount(folder: Path) -> None:
    """Before deleting: a mount that is still there would have its content deleted."""
    points = [line.split(b" ")[4].decode("unicode_escape") for line in _mounts()]
    for point in sorted((p for p in points if p.startswith(f"{folder}/")), reverse=True):
        _ = _call(["umount", "-l", point], dict(os.environ))


def _mounts() -> list[bytes]:
    return _read("/proc/self/mountinfo").splitlines()


def _delete_rootless(folder: Path, argv: list[str], env: dict[str, str]) -> None:
    """What belongs to other users of the namespace can be deleted only from inside it."""
    storage = [str(path) for path in folder.iterdir() if path.name.startswith(("root", "run"))]
    _ = _call([*argv, "unshare", "rm", "-rf", *storage], env)
    for file in folder.glob("tmp*/**/pause.pid"):
        pid = int(file.read_text())
        if _read(f"/proc/{pid}/comm").startswith((b"catatonit", b"podman")):
            os.kill(pid, SIGKILL)  # it holds the namespace, and nobody needs it any more


def _delete(folder: Path) -> None:
    mounted = f" {folder}/".encode()
    if any(mounted in line for line in _mounts()):
        raise OSError(f"something is still mounted under {folder}")
    shutil.rmtree(folder)


def main() -> None:
    """Wait for the end of stdin, then reap; what fails is said in FOLDER.log, which then stays."""
    folder = Path(sys.argv[1])
    _ = sys.stdin.buffer.read()
    reap(folder)
    Path(f"{folder}.log").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
