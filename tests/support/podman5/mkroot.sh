#!/usr/bin/env bash
# mkroot.sh SUITE ROOT: make ROOT, a Debian tree of that suite with its podman. Root only.
set -euo pipefail
suite=$1 root=$2
# The mirror and the keyring are those of this machine's own Debian.
sources=/etc/apt/sources.list.d/debian.sources
mirror=$(awk '$1 == "URIs:" { print $2; exit }' "$sources")
keyring=$(awk '$1 == "Signed-By:" { print $2; exit }' "$sources")
[ -e "$root/etc/debian_version" ] ||
    debootstrap --variant=minbase --keyring="$keyring" "$suite" "$root" "$mirror"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
# A mirror that is a frozen snapshot has an expired Release file.
inside apt-get -o Acquire::Check-Valid-Until=false update
inside apt-get install -y --no-install-recommends \
    podman runc crun conmon netavark aardvark-dns nftables iptables iproute2 catatonit \
    passt slirp4netns uidmap fuse-overlayfs busybox-static ca-certificates procps
