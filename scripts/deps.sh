#!/usr/bin/env bash
# Installs the Debian packages of the named sets, when they are missing:
#   scripts/deps.sh go lint
# Root: by apt-get. Not root: by sudo, if it works without asking; otherwise it
# says what to run. Nothing is asked, nothing is upgraded.
set -euo pipefail
. "$(dirname "$0")/env.sh"

packages() {
  case $1 in
    # An old Go, only to fetch the real one (scripts/toolchain.sh).
    bootstrap) echo golang-go ca-certificates ;;
    # The race detector needs a C compiler.
    go) echo git ca-certificates gcc libc6-dev ;;
    lint) echo shellcheck jq ;;
    # Real counterparts of the component tests; dnsmasq is the name server of `stylet check network`'s,
    # in a network namespace that iproute2 makes.
    component)
      echo debian-archive-keyring dnsmasq-base docker-registry qemu-utils qemu-user fdisk e2fsprogs grub-common grub2-common
      echo grub-pc-bin grub-emu dosfstools iproute2 xorriso mmdebstrap jq systemd-container tmux xz-utils zstd
      ;;
    # Images, virtual machines and loop devices of image, smoke, e2e and demo.
    machine)
      echo mmdebstrap debian-archive-keyring tar zstd xz-utils squashfs-tools xorriso mtools dosfstools e2fsprogs
      echo grub-common grub2-common grub-pc-bin grub-efi-amd64-bin gdisk fdisk parted rsync kmod udev dmsetup
      echo qemu-system-x86 qemu-utils ovmf nbdkit swtpm socat util-linux docker-registry
      ;;
    # The peers of the benchmarks.
    bench) echo lshw ;;
    *) die "deps.sh: no set named $1 (bootstrap, go, lint, component, machine, bench)" ;;
  esac
}

missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

wanted=()
for set in "$@"; do
  list=$(packages "$set")
  read -r -d '' -a more <<<"$list" || true # the end of the input is not NUL
  wanted+=("${more[@]}")
done
command -v dpkg-query >/dev/null || { say "not a Debian system: make sure you have: ${wanted[*]}"; exit 0; }
mapfile -t lacking < <(missing "${wanted[@]}" | sort -u)
[ "${#lacking[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
  die "these packages are missing, and I may not install them. Run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${lacking[*]}"
fi
say "installing: ${lacking[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Lock::Timeout: another make of the same machine may be installing too.
apt() { as_root apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$log" 2>&1; }
install() { apt install -y --no-install-recommends "${lacking[@]}"; }
# Lists may be absent or old: then update, once, and try again.
install || { apt update && install; } || { cat "$log" >&2; die "cannot install: ${lacking[*]}"; }
