#!/bin/sh
# finish.sh TREE: what a Kairos image has beside Debian's packages.
set -eu
cd "$1"

# What the boot loader and kairos-agent look for. Nothing boots them here.
mkdir -p boot etc/cos etc/kairos oem system/oem
echo "stand-in for a kernel" >boot/vmlinuz
echo "stand-in for an initrd" >boot/initrd
echo "set kernel_args=\"root=LABEL=\$label panic=5\"" >etc/cos/bootargs.cfg
echo "# no boot loader reads this" >etc/cos/grub.cfg
printf 'KAIROS_ARCH=amd64\nKAIROS_MODEL=generic\nKAIROS_VARIANT=core\n' >etc/kairos-release
printf '#!/bin/sh\nexit 1\n' >usr/bin/grub2-editenv
chmod 755 usr/bin/grub2-editenv
: >etc/machine-id
rm -f etc/fstab var/lib/dbus/machine-id

# The console is the log, and the journal ends with the boot.
mkdir -p usr/lib/systemd/journald.conf.d usr/lib/systemd/system.conf.d usr/lib/systemd/system/stylet-agent.service.d \
	usr/lib/systemd/system/stylet-booted.service.d
printf '[Journal]\nStorage=volatile\nForwardToConsole=yes\nMaxLevelConsole=info\nRateLimitIntervalSec=0\n' \
	>usr/lib/systemd/journald.conf.d/lab.conf
printf '[Manager]\nDefaultTimeoutStopSec=20s\nShowStatus=no\n' >usr/lib/systemd/system.conf.d/lab.conf
# What the harness sets for the agent reaches it, and the agent may write where the harness reads. Its sandbox has a
# /proc of its own, without the command line and the boot ID that init.sh and nspawn laid over the host's.
cat >usr/lib/systemd/system/stylet-agent.service.d/lab.conf <<EOF
[Service]
PassEnvironment=STYLET_KILL_LOG STYLET_KILL_PLAN
ReadWritePaths=-/run/lab
BindReadOnlyPaths=/run/lab/cmdline:/proc/cmdline /run/lab/boot_id:/proc/sys/kernel/random/boot_id
EOF
printf '[Service]\nPassEnvironment=STYLET_KILL_LOG STYLET_KILL_PLAN\n' >usr/lib/systemd/system/stylet-booted.service.d/lab.conf

# A container has no consoles to log in at, and nothing of a package manager runs on an immutable root.
for unit in console-getty.service getty@.service container-getty@.service getty.target serial-getty@.service \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
	systemd-timesyncd.service systemd-networkd.service systemd-resolved.service \
	systemd-update-utmp.service systemd-update-utmp-runlevel.service; do
	ln -sf /dev/null "etc/systemd/system/$unit"
done
ln -sf /usr/lib/systemd/system/multi-user.target etc/systemd/system/default.target
rm -rf var/lib/apt/lists var/cache/apt var/log/* usr/lib/udev/hwdb.d etc/apt/sources.list etc/apt/sources.list.d
mkdir -p usr/local var/log
find usr/local -mindepth 1 -delete
