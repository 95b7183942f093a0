#!/usr/bin/env bash
# build-installer.sh --stylet BINARY --out DIR: the released files of the installer, of which `stylet iso build`
# makes a site's ISO:
#   rootfs.squashfs  the live system, and what is installed      kernel, initrd  of the same system
#   efi.img          FAT image with GRUB for UEFI                grub.cfg        the menu of both
#   bios.img         GRUB for a BIOS, by El Torito               mbr.img         the boot sector of a stick
#   SHA256SUMS       of all of them
# BINARY setup --root ROOT puts the agent into the installer's root.
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"

stylet='' out=''
while [ $# -gt 1 ]; do
	case $1 in
	--stylet) stylet=$(realpath "$2") ;;
	--out) mkdir -p "$2" && out=$(realpath "$2") ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
if [ $# -ne 0 ] || [ -z "$stylet" ] || [ -z "$out" ]; then
	die "usage: build-installer.sh --stylet BINARY --out DIR"
fi
need_root build-installer.sh
need mksquashfs mkfs.vfat mcopy zstd
[ -x "$stylet" ] || die "$stylet is not a program"

root=$("$images/build-root.sh" installer)
start=$SECONDS
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
release=$work/release
mkdir "$release"

unpack "$root/root.tar.zst" "$work/root"
"$stylet" setup --root "$work/root" >&2 || die "$stylet setup --root failed"
mksquashfs "$work/root" "$release/rootfs.squashfs" -comp zstd -Xcompression-level 3 -b 256k \
	-noappend -no-progress -quiet >&2
cp "$root/vmlinuz" "$release/kernel"
cp "$root/initrd" "$release/initrd"

# UEFI reads the FAT image. GRUB's prefix /EFI/boot is on the ISO when it starts from a CD and on the FAT image
# when the ISO was written to a stick: the menu is in both.
cp "$images/iso/grub.cfg" "$release/grub.cfg"
truncate -s 4M "$release/efi.img"
mkfs.vfat --invariant -n EFI_LIVE "$release/efi.img" >/dev/null
mmd -i "$release/efi.img" ::/EFI ::/EFI/boot
mcopy -i "$release/efi.img" "$root/grub.efi" ::/EFI/boot/bootx64.efi
mcopy -i "$release/efi.img" "$images/iso/grub.cfg" ::/EFI/boot/grub.cfg

# A BIOS loads bios.img from a CD; on a stick, mbr.img loads it. Both are of the root's GRUB.
in_root "$work/root" grub-mkimage -O i386-pc-eltorito -p /EFI/boot -c /dev/stdin \
	biosdisk part_gpt part_msdos iso9660 normal configfile search search_label \
	linux echo test sleep reboot halt true minicmd ls cat serial terminal all_video \
	<"$images/iso/early.cfg" >"$release/bios.img"
cp "$work/root/usr/lib/grub/i386-pc/boot_hybrid.img" "$release/mbr.img"

(cd "$release" && sha256sum bios.img efi.img grub.cfg initrd kernel mbr.img rootfs.squashfs >SHA256SUMS)
# The sums go first and come last: a mixture of two builds has none.
rm -f "$out/SHA256SUMS"
for file in bios.img efi.img grub.cfg initrd kernel mbr.img rootfs.squashfs SHA256SUMS; do
	mv "$release/$file" "$out/$file"
done

# size NAME BYTES: print, and compare with the budget. All are shown before the first failure ends the script.
over=''
size() {
	local limit
	limit=$(sed -n "s/^$1 //p" "$images/budgets")
	printf '%-9s %5d MiB of %5d\n' "$1" $(($2 / 1048576)) "$limit"
	[ "$2" -le $((limit * 1048576)) ] || over="$over $1"
}
size root "$(du -sb "$work/root" | cut -f1)"
size initrd "$(stat -c %s "$out/initrd")"
size squashfs "$(stat -c %s "$out/rootfs.squashfs")"
size loaders "$(cat "$out/efi.img" "$out/bios.img" "$out/mbr.img" | wc -c)"
size release "$(cd "$out" && cat bios.img efi.img grub.cfg initrd kernel mbr.img rootfs.squashfs SHA256SUMS | wc -c)"
[ -z "$over" ] || die "over the budget in images/budgets:$over"
say "installer: built in $((SECONDS - start)) s, in $out"
