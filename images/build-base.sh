#!/usr/bin/env bash
# Stage "base": the Debian packages that every image has, as root.tar.zst. Prints the folder.
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_root build-base.sh
need mmdebstrap zstd

# The package source is what this machine is set up with: no mirror is named here.
sources=${STYLET_APT_SOURCES:-}
for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
	[ -n "$sources" ] || { [ -s "$file" ] && sources=$file; }
done
[ -n "$sources" ] || die "no apt sources found: set STYLET_APT_SOURCES to a sources file for Debian 12"

build() {
	local out=$1
	# Left out by path: dracut's kernel hook (see no-initrd-hook.sh) and documentation, except copyright files.
	mmdebstrap --variant=minbase --mode=root --format=directory \
		--include="$(packages "$images/packages/base.txt" | paste -sd,)" \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/dracut' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--essential-hook="$images/packages/no-initrd-hook.sh" \
		bookworm "$out/root" "$sources"
	find "$out/root/boot" -name 'vmlinuz-*' -printf '%f\n' | sed 's/vmlinuz-//' >"$out/kernel"
	pack "$out/root" "$out/root.tar.zst" 1
	rm -rf "$out/root"
}

stage base "$(digest @"$images/build-base.sh" @"$images/packages/no-initrd-hook.sh" @"$images/packages/base.txt" @"$sources")" build
echo "$stage_dir"
