#!/usr/bin/env bash
# build-layers.sh --out DIR: the first two layers of a cluster profile,
#   DIR/os.tar.zst       the site OS, a whole root file system
#   DIR/runtime.tar.zst  containerd and runc, files below /usr only (and /etc/containerd/config.toml)
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"
if [ $# != 2 ] || [ "$1" != --out ]; then die "usage: build-layers.sh --out DIR"; fi
out=$2
need_root build-layers.sh
need apt-get dpkg-deb zstd

installer=$("$images/build-root.sh" installer)
os=$("$images/build-root.sh" site-os)

build_runtime() {
	local layer=$1/layer deb
	mkdir -p "$1/debs" "$layer/usr/lib/systemd/system/multi-user.target.wants" "$layer/etc/containerd"
	# apt's sandbox user cannot write to root's cache.
	# shellcheck disable=SC2046 # one word for each package
	(cd "$1/debs" && apt-get -o APT::Sandbox::User=root download $(packages "$images/runtime/packages.txt"))
	for deb in "$1"/debs/*.deb; do
		basename "$deb" >>"$1/packages"
		dpkg-deb -x "$deb" "$1/unpacked"
	done
	cp -a "$1/unpacked/usr/bin" "$layer/usr/"
	[ ! -d "$1/unpacked/usr/sbin" ] || cp -a "$1/unpacked/usr/sbin" "$layer/usr/"
	# Debian's unit, where a layer's units belong, and enabled without /etc/systemd.
	cp "$1/unpacked/lib/systemd/system/containerd.service" "$layer/usr/lib/systemd/system/"
	ln -s ../containerd.service "$layer/usr/lib/systemd/system/multi-user.target.wants/containerd.service"
	mkdir -p "$layer/usr/lib/modules-load.d" "$layer/usr/lib/sysctl.d" "$layer/usr/lib/tmpfiles.d"
	printf 'overlay\nbr_netfilter\n' >"$layer/usr/lib/modules-load.d/containerd.conf"
	printf 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n' \
		>"$layer/usr/lib/sysctl.d/90-containerd.conf"
	printf 'd /opt/cni/bin 0755 root root -\nd /etc/cni/net.d 0755 root root -\n' >"$layer/usr/lib/tmpfiles.d/containerd.conf"
	install -m 644 "$images/runtime/config.toml" "$layer/etc/containerd/config.toml"

	# It must run in the site OS: with its libraries, and with what the layer brings.
	unpack "$os/root.tar.zst" "$1/try"
	cp -a "$layer/." "$1/try/"
	in_root "$1/try" containerd --version
	in_root "$1/try" ctr --version
	in_root "$1/try" runc --version
	in_root "$1/try" containerd --config /etc/containerd/config.toml config dump >"$1/config-dump"
	grep -q 'SystemdCgroup = true' "$1/config-dump"
	pack "$layer" "$1/runtime.tar.zst"
	rm -rf "$layer" "$1/unpacked" "$1/try" "$1/debs"
}

stage runtime "$(digest @"$images/build-layers.sh" @"$images/runtime" "$(basename "$os")")" build_runtime
mkdir -p "$out"
cp "$os/root.tar.zst" "$out/.os.tar.zst" && mv "$out/.os.tar.zst" "$out/os.tar.zst"
cp "$stage_dir/runtime.tar.zst" "$out/.runtime.tar.zst" && mv "$out/.runtime.tar.zst" "$out/runtime.tar.zst"

small=$(cat "$installer/tree-mib") big=$(cat "$os/tree-mib")
printf 'os        %5d MiB tree, %d MiB packed, %d.%d x the installer (%d MiB)\n' "$big" \
	$(($(stat -c %s "$out/os.tar.zst") / 1048576)) $((big / small)) $((big * 10 / small % 10)) "$small"
printf 'runtime   %5d MiB packed\n' $(($(stat -c %s "$out/runtime.tar.zst") / 1048576))
# The end-to-end test has to show that partitions are not sized after the installer.
[ $((big * 10)) -ge $((small * 32)) ] || die "the site OS must be at least 3.2 x the installer"
