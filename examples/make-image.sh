#!/bin/sh
# Make the demo's image from a static busybox, with `podman import`; needs no registry.
# usage: make-image.sh [NAME]
set -eu
name=${1:-localhost/lanekit-demo:local}
busybox=$(command -v busybox) || {
    echo "make-image.sh: busybox is not installed -> install a static one (Debian: busybox-static)" >&2
    exit 1
}
root=$(mktemp -d)
finish() {
    trap '' INT TERM HUP PIPE # a second signal must not leave the folder behind
    trap - EXIT
    rm -rf "$root"
    exit "$1"
}
trap 'finish $?' EXIT
trap 'finish 130' INT
trap 'finish 143' TERM HUP PIPE
# mktemp's folder has mode 0700, and the image's / would have it too.
chmod 755 "$root"
mkdir "$root/bin" "$root/etc"
cp "$busybox" "$root/bin/busybox"
for applet in cat chmod echo env false grep head httpd id kill ls mkdir mv nc ps pwd readlink rm \
    sed sh sha256sum sleep stat tail tar test touch tr true wc wget; do
    ln -s busybox "$root/bin/$applet"
done
# podman looks up `--user root` here. There is no /root: copying a config must work without it.
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
tar -C "$root" --owner=0 --group=0 --numeric-owner -c . | podman import --quiet - "$name" >/dev/null
echo "made the image $name"
