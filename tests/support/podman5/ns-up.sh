#!/usr/bin/env bash
# ns-up.sh SUITE ROOT BIND..: a mount and a cgroup namespace in which / is ROOT and each BIND is what
# it is here. Files in /run/lanekit-podman5 keep them. Network, processes and IPC are the machine's.
set -euo pipefail
suite=$1 root=$2
shift 2
run=/run/lanekit-podman5
mkdir -p $run
# Namespace files need a private mount around them.
mountpoint -q $run || { mount --bind $run $run; mount --make-private $run; }
touch "$run/$suite.mnt" "$run/$suite.cg"
# A bridge and addresses of its own: those of the machine's podman are given by that one.
case $suite in trixie) net=201 ;; sid) net=202 ;; *) net=203 ;; esac
mkdir -p "$root/etc/containers/networks"
cat >"$root/etc/containers/networks/podman.json" <<END
{"name": "podman", "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
 "driver": "bridge", "network_interface": "p5br$net", "created": "2026-01-01T00:00:00Z",
 "subnets": [{"subnet": "10.$net.0.0/16", "gateway": "10.$net.0.1"}],
 "ipv6_enabled": false, "internal": false, "dns_enabled": false,
 "ipam_options": {"driver": "host-local"}}
END
# For machines without CAP_SYS_RESOURCE, and for a cgroup2 tree without the controller of pids.
cat >"$root/etc/containers/override.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
pids_limit = 0
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
[ -e "$root/etc/containers/policy.json" ] ||
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$root/etc/containers/policy.json"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
mkdir -p "$tree/lanekit-$suite/host"
echo "$tree/lanekit-$suite/host/cgroup.procs" >"$run/$suite.cgpath"
export root
# `podman system service` of 5.x moves every process of its root cgroup into a new group: without
# the namespace of cgroups, those of the whole machine.
(
    echo "$BASHPID" >"$tree/lanekit-$suite/cgroup.procs"
    # shellcheck disable=SC2016 # expanded inside
    unshare --cgroup="$run/$suite.cg" --mount="$run/$suite.mnt" --propagation private \
        bash -euc '
            mount --bind "$root" "$root" # pivot_root wants a mount
            mount -t proc proc "$root/proc"
            mount -t sysfs sysfs "$root/sys"
            mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
            mount --rbind /dev "$root/dev"
            mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
            mount -t tmpfs -o mode=755 run "$root/run"
            mkdir -p "$root/run/lock" "$root/.old"
            for bind; do
                mkdir -p "$root$bind"
                mount --rbind "$bind" "$root$bind"
            done
            cd "$root"
            pivot_root . .old
            cd /
            /usr/bin/umount -l /.old
        ' bash "$@"
)
