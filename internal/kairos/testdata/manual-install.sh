#!/bin/bash
# Plays `kairos-agent manual-install` (v2.31.4) on a real block device: the partitions, labels and
# files that it leaves, and its lines of progress. Settings come from the wrapper that a test writes:
# IMAGE (what to install), FAULT (what to get wrong; cut:STEP dies when that step has begun, half-way
# through what it writes).
set -euo pipefail
step=
say() {
  step=$1
  [ -z "${KAIROS_AGENT_PROGRESS:-}" ] || echo "{\"event\":\"step\",\"step\":\"$1\"}"
}
half() { [ "${FAULT:-}" != "cut:$step" ] || kill -KILL $$; }

[ "$1" = manual-install ] && [ "$2" = --device ] && [ $# = 4 ]
device=$(readlink -f "$3") config=$4
firmware=$(sed -n 's/^ *firmware: //p' "$config")
size() { sed -n "/^ *$1:/,/size:/s/^ *size: //p" "$config"; }
grep -q '^#cloud-config' "$config"
grep -q 'reboot: false' "$config"
echo "not a line of progress"
if [ "${FAULT:-}" = fails ]; then
  echo '{"event":"error","message":"the disk is on fire"}'
  exit 1
fi

say partition
wipefs -qa "$device"
if [ "$firmware" = bios ]; then
  first='size=1MiB, name=bios, type=21686148-6449-6E6F-744E-656564454649'
else
  first="size=$(size efi)MiB, name=efi, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
fi
sfdisk -q --wipe always --wipe-partitions always "$device" <<TABLE
label: gpt
$first
size=$(size oem)MiB, name=oem
size=$(size recovery)MiB, name=recovery
size=$(size state)MiB, name=state
name=persistent
TABLE
partx -u "$device" >/dev/null
[ "${FAULT:-}" != cut:table ] || kill -KILL $$
[ "$firmware" = bios ] || [ "${FAULT:-}" = no-loader ] || mkfs.vfat -n COS_GRUB "${device}p1" >/dev/null
for part in 2:COS_OEM 3:COS_RECOVERY 4:COS_STATE 5:COS_PERSISTENT; do
  [ "${FAULT:-}:${part#*:}" = no-recovery:COS_RECOVERY ] || mke2fs -q -F -t ext4 -L "${part#*:}" "${device}p${part%%:*}"
  [ "${part#*:}" != COS_STATE ] || half
done
say before-install
half

dir=$(mktemp -d)
on() { # on PARTITION: mount it on $dir
  mount "${device}p$1" "$dir"
}
say active
on 4
mkdir -p "$dir/cOS"
cp "$IMAGE" "$dir/cOS/active.img"
half
tune2fs -L COS_ACTIVE "$dir/cOS/active.img" >/dev/null
say bootloader
half
if [ "$firmware" = bios ] && [ "${FAULT:-}" != no-loader ]; then
  # What kairos-agent calls; the drive is GRUB's first (no other one is looked at).
  grub-install --target=i386-pc --boot-directory="$dir" "$device" >/dev/null 2>&1
  echo "# grub" >"$dir/grub/grub.cfg"
else
  mkdir -p "$dir/grub2"
  echo "# grub" >"$dir/grub2/grub.cfg"
fi
umount "$dir"
say recovery
if [ "${FAULT:-}" != no-recovery ]; then
  on 3
  mkdir "$dir/cOS"
  half
  cp "$IMAGE" "$dir/cOS/recovery.img"
  umount "$dir"
fi
say passive
on 4
if [ "${FAULT:-}" != no-passive ]; then
  cp "$IMAGE" "$dir/cOS/passive.img"
  half
  tune2fs -L COS_PASSIVE "$dir/cOS/passive.img" >/dev/null
fi
umount "$dir"
on 2
if [ "${FAULT:-}" = no-room-for-user-data ]; then
  mkdir -p "$dir/90_custom.yaml/in-the-way"
else
  cp "$config" "$dir/90_custom.yaml"
fi
umount "$dir"
on 5
mkdir -p "$dir/.state/var-log.bind"
echo "installing" >"$dir/.state/var-log.bind/kairos.log"
say after-install
half
echo "first-install: {}" >"$dir/.kairos-state"
umount "$dir"
rmdir "$dir"
say "done"
