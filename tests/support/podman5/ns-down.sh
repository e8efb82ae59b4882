#!/usr/bin/env bash
# ns-down.sh SUITE: end what still runs in the namespaces, and undo what ns-up.sh did.
suite=$1 run=/run/lanekit-podman5
group=$(dirname "$(dirname "$(cat "$run/$suite.cgpath")")")
case $group in
    */lanekit-"$suite")
        find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -9 2>/dev/null
        sleep 0.5
        umount "$run/$suite.mnt" "$run/$suite.cg"
        find "$group" -depth -type d -exec rmdir {} \;
        ;;
esac
rm -f "$run/$suite.mnt" "$run/$suite.cg" "$run/$suite.cgpath"
case $suite in trixie) net=201 ;; sid) net=202 ;; *) net=203 ;; esac
ip link delete "p5br$net" 2>/dev/null
# With the last of them goes the firewall table of the newer netavarks; 4.3.1 has none.
if ! ls $run/*.cgpath >/dev/null 2>&1; then
    nft delete table inet netavark 2>/dev/null
    umount $run 2>/dev/null && rmdir $run
fi
true
