#!/bin/sh
# lanekit at work on the podman that is in PATH: two lanes, made, used, changed, removed.
# Works in a copy of this folder; removes the containers, the image and the copy at its end, also
# when it is interrupted. `make demo` runs it on a podman storage of its own.
set -eu
image=localhost/lanekit-demo:local
copy=$(mktemp -d)
made_image=
made_lanes=

finish() {
    trap '' INT TERM HUP PIPE # a second one must not leave anything behind
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
echo 'a file of the work tree' >worktrees/a/notes.txt

step "An image for the lanes, made of a static busybox (a real fleet has its own)"
podman image exists "$image" || made_image=yes
show ./make-image.sh "$image"

step "Two lanes are made: container, config, start, first answer"
made_lanes=yes
show lanekit ensure

step "Once more: everything is as asked, so nothing is done"
show lanekit ensure

step "The worker of lane a answers on its endpoint"
get "$(lanekit endpoint demo/a)"

step "The agents' config changes. What would ensure do now, and why?"
echo 'model = "demo-2"' >agent/.codex/config.toml
show lanekit plan

step "Made so: the lanes are replaced; the old containers go when the new ones answer"
show lanekit ensure
get "$(lanekit endpoint demo/a)"

step "How things stand"
show lanekit status

step "The end: the containers, the image and the folder of the demo are removed"
