#!/usr/bin/env bash
# build-root.sh installer|site-os: a finished root file system, all but the stylet binary, as root.tar.zst.
# Prints the folder.
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"
variant=${1:-}
need_root build-root.sh
need zstd
need_go

base=$("$images/build-base.sh")
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
"$images/build-kairos.sh" "$bin"

# overlay TREE: our files and the two Kairos binaries. --keep-directory-symlink: /lib is a link in Debian.
overlay() {
	tar -C "$images/os/overlay" --owner=0 --group=0 -cf - . | tar -C "$1" --keep-directory-symlink -xpf -
	install -m 755 "$bin/kairos-agent" "$bin/immucore" "$1/usr/bin/"
	mkdir -p "$1/var/tmp/os"
	cp "$images"/os/*.sh "$images/os/modules.keep" "$1/var/tmp/os/"
}

build_initrd() {
	unpack "$base/root.tar.zst" "$1/root"
	overlay "$1/root"
	in_root "$1/root" /var/tmp/os/prune-modules.sh
	in_root "$1/root" /var/tmp/os/mkinitrd.sh
	mv "$1/root/boot/initrd" "$1/initrd"
	rm -rf "$1/root"
}

build_kit() {
	local resolv
	unpack "$base/root.tar.zst" "$1/root"
	resolv=$(readlink "$1/root/etc/resolv.conf" || :)
	rm -f "$1/root/etc/resolv.conf" "$1/root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	cp /etc/resolv.conf "$1/root/etc/resolv.conf"
	in_root "$1/root" apt-get update -q
	# Headers of exactly the kernel in the base: drivers are built for what boots.
	# shellcheck disable=SC2046 # one word for each package
	in_root "$1/root" apt-get install -qy --no-install-recommends $(packages "$images/packages/site-os.txt") \
		"linux-headers-$(cat "$base/kernel")" ||
		die "the kit does not install; if the mirror no longer has headers for $(cat "$base/kernel"), set STYLET_IMAGES_REFRESH"
	in_root "$1/root" apt-get clean
	rm -f "$1/root/etc/resolv.conf"
	[ -z "$resolv" ] || ln -s "$resolv" "$1/root/etc/resolv.conf"
	pack "$1/root" "$1/root.tar.zst" 1
	rm -rf "$1/root"
}

build_root() {
	unpack "$from/root.tar.zst" "$1/root"
	overlay "$1/root"
	cp "$initrd/initrd" "$1/root/boot/initrd"
	[ "$variant" != installer ] || in_root "$1/root" /var/tmp/os/prune-modules.sh
	in_root "$1/root" /var/tmp/os/finish.sh "$variant"
	rm -rf "$1/root/var/tmp/os"
	[ -z "$(find "$1/root/oem" "$1/root/usr/local" -mindepth 1)" ] || die "/oem or /usr/local is not empty"
	# Nobody installs packages in the installer; scanners of packages read dpkg's status file, which stays.
	[ "$variant" != installer ] || rm -rf "$1/root/var/lib/dpkg/info" "$1/root/var/cache/debconf"
	du -s --apparent-size --block-size=1M "$1/root" | cut -f1 >"$1/tree-mib"
	cp "$1/root/boot/vmlinuz" "$1/root/boot/initrd" "$1/root/usr/share/efi/x86_64/grub.efi" "$1/"
	pack "$1/root" "$1/root.tar.zst"
	rm -rf "$1/root"
}

# Of the overlay, the initrd takes only these two folders.
stage initrd "$(digest @"$images/build-root.sh" @"$images/os/mkinitrd.sh" @"$images/os/prune-modules.sh" \
	@"$images/os/modules.keep" @"$images/os/overlay/usr/lib/dracut" @"$images/os/overlay/usr/lib/modprobe.d" "$(basename "$base")" @"$bin/immucore")" build_initrd
initrd=$stage_dir

case $variant in
installer) from=$base ;;
site-os)
	stage kit "$(digest @"$images/build-root.sh" @"$images/packages/site-os.txt" "$(basename "$base")")" build_kit
	from=$stage_dir
	;;
*) die "usage: build-root.sh installer|site-os" ;;
esac

stage "$variant" "$(digest @"$images/build-root.sh" @"$images/os" @"$bin/kairos-agent" @"$bin/immucore" \
	"$(basename "$initrd")" "$(basename "$from")")" build_root
echo "$stage_dir"
