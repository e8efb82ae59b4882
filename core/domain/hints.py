"""What to do next, where several errors and diagnoses say the same."""

INSTALL = "install podman 4.3 or later (`apt-get install podman`), or put it on PATH"
START_SERVICE = (
    "start it with `systemctl --user start podman.socket` (as root without --user), or "
    "`podman system service --time 0 &`; CONTAINER_HOST=unix:///PATH names another socket"
)
