#!/bin/sh
# init.sh: the container's first process. It ends the initial root's work and becomes systemd.
set -eu
mount --bind /run/lab/cmdline /proc/cmdline
n=0
while [ $n -lt 64 ]; do
	[ -e /dev/loop$n ] || mknod -m 660 /dev/loop$n b 7 $n
	n=$((n + 1))
done
mkdir -p /run/cos /run/systemd/system
: >"/run/cos/${1}_mode"
# Kairos' event at each boot. Its error does not stop the boot; the agent tells it.
echo '{"name":"agent.boot","data":"{\"config\":\"\"}"}' |
	/usr/bin/agent-provider-stylet agent.boot >/run/lab/agent.boot || echo "agent.boot ended with $?" >&2
exec /lib/systemd/systemd
