#!/bin/bash
# Makes what kairos-agent's upgrade leaves: the old active image is passive, another one active; and
# writes the boot environment in place. Run in a mount namespace of its own.
#   swap.sh DISK IMAGE ENVIRONMENT
# with the offset and size in bytes of the state partition in STATE.
set -eu
disk=$1 image=$2 environment=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mount -o "loop,offset=${STATE% *},sizelimit=${STATE#* }" "$disk" "$work"
mv "$work/cOS/active.img" "$work/cOS/passive.img"
tune2fs -L COS_PASSIVE "$work/cOS/passive.img" >/dev/null
cp --sparse=always "$image" "$work/cOS/active.img"
tune2fs -L COS_ACTIVE "$work/cOS/active.img" >/dev/null
dd if="$environment" of="$work/stylet_env" conv=notrunc status=none
umount "$work"
