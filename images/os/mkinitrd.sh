#!/bin/sh
# Runs inside a root: makes /boot/initrd, one for the live system and for all slots of an installed one.
set -eu
kernel=$(ls /lib/modules)
# The list of dracut modules is explicit: dracut's own choice differs from machine to machine. zstd -3 takes
# seconds, and a higher level saves 10 %. Nothing in it needs the network or a message bus: that is left out.
dracut --force --no-hostonly --no-hostonly-cmdline --no-early-microcode --nostrip \
	--filesystems "ext4 vfat squashfs isofs" --compress "zstd -3 -q -T0" \
	-m "bash systemd systemd-initrd dracut-systemd base fs-lib img-lib dm kernel-modules rootfs-block udev-rules usrmount overlayfs dmsquash-live shutdown stylet-immucore" \
	--omit "network ifcfg kernel-network-modules systemd-networkd systemd-sysusers dbus dbus-daemon" \
	--kver "$kernel" /boot/initrd
chmod 644 /boot/initrd
lsinitrd -m /boot/initrd | sed -n '/dracut modules:/,$p'
