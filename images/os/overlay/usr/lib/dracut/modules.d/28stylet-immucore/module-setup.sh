#!/bin/bash
# dracut module: immucore mounts the immutable root (active, passive, recovery, live) from the initrd.
# dracut provides the functions and $moddir, $initdir, $SYSTEMCTL, $systemdsystemunitdir.
# shellcheck disable=SC2154

check() {
	require_binaries immucore rsync blkid losetup e2fsck || return 1
	# Only on request: an ordinary machine must not get this by accident.
	return 255
}

depends() {
	echo systemd-initrd rootfs-block fs-lib dm
}

installkernel() {
	# What an image is made of and lies on. Named, because automatic choice follows the build machine.
	instmods loop overlay squashfs isofs ext4 vfat nls_cp437 nls_ascii nls_iso8859-1
	instmods virtio_pci virtio_blk virtio_scsi virtio_net sd_mod sr_mod ahci nvme
	# Watchdogs that guard the boot itself.
	instmods i6300esb iTCO_wdt
}

install() {
	inst_multiple immucore sh rsync blkid lsblk findmnt losetup mount umount mountpoint udevadm \
		e2fsck fsck fsck.ext2 fsck.ext4 tune2fs modprobe sleep \
		cat cp mv rm ln ls mkdir rmdir touch chmod chown grep sed head tail cut tr sync stat readlink
	inst_multiple -o lvm cryptsetup mkfs.ext4 mkfs.ext2 mkfs.vfat sgdisk parted partprobe
	inst_simple /usr/lib/modprobe.d/stylet-watchdog.conf
	# dracut 059 makes these only after sysroot.mount of a live system has failed for want of them.
	printf 'd /run/overlayfs 0755\nd /run/ovlwork 0755\n' >"$initdir/usr/lib/tmpfiles.d/stylet-live.conf"
	inst_simple "$moddir/immucore.service" "$systemdsystemunitdir/immucore.service"
	inst_simple "$moddir/stylet-watchdog.service" "$systemdsystemunitdir/stylet-watchdog.service"
	inst_script "$moddir/generator.sh" /usr/lib/systemd/system-generators/stylet-immucore
	$SYSTEMCTL -q --root "$initdir" add-wants initrd.target immucore.service
	$SYSTEMCTL -q --root "$initdir" add-wants initrd.target stylet-watchdog.service
	dracut_need_initqueue
}
