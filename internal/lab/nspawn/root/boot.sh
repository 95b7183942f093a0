#!/bin/sh
# boot.sh SLOT: what the boot loader's kernel and immucore do on a real host, and then the container.
# Runs in a mount namespace of its own: whatever ends it, nothing stays mounted or attached.
# Variables: DIR (disks, lab), LABEL, TRIAL (the kernel argument of a boot in trial, or empty).
set -eu
slot=$1
mount --make-rprivate /
mount -t proc proc /proc # of the PID namespace made for this boot
mount -t tmpfs -o mode=0755 lab "$DIR/run"
cd "$DIR/run"
mkdir state root oem persistent overlay

# A read-only loop device could not be remounted for writing, so it is attached for both, and
# detached at once, which means: as soon as it is not mounted any more.
device=$(losetup --find --show "$DIR/state.img")
mount -o ro "$device" state
losetup --detach "$device"
mount -o loop,ro -t ext2 "state/cOS/$slot.img" root
mount -o loop "$DIR/oem.img" oem
mount -o loop "$DIR/persistent.img" persistent
for dir in etc var srv; do
	mkdir -p "overlay/$dir/upper" "overlay/$dir/work"
	mount -t overlay -o "lowerdir=root/$dir,upperdir=overlay/$dir/upper,workdir=overlay/$dir/work" overlay "root/$dir"
done
echo "BOOT_IMAGE=(loop0)/boot/vmlinuz root=LABEL=$LABEL cos-img/filename=/cOS/$slot.img rd.cos.oemlabel=COS_OEM panic=5 $TRIAL" >"$DIR/lab/cmdline"

# shellcheck disable=SC2086 # NSPAWN_SETENV holds several options, or none
# --keep-unit: a reboot inside ends nspawn (status 133), and the harness decides again what boots.
exec systemd-nspawn --quiet --register=no --keep-unit --console=read-only --kill-signal=SIGRTMIN+3 \
	--directory=root --machine=stylet-lab --hostname=stylet-lab \
	--resolv-conf=off --timezone=off --link-journal=no \
	--bind="$DIR/run/state:/run/initramfs/cos-state" --bind="$DIR/run/oem:/oem" --bind="$DIR/run/persistent:/usr/local" \
	--bind="$DIR/lab:/run/lab" --bind=/dev/loop-control \
	--capability=all --system-call-filter="@mount @raw-io" \
	${NSPAWN_SETENV:-} /bin/sh /run/lab/init "$slot" "$TRIAL"
