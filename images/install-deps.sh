#!/usr/bin/env bash
# Installs what the image scripts and QEMU need on a bare Debian 12. Does nothing when all is there.
set -euo pipefail

packages=(
	mmdebstrap debian-archive-keyring tar zstd xz-utils   # root file systems and layers
	squashfs-tools xorriso mtools dosfstools e2fsprogs   # squashfs, ISO, FAT image, ext2 images
	grub-common grub-efi-amd64-bin                       # grub-script-check, modules
	qemu-system-x86 qemu-utils ovmf                      # the test machine
	nbdkit swtpm                                         # power cuts, TPM
	shellcheck socat util-linux ca-certificates
)
missing=()
for package in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || { echo "install-deps.sh: must run as root to install: ${missing[*]}" >&2; exit 1; }

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Another make of the same machine may be installing too.
if ! { apt-get -q update && apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
