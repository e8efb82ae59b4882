"""`python -m tests.support.sandbox.podman_exec OTHERWISE COMMAND..`: run COMMAND with a podman.

The storage of that podman is cleared away at the end, also when this is interrupted or killed.
Where podman is missing or does not work, it says why and runs the Python program OTHERWISE.
Exits as what it ran does.
"""

import signal
import subprocess
import sys
from types import FrameType

from tests.support.sandbox.podman_sandbox import PodmanUnusable, Sandbox, open_sandbox


def main(otherwise: str, command: list[str]) -> int:
    """The exit status of what ran; 128 + N when it died of signal N."""
    try:
        with open_sandbox() as sandbox:
            status = _run_in(sandbox, command)
    except PodmanUnusable as reason:
        _ = sys.stderr.write(f"{reason}\n")
        status = subprocess.run([sys.executable, otherwise], check=False).returncode
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status if status >= 0 else 128 - status


def _run_in(sandbox: Sandbox, command: list[str]) -> int:
    with subprocess.Popen(command, env=sandbox.environ()) as process:

        def pass_on(number: int, _frame: FrameType | None) -> None:
            process.send_signal(number)

        def stay(_number: int, _frame: FrameType | None) -> None:
            """A Ctrl-C reaches the command too: it ends, and then this does."""

        _ = signal.signal(signal.SIGTERM, pass_on)
        _ = signal.signal(signal.SIGINT, stay)
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
