"""A podman of the tests' own: storage, configuration and locks in a temporary folder.

It never sees the user's containers or images. Shared with the user's podman, because podman
keeps them once per host: the bridge of the default network with its list of given addresses
(which podman locks), the firewall's chains, and the cgroup that containers are put under.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sandbox.podman_folder import ClaimedFolder, claim_folder
from tests.support.sandbox.podman_reaper import MARK, RECIPE

DEMO_IMAGE = "localhost/lanekit-demo:local"
LOG_VARIABLE = "LANEKIT_TEST_PODMAN_LOG"
_EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
# tests/support/podman5 gives its podmans a bridge of their own.
_USER_NETWORKS = Path(os.environ.get("LANEKIT_TEST_NETWORKS", "/etc/containers/networks"))

# What the user has set for podman must not leak in.
_FOREIGN = (
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
    "CONTAINERS_CONF",
    "CONTAINERS_CONF_OVERRIDE",
    "CONTAINERS_STORAGE_CONF",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
)
# What podman itself needs to be called again later, by the reaper.
_NEEDED = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
# Locks in files: by default they lie in one segment of shared memory, the user's.
_CONF = """\
[containers]
log_driver = "k8s-file"
{containers}
[engine]
events_logger = "file"
lock_type = "file"
{engine}
"""
_PLAIN = _CONF.format(containers="", engine="")
# For machines without CAP_SYS_RESOURCE or with hybrid cgroups.
_MENDED = _CONF.format(
    containers='default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
    engine='runtime = "runc"',
)
# vfs: for a temporary folder that lies on an overlay itself.
_WAYS = (("", _PLAIN), ("", _MENDED), ("vfs", _PLAIN), ("vfs", _MENDED))

_WRAPPER = """\
#!{python} -IS
import json, os, sys
log = os.environ.pop({log!r}, "")
if log:
    entry = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(entry, (json.dumps(sys.argv[1:]) + "\\n").encode())
    os.close(entry)
for name in {foreign!r}:
    os.environ.pop(name, None)
