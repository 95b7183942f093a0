#!/bin/sh
# systemd generator of the initrd: sysroot.mount waits for the label that immucore makes with losetup, which on
# slow disks takes longer than systemd's 90 seconds.
dir=${1:-/run/systemd/generator}/sysroot.mount.d
mkdir -p "$dir"
printf '[Unit]\nJobTimeoutSec=300\n[Mount]\nTimeoutSec=300\n' >"$dir/stylet.conf"
