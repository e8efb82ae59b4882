#!/bin/sh
# A demo with the podman in PATH: create two lanes, use them, change their config, remove them.
# Works in a copy of this folder. Removes the containers, the image and the copy at the end, also
# when it is interrupted. `make demo` runs it with a podman storage of its own.
set -eu
image=localhost/lanekit-demo:local
copy=$(mktemp -d)
made_image=
made_lanes=

finish() {
    trap '' INT TERM HUP PIPE # a second signal must not leave anything behind
    trap - EXIT
    cd "$copy"
    [ -z "$made_lanes" ] || lanekit rm --yes >/dev/null || echo "demo: lanekit rm failed" >&2
    [ -z "$made_image" ] || podman rmi --ignore "$image" >/dev/null || echo "demo: podman rmi failed" >&2
    cd / && rm -rf "$copy"
    exit "$1"
}
trap 'finish $?' EXIT
trap 'finish 130' INT
trap 'finish 143' TERM HUP PIPE

step() { printf '\n== %s\n' "$*"; }
show() {
    printf '$ %s\n' "$*"
    "$@"
}
get() {
    if command -v curl >/dev/null 2>&1; then
        show curl -sS "$1"
    else
        show python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode(), end="")' "$1"
    fi
}

cp -R "$(dirname "$0")/." "$copy"
cd "$copy"
mkdir -p worktrees/a worktrees/b
echo 'a file in the worktree' >worktrees/a/notes.txt

step "Make an image for the lanes from a static busybox (a real fleet has its own)"
podman image exists "$image" || made_image=yes
show ./make-image.sh "$image"

step "Create two lanes: container, config, start, first answer"
made_lanes=yes
show lanekit ensure

step "Run it again: the lanes match lanes.toml, so nothing is done"
show lanekit ensure

step "Ask the worker of lane a at its endpoint"
get "$(lanekit endpoint demo/a)"

step "Change the agents' config. What would ensure do now, and why?"
echo 'model = "demo-2"' >agent/.codex/config.toml
show lanekit plan

step "Replace the lanes; each old container is removed when the new one answers"
show lanekit ensure
get "$(lanekit endpoint demo/a)"

step "Show the status"
show lanekit status

step "Remove the containers, the image and the folder of the demo"
