#!/bin/sh
# The first process in the engine's own PID and mount namespaces: it runs dockerd, the registry and
# HAProxy in front of it from the Debian in $1. When it ends the kernel takes every process and
# mount with it.
# $1 root, $2 run directory, $3 machine name of the architecture to emulate
set -u
root=$1 run=$2 foreign=$3
daemon='' registry='' stopping=''
# Which networks are this engine's, only it can say: another engine may have made some meanwhile.
networks() { timeout 5 docker -H "unix://$run/docker.sock" network ls --quiet > "$run/networks"; }
trap 'stopping=yes; [ -z "$daemon" ] || { networks; kill -TERM "$daemon"; }' TERM

# Over the host's /usr, not a chroot: the paths of the host stay valid for bind mounts.
mount -t overlay towpath -o "lowerdir=$root/usr:/usr" /usr || exit 1
PATH=$run/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p "$run/bin"
for family in iptables ip6tables; do
    for kind in nft legacy; do
        "xtables-$kind-multi" "$family" -t nat -S > /dev/null 2>&1 || continue
        for name in "$family" "$family-save" "$family-restore"; do
            ln -sf "/usr/sbin/xtables-$kind-multi" "$run/bin/$name"
        done
        break
    done
done

# What dockerd changes in the host's network, and leaves behind, is put back at the end. What was
# there before is kept for this boot, in case an engine is killed before it can do so.
before=${root%/*}/network-$(cat /proc/sys/kernel/random/boot_id)
bridges() { ip -brief link show type bridge | sed -nE 's/^(docker0|br-[0-9a-f]{12}) .*/\1/p'; }
if [ ! -e "$before/bridges" ]; then
    rm -rf "${root%/*}"/network-* && mkdir "$before"
    cat /proc/sys/net/ipv4/ip_forward > "$before/forwarding"
    iptables -S FORWARD | sed -n 's/^-P FORWARD //p' > "$before/policy"
    bridges > "$before/bridges"
fi

# A handler that was there before is somebody else's and stays as it is; one that a killed engine
# left is ours, and goes with this one.
handler=/proc/sys/fs/binfmt_misc/qemu-$foreign
[ -e /proc/sys/fs/binfmt_misc/register ] ||
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
if [ ! -e "$handler" ]; then
    cat "/usr/lib/binfmt.d/qemu-$foreign.conf" > /proc/sys/fs/binfmt_misc/register &&
        : > "$before/handler"
fi

docker-registry serve "$run/registry.yml" & registry=$!
haproxy -db -f "$run/registry.cfg" & front=$!
dockerd --config-file "$run/daemon.json" & daemon=$!
[ -z "$stopping" ] || kill -TERM "$daemon"
while kill -0 "$daemon" 2> /dev/null; do wait "$daemon"; done
kill -TERM "$front" "$registry" 2> /dev/null
wait "$front" "$registry"

if [ -e "$before/handler" ]; then echo -1 > "$handler"; fi
bridges | grep -vxF -f "$before/bridges" | while read -r bridge; do
    if [ "$bridge" = docker0 ] || grep -qxF "${bridge#br-}" "$run/networks"; then
        ip link delete "$bridge"
    fi
done
if ! grep -q docker0 "$before/bridges"; then
    iptables-save | grep -vE 'DOCKER|docker0|br-[0-9a-f]{12}' |
        sed "s/^:FORWARD [A-Z]*/:FORWARD $(cat "$before/policy")/" | iptables-restore
    cat "$before/forwarding" > /proc/sys/net/ipv4/ip_forward
fi
rm -r "$before"
