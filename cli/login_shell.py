"""What `lanekit shell` runs: in the container, never on the host."""

from typing import Final

# Not exec bash || exec sh: a shell that is no terminal's ends at an exec that fails. Not as a
# login shell: /etc/profile would set another PATH than the one the worker has.
SHELL: Final = ("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh")