os.environ.update({settings!r})
os.chdir({folder!r})
os.execv({argv!r}[0], {argv!r} + sys.argv[1:])
"""


class PodmanUnusable(Exception):
    """podman is missing, or no container can be started here; the text says why."""


@dataclass
class Sandbox:
    """`argv` is what stands before podman's verb, `env` its whole environment.

    `bin` is a folder with a program `podman` that does the same, to be put first in PATH; it
    appends its arguments, one JSON list on a line, to the file that $LANEKIT_TEST_PODMAN_LOG
    names.
    """

    folder: Path
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)

    @property
    def bin(self) -> Path:
        """The folder to be put first in PATH."""
        return self.folder / "bin"

    def environ(self, **more: str) -> dict[str, str]:
        """This process's environment, with the sandbox's podman first in PATH.

        What runs with it and still runs when the sandbox is cleared away is ended.
        """
        path = f"{self.bin}:{os.environ.get('PATH', os.defpath)}"
        own = {"PATH": path, MARK: str(self.folder), "TMPDIR": self.env["TMPDIR"]}
        # By its command, for a socket that is there would be the user's.
        own["LANEKIT_ENGINE"] = "cli"
        return {**os.environ, **own, **more}

    def run(self, *args: str) -> str:
        """stdout of `podman ARGS`, stripped; RuntimeError with podman's words when it fails."""
        return _run([*self.argv, *args], self.env, self.folder)

    def remove(self, prefix: str) -> None:
        """Remove all containers whose names begin so."""
        found = self.run("ps", "-a", "-q", "--no-trunc", "--filter", f"name=^{prefix}").split()
        if found:
            _ = self.run("rm", "-f", "-v", "-t", "0", *found)

    @contextmanager
    def service(self) -> Generator[Path]:
        """podman's REST service on a unix socket of the sandbox; it ends with the context."""
        socket = self.folder / "podman.sock"
        process = subprocess.Popen(
            [*self.argv, "system", "service", "--time", "0", f"unix://{socket}"],
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the tests; they end the service
        )
        try:
            _wait(lambda: socket.exists() or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError("podman's service ended at once; its words are above")
            yield socket
        finally:
            process.terminate()
            _wait(lambda: process.poll() is not None)


def read_log(path: Path) -> list[list[str]]:
    """The argument lists of all calls that the wrapper wrote down."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _run(argv: list[str], env: Mapping[str, str], folder: Path) -> str:
    # conmon leaves an empty file "oom" in the folder that podman was started in.
    done = subprocess.run(
        argv,
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}: {done.stderr}")
    return done.stdout.strip()


def _wait(until: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise RuntimeError(f"podman's service: nothing happened in {seconds} seconds")
        time.sleep(0.02)


@contextmanager
def open_sandbox() -> Generator[Sandbox]:
    """A sandbox with the demo image in it, in which a container was seen to start.

    Raises `PodmanUnusable`; RuntimeError when not all of it could be cleared away at the end.
    """
    podman = shutil.which("podman")
    if podman is None:
        raise PodmanUnusable("podman is not installed")
    folder = claim_folder()
    try:
        yield _first_that_works(folder, podman)
    finally:
        folder.release()


def _first_that_works(folder: ClaimedFolder, podman: str) -> Sandbox:
    faults: list[str] = []
    for driver, conf in _WAYS:
        sandbox = _lay_out(folder.path, podman, driver, conf)
        try:
            _ = _run([str(_EXAMPLES / "make-image.sh"), DEMO_IMAGE], sandbox.environ(), folder.path)
            _ = sandbox.run("run", "--rm", "-u", "root", "-p", "127.0.0.1::80", DEMO_IMAGE, "true")
        except RuntimeError as fault:
            faults.append(str(fault))
        else:
            return sandbox
    raise PodmanUnusable("podman is here, but starts no container:\n" + "\n".join(faults))


def _lay_out(folder: Path, podman: str, driver: str, conf: str) -> Sandbox:
    """Write all files of a sandbox; podman fills the rest at its first call."""
    settings = {"CONTAINERS_CONF": str(folder / "containers.conf")}
    _ = (folder / "containers.conf").write_text(conf)
    networks = folder / "networks"
    if not networks.exists():
        # The same default network as the user's, for its bridge is the same one.
        networks.mkdir()
        for file in _USER_NETWORKS.glob("podman.json"):
            _ = shutil.copy(file, networks)
        # netavark deletes the firewall chain of a network that it finds empty. podman's lock keeps
        # two of them apart, but lies beside the networks: all storages of this host share one.
        (networks / "netavark.lock").symlink_to(_shared_network_lock(folder))
    argv = (
        podman,
        f"--root={folder}/root{driver}",
        f"--runroot={folder}/run{driver}",
        f"--tmpdir={folder}/tmp{driver}",
        f"--network-config-dir={networks}",
        *([f"--storage-driver={driver}"] if driver else []),
    )
    inherited = {name: text for name, text in os.environ.items() if name not in _FOREIGN}
    # `podman cp -` leaves what it read in a temporary file.
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    sandbox = Sandbox(folder, argv, inherited | settings | {"TMPDIR": str(scratch)})
    needed = {name: text for name, text in inherited.items() if name in _NEEDED} | settings
    _ = (folder / RECIPE).write_text(json.dumps({"argv": argv, "env": needed}))
    _write_wrapper(sandbox, settings)
    return sandbox


def _shared_network_lock(folder: Path) -> Path:
    """Return the user's own lock if there is one, else one for all sandboxes."""
    own = _USER_NETWORKS / "netavark.lock"
    return own if own.exists() and os.access(own, os.W_OK) else folder.parent / "netavark.lock"


def _write_wrapper(sandbox: Sandbox, settings: Mapping[str, str]) -> None:
    """In Python, for a shell would lose variables with names that are odd to it."""
    sandbox.bin.mkdir(exist_ok=True)
    python = sandbox.bin / "python-of-podman"
    if not python.exists():
        # A link: the line after #! takes neither a blank in a path nor a long one.
        python.symlink_to(Path(sys.executable).resolve())
    wrapper = sandbox.bin / "podman"
    _ = wrapper.write_text(
        _WRAPPER.format(
            python=python,
            log=LOG_VARIABLE,
            foreign=_FOREIGN,
            settings=dict(settings),
            folder=str(sandbox.folder),
            argv=list(sandbox.argv),
        )
    )
    wrapper.chmod(0o755)
