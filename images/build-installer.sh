#!/usr/bin/env bash
# build-installer.sh --stylet BINARY --user-data FILE --out DIR: writes DIR/installer.iso (UEFI).
# BINARY setup --root ROOT puts the agent into the installer's root.
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"

stylet='' user_data='' out=''
while [ $# -gt 1 ]; do
	case $1 in
	--stylet) stylet=$(realpath "$2") ;;
	--user-data) user_data=$(realpath "$2") ;;
	--out) mkdir -p "$2" && out=$(realpath "$2") ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
if [ $# -ne 0 ] || [ -z "$stylet" ] || [ -z "$user_data" ] || [ -z "$out" ]; then
	die "usage: build-installer.sh --stylet BINARY --user-data FILE --out DIR"
fi
need_root build-installer.sh
need mksquashfs xorriso mkfs.vfat mcopy zstd
[ -x "$stylet" ] || die "$stylet is not a program"
head -n 10 "$user_data" | grep -qx '#cloud-config[[:space:]]*' ||
	die "$user_data: Kairos reads only files with the line #cloud-config at the top; add it"

root=$("$images/build-root.sh" installer)
start=$SECONDS
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

unpack "$root/root.tar.zst" "$work/root"
"$stylet" setup --root "$work/root" >&2 || die "$stylet setup --root failed"

mkdir -p "$work/iso/boot" "$work/iso/EFI/boot"
mksquashfs "$work/root" "$work/iso/rootfs.squashfs" -comp zstd -Xcompression-level 3 -b 256k \
	-noappend -no-progress -quiet >&2
cp "$root/vmlinuz" "$work/iso/boot/kernel"
cp "$root/initrd" "$work/iso/boot/initrd"
install -m 644 "$user_data" "$work/iso/user-data.yaml"

# The firmware reads the FAT image. GRUB's prefix /EFI/boot is on the ISO when it starts from a CD and on the FAT
# image when the ISO was written to a stick: the menu is in both.
cp "$images/iso/grub.cfg" "$work/iso/EFI/boot/grub.cfg"
truncate -s 4M "$work/efi.img"
mkfs.vfat -n EFI_LIVE "$work/efi.img" >/dev/null
mmd -i "$work/efi.img" ::/EFI ::/EFI/boot
mcopy -i "$work/efi.img" "$root/grub.efi" ::/EFI/boot/bootx64.efi
mcopy -i "$work/efi.img" "$images/iso/grub.cfg" ::/EFI/boot/grub.cfg

xorriso -report_about SORRY -as mkisofs -V COS_LIVE -r -o "$work/installer.iso" \
	-append_partition 2 0xef "$work/efi.img" -appended_part_as_gpt \
	-e --interval:appended_partition_2:all:: -no-emul-boot "$work/iso"
mv "$work/installer.iso" "$out/installer.iso"

# size NAME BYTES: print, and compare with the budget. All are shown before the first failure ends the script.
over=''
size() {
	local limit
	limit=$(sed -n "s/^$1 //p" "$images/budgets")
	printf '%-9s %5d MiB of %5d\n' "$1" $(($2 / 1048576)) "$limit"
	[ "$2" -le $((limit * 1048576)) ] || over="$over $1"
}
size root "$(du -sb "$work/root" | cut -f1)"
size initrd "$(stat -c %s "$root/initrd")"
size squashfs "$(stat -c %s "$work/iso/rootfs.squashfs")"
size iso "$(stat -c %s "$out/installer.iso")"
[ -z "$over" ] || die "over the budget in images/budgets:$over"
say "installer.iso: built in $((SECONDS - start)) s"
