#!/bin/bash
# Writes a disk as an installation leaves it, at native speed: boot loader, the state partition with
# one image, user-data. The partitions are there. Run in a mount namespace of its own.
#   install.sh DISK IMAGE USER-DATA BOOT-FILES
# with the offset and size in bytes of each partition in EFI, OEM, RECOVERY, STATE, PERSISTENT.
set -eu
disk=$1 image=$2 user_data=$3 boot=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# format NAME LABEL OFFSET SIZE: makes and mounts a file system. A loop device by offset, because
# partition nodes come late or never; it goes away with the mount.
format() {
	local device
	device=$(losetup --find --show --offset "$3" --sizelimit "$4" "$disk")
	mke2fs -q -F -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -L "$2" "$device"
	mkdir "$work/$1"
	mount "$device" "$work/$1"
	losetup --detach "$device"
}

# shellcheck disable=SC2086 # two words each
{
	format oem COS_OEM $OEM
	format recovery COS_RECOVERY $RECOVERY
	format persistent COS_PERSISTENT $PERSISTENT
	format state COS_STATE $STATE
}
cp "$user_data" "$work/oem/90_custom.yaml"
mkdir "$work/state/cOS" "$work/state/grub2" "$work/image"
mount -o ro,loop "$image" "$work/image"
cp "$work/image/etc/cos/grub.cfg" "$work/state/grub2/grub.cfg"

# The firmware's partition: the loader out of the image, as kairos-agent takes it.
truncate -s "${EFI#* }" "$work/efi.img"
mkfs.vfat -n COS_GRUB "$work/efi.img" >/dev/null
cat >"$work/grub.cfg" <<'END'
search --no-floppy --label --set=root COS_STATE
set prefix=($root)/grub2
configfile ($root)/grub2/grub.cfg
END
mmd -i "$work/efi.img" ::/EFI ::/EFI/boot
mcopy -i "$work/efi.img" "$work/image/usr/share/efi/x86_64/grub.efi" ::/EFI/boot/bootx64.efi
mcopy -i "$work/efi.img" "$work/grub.cfg" ::/EFI/boot/grub.cfg
dd if="$work/efi.img" of="$disk" conv=notrunc,sparse bs=1M oflag=seek_bytes seek="${EFI% *}" status=none
umount "$work/image"

cp "$boot/stylet_boot" "$boot/stylet_env" "$work/state/"
cp --sparse=always "$image" "$work/state/cOS/active.img"
tune2fs -L COS_ACTIVE "$work/state/cOS/active.img" >/dev/null
umount "$work/state" "$work/persistent" "$work/recovery" "$work/oem"
