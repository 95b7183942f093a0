#!/bin/sh
# init.sh: the container's first process. It ends the initial root's work and becomes systemd.
set -eu
mount --bind /run/lab/cmdline /proc/cmdline
# nspawn makes a new boot ID for each boot, in a file without a name, over which nothing can be mounted.
boot_id=/proc/sys/kernel/random/boot_id
cat $boot_id >/run/lab/boot_id
umount $boot_id
mount --bind /run/lab/boot_id $boot_id
n=0
while [ $n -lt 128 ]; do
	[ -e /dev/loop$n ] || mknod -m 660 /dev/loop$n b 7 $n
	n=$((n + 1))
done
mkdir -p /run/cos /run/systemd/system
: >"/run/cos/${1}_mode"
# Kairos' event at each boot. Its error does not stop the boot; the agent tells it.
echo '{"name":"agent.boot","data":"{\"config\":\"\"}"}' |
	/usr/bin/agent-provider-stylet agent.boot >/run/lab/agent.boot || echo "agent.boot ended with $?" >&2
# In a container systemd takes its own arguments for the kernel's.
exec /lib/systemd/systemd ${2:+"$2"}
